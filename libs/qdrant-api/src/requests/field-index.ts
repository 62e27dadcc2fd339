// PUT /collections/{name}/index: the kind of a payload index, as a name or as an object of parameters.

import type { FieldIndex, JsonObject, JsonValue, Tokenizer } from '@tributary/model';
import {
  canonicalJsonPath,
  elementsPath,
  parseJsonPath,
  STEMMER_LANGUAGES,
} from '@tributary/model';
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
  shown,
  wrongType,
} from './json-reader.ts';
import {
  STOPWORD_LANGUAGES,
  STOPWORD_LANGUAGES_OPTION,
  stopwordsAsked,
  stopwordsOf,
} from './stopwords.ts';

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
const TOKENIZERS: readonly Tokenizer[] = ['prefix', 'whitespace', 'word', 'multilingual', 'code'];
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
  const index = readFieldIndex(schema, 'field_schema');
  const nested = isObject(schema)
    ? optional(schema, 'nested', 'field_schema', readPath)
    : undefined;
  return {
    field,
    index: nested === undefined ? index : { ...index, nested: arrayOf(field, nested) },
  };
}

/** The path of the array without the brackets of its elements; refused where the field does not lie in them. */
function arrayOf(field: string, nested: string): string {
  const where = 'field_schema.nested';
  const array = nested.endsWith('[]') ? nested.slice(0, -2) : nested;
  if (parseJsonPath(array).some(({ kind }) => kind !== 'key')) {
    const rule = 'must be the path of one array, as in `offers`, without others on the way';
    throw validationError(where, `${shown(nested)} ${rule}`);
  }
  if (field.startsWith(`${elementsPath(array)}.`)) return array;
  const rule = `the field ${shown(field)} must lie in its elements, as in \`${array}[].price\``;
  throw validationError(where, rule);
}

/** The field in the path of a request, as its canonical text. */
export function parseFieldName(text: string): string {
  try {
    return canonicalJsonPath(text);
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
  if (Object.keys(options).length === 0) return index;
  return { ...index, options: { ...index.options, ...options } };
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
  const stopwords = optional(object, 'stopwords', path, readStopwords);
  const languages = stopwords?.languages.join(',') ?? '';
  return present<FieldIndex & { type: 'text' }>({
    type: 'text',
    tokenizer: optional(object, 'tokenizer', path, readTokenizer) ?? 'word',
    minTokenLength,
    maxTokenLength,
    lowercase: flag('lowercase') ?? true,
    asciiFolding: flag('ascii_folding') ?? false,
    phraseMatching: flag('phrase_matching') ?? false,
    stopwords: stopwords?.words ?? [],
    stemmer: optional(object, 'stemmer', path, readStemmer),
    scoring: optional(object, 'scoring', path, readScoring),
    options: languages === '' ? undefined : { [STOPWORD_LANGUAGES_OPTION]: languages },
  });
}

export function readTokenizer(value: JsonValue, path: string): Tokenizer {
  const tokenizer = TOKENIZERS.find((known) => known === value);
  if (tokenizer !== undefined) return tokenizer;
  throw wrongType(path, value, `one of ${TOKENIZERS.join(', ')}`);
}

/** `true` for the defaults, `false` for none, or {type}. */
function readScoring(value: JsonValue, path: string): 'bm25' | undefined {
  if (value === false) return undefined;
  if (value === true) return 'bm25';
  const { type } = readObject(value, path);
  if (type === 'bm25') return type;
  throw wrongType(at(path, 'type'), type, '`bm25`');
}

export function readStemmer(value: JsonValue, path: string): string | undefined {
  const object = readObject(value, path);
  if (object.type === 'none') return undefined;
  if (object.type !== 'snowball')
    throw wrongType(at(path, 'type'), object.type, '`snowball` or `none`');
  const language = readString(object.language, at(path, 'language'));
  if (STEMMER_LANGUAGES.includes(language)) return language;
  throw wrongType(at(path, 'language'), language, `one of ${STEMMER_LANGUAGES.join(', ')}`);
}

interface Stopwords {
  readonly words: readonly string[];
  readonly languages: readonly string[];
}

/** A language, or {languages, custom}. */
export function readStopwords(value: JsonValue, path: string): Stopwords {
  const object: JsonObject =
    typeof value === 'string' ? { languages: [value] } : readObject(value, path);
  const languages = [...new Set(optional(object, 'languages', path, readStrings) ?? [])];
  const custom = optional(object, 'custom', path, readStrings) ?? [];
  const listed = languages.flatMap((language) => {
    const words = stopwordsOf(language);
    if (words !== undefined) return words;
    throw wrongType(path, language, `one of ${STOPWORD_LANGUAGES.join(', ')}`);
  });
  const words = [...new Set([...listed, ...custom])];
  return { words, languages };
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
  const { [STOPWORD_LANGUAGES_OPTION]: _told, ...others } = index.options ?? {};
  const options = { ...(index.nested !== undefined && { nested: index.nested }), ...others };
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
        stopwords: index.stopwords.length === 0 ? undefined : stopwordsJson(index),
        stemmer:
          index.stemmer === undefined ? undefined : { type: 'snowball', language: index.stemmer },
        scoring: index.scoring === undefined ? undefined : { type: index.scoring },
        ...options,
      });
    default:
      return { type: index.type, ...options };
  }
}

function stopwordsJson(index: FieldIndex & { type: 'text' }): JsonValue {
  const { languages, custom } = stopwordsAsked(index);
  return { languages: [...languages], custom: [...custom] };
}
