// PUT /collections/{name}/index: the kind of a payload index, as a name or as an object of parameters.

import type { FieldIndex, JsonObject, JsonValue, Tokenizer } from '@tributary/model';
import { parseJsonPath, STEMMER_LANGUAGES } from '@tributary/model';
import { formatError, validationError } from '../errors.ts';
import {
  at,
  isObject,
  optional,
  present,
  readBoolean,
  readObject,
  readPath,
  readString,
  readStrings,
  readUnsigned,
  wrongType,
} from './json-reader.ts';

const TYPES: readonly FieldIndex['type'][] = [
  'keyword',
  'integer',
  'float',
  'geo',
  'text',
  'bool',
  'datetime',
  'uuid',
];
const TOKENIZERS: readonly Tokenizer[] = ['prefix', 'whitespace', 'word', 'multilingual'];
const FLAGS = ['is_tenant', 'is_principal', 'on_disk', 'enable_hnsw'];
const MEMORY = ['cold', 'cached', 'pinned'];

export interface FieldIndexRequest {
  readonly field: string;
  readonly index: FieldIndex;
}

export function parseCreateFieldIndex(body: JsonValue | undefined): FieldIndexRequest {
  const object = readObject(body, '');
  const field = readPath(object.field_name, 'field_name');
  const schema = object.field_schema ?? object.field_type;
  if (schema === undefined || schema === null) {
    throw formatError('field_schema: expected the kind of index');
  }
  return { field, index: readFieldIndex(schema, 'field_schema') };
}

/** The field in the path of a request. */
export function parseFieldName(text: string): string {
  try {
    parseJsonPath(text);
    return text;
  } catch {
    throw formatError(`field_name: ${JSON.stringify(text.slice(0, 100))} is not a JSON path`);
  }
}

function readFieldIndex(value: JsonValue, path: string): FieldIndex {
  const object: JsonObject = isObject(value) ? value : { type: value };
  const where = isObject(value) ? at(path, 'type') : path;
  const type = TYPES.find((known) => known === object.type);
  if (type === undefined) throw wrongType(where, object.type, `one of ${TYPES.join(', ')}`);
  const options = readOptions(object, path);
  const index = readKind(type, object, path);
  return Object.keys(options).length === 0 ? index : { ...index, options };
}

function readKind(type: FieldIndex['type'], object: JsonObject, path: string): FieldIndex {
  const flag = (key: string) => optional(object, key, path, readBoolean);
  switch (type) {
    case 'keyword':
      return present<FieldIndex & { type: 'keyword' }>({ type, prefix: flag('prefix') });
    case 'integer': {
      const [lookup, range] = [flag('lookup') ?? true, flag('range') ?? true];
      if (lookup || range) return { type, lookup, range };
      throw validationError(path, 'the index must have at least one of lookup and range');
    }
    case 'text':
      return readTextIndex(object, path);
    default:
      return { type };
  }
}

function readTextIndex(object: JsonObject, path: string): FieldIndex {
  const minTokenLength = optional(object, 'min_token_len', path, readUnsigned);
  const maxTokenLength = optional(object, 'max_token_len', path, readUnsigned);
  if ((minTokenLength ?? 0) > (maxTokenLength ?? Infinity)) {
    throw validationError(at(path, 'min_token_len'), 'must not be larger than max_token_len');
  }
  const flag = (key: string) => optional(object, key, path, readBoolean);
  return present<FieldIndex & { type: 'text' }>({
    type: 'text',
    tokenizer: optional(object, 'tokenizer', path, readTokenizer) ?? 'word',
    minTokenLength,
    maxTokenLength,
    lowercase: flag('lowercase') ?? true,
    asciiFolding: flag('ascii_folding') ?? false,
    phraseMatching: flag('phrase_matching') ?? false,
    stopwords: optional(object, 'stopwords', path, readStopwords) ?? [],
    stemmer: optional(object, 'stemmer', path, readStemmer),
  });
}

function readTokenizer(value: JsonValue, path: string): Tokenizer {
  const tokenizer = TOKENIZERS.find((known) => known === value);
  if (tokenizer !== undefined) return tokenizer;
  throw wrongType(path, value, `one of ${TOKENIZERS.join(', ')}`);
}

function readStemmer(value: JsonValue, path: string): string {
  const object = readObject(value, path);
  if (object.type !== 'snowball') throw wrongType(at(path, 'type'), object.type, '`snowball`');
  const language = readString(object.language, at(path, 'language'));
  if (STEMMER_LANGUAGES.includes(language)) return language;
  throw wrongType(at(path, 'language'), language, `one of ${STEMMER_LANGUAGES.join(', ')}`);
}

/** A language, or {languages, custom}. */
function readStopwords(value: JsonValue, path: string): string[] {
  if (typeof value === 'string') throw languageOf(path);
  const object = readObject(value, path);
  const languages = optional(object, 'languages', path, readStrings) ?? [];
  if (languages.length > 0) throw languageOf(at(path, 'languages'));
  const words = optional(object, 'custom', path, readStrings) ?? [];
  return [...new Set(words.map((word) => word.toLowerCase()))];
}

/** A list of words belongs to a version of a library; the log must mean the same for ever, so it has the words. */
function languageOf(path: string): Error {
  return formatError(`${path}: lists of a language are not known, give the words in \`custom\``);
}

function readOptions(object: JsonObject, path: string): Record<string, string | number | boolean> {
  const options: Record<string, string | number | boolean> = {};
  for (const flag of FLAGS) {
    const value = optional(object, flag, path, readBoolean);
    if (value !== undefined) options[flag] = value;
  }
  const memory = optional(object, 'memory', path, readString);
  if (memory === undefined) return options;
  if (!MEMORY.includes(memory)) {
    throw wrongType(at(path, 'memory'), memory, `one of ${MEMORY.join(', ')}`);
  }
  return { ...options, memory };
}

/** Parameters as a client is shown them. */
export function fieldIndexJson(index: FieldIndex): JsonObject {
  const { options = {} } = index;
  switch (index.type) {
    case 'keyword':
      return present<JsonObject>({ type: index.type, prefix: index.prefix, ...options });
    case 'integer':
      return { type: index.type, lookup: index.lookup, range: index.range, ...options };
    case 'text':
      return present<JsonObject>({
        type: index.type,
        tokenizer: index.tokenizer,
        min_token_len: index.minTokenLength,
        max_token_len: index.maxTokenLength,
        lowercase: index.lowercase,
        ascii_folding: index.asciiFolding,
        phrase_matching: index.phraseMatching,
        stopwords: index.stopwords.length === 0 ? undefined : { custom: index.stopwords },
        stemmer:
          index.stemmer === undefined ? undefined : { type: 'snowball', language: index.stemmer },
        ...options,
      });
    default:
      return { type: index.type, ...options };
  }
}
