// Payload indexes read from JSON. Their JSON form is the value itself, so writing them needs no code.
//
// Reading is strict: a member that is unknown or of another type is refused, since a text index that one replica reads
// otherwise than another would make their filters differ.

import { JsonError, type JsonObject, type JsonValue } from './json.ts';
import { ownValue } from './json-path.ts';
import { isJsonObject } from './payload-codec.ts';
import type { FieldIndex, PayloadSchema, Tokenizer } from './payload-schema.ts';

type IndexOptions = NonNullable<FieldIndex['options']>;

const TOKENIZERS: readonly Tokenizer[] = ['word', 'whitespace', 'prefix', 'multilingual', 'code'];

const OF_ALL: readonly string[] = ['type', 'nested', 'options'];
const MEMBERS: Readonly<Record<FieldIndex['type'], readonly string[]>> = {
  keyword: ['prefix'],
  integer: ['lookup', 'range'],
  float: [],
  geo: [],
  bool: [],
  datetime: [],
  uuid: [],
  text: [
    'tokenizer',
    'minTokenLength',
    'maxTokenLength',
    'lowercase',
    'asciiFolding',
    'phraseMatching',
    'stopwords',
    'stemmer',
    'scoring',
  ],
};

/** Throws a JsonError. */
export function fieldIndexFromJson(value: JsonValue): FieldIndex {
  const json = asObject(value);
  const type = indexType(json.type);
  for (const member of Object.keys(json)) {
    if (!OF_ALL.includes(member) && !MEMBERS[type].includes(member)) {
      throw new JsonError(`unknown member of a ${type} index: ${member}`);
    }
  }
  const options = json.options === undefined ? {} : { options: asOptions(json.options) };
  const nested = json.nested === undefined ? {} : { nested: asText(json.nested) };
  return { ...bareIndex(type, json), ...nested, ...options };
}

/** Throws a JsonError. */
export function payloadSchemaFromJson(value: JsonValue): PayloadSchema {
  const entries = Object.entries(asObject(value));
  return Object.fromEntries(entries.map(([field, index]) => [field, fieldIndexFromJson(index)]));
}

function bareIndex(type: FieldIndex['type'], json: JsonObject): FieldIndex {
  switch (type) {
    case 'keyword':
      return json.prefix === undefined ? { type } : { type, prefix: asBoolean(json.prefix) };
    case 'integer':
      return { type, lookup: asBoolean(json.lookup), range: asBoolean(json.range) };
    case 'text':
      return {
        type,
        tokenizer: asTokenizer(json.tokenizer),
        ...(json.minTokenLength !== undefined && { minTokenLength: asCount(json.minTokenLength) }),
        ...(json.maxTokenLength !== undefined && { maxTokenLength: asCount(json.maxTokenLength) }),
        lowercase: asBoolean(json.lowercase),
        asciiFolding: asBoolean(json.asciiFolding),
        phraseMatching: asBoolean(json.phraseMatching),
        stopwords: asTexts(json.stopwords),
        ...(json.stemmer !== undefined && { stemmer: asText(json.stemmer) }),
        ...(json.scoring !== undefined && { scoring: asScoring(json.scoring) }),
      };
    default:
      return { type };
  }
}

function indexType(value: JsonValue | undefined): FieldIndex['type'] {
  switch (value) {
    case 'keyword':
    case 'integer':
    case 'float':
    case 'geo':
    case 'bool':
    case 'datetime':
    case 'uuid':
    case 'text':
      return value;
    default:
      throw new JsonError(`unknown type of a payload index: ${String(value).slice(0, 32)}`);
  }
}

function asOptions(value: JsonValue): IndexOptions {
  const json = asObject(value);
  return Object.fromEntries(
    Object.keys(json).map((name) => [name, asOption(ownValue(json, name))] as const),
  );
}

function asOption(value: JsonValue | undefined): string | number | boolean {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return value;
  }
  throw new JsonError('not an option of a payload index');
}

function asTokenizer(value: JsonValue | undefined): Tokenizer {
  const tokenizer = TOKENIZERS.find((name) => name === value);
  if (tokenizer === undefined) throw new JsonError('not a tokenizer');
  return tokenizer;
}

function asScoring(value: JsonValue): 'bm25' {
  if (value === 'bm25') return value;
  throw new JsonError('not a scoring');
}

function asTexts(value: JsonValue | undefined): string[] {
  if (!Array.isArray(value)) throw new JsonError('not a list of texts');
  return value.map(asText);
}

function asText(value: JsonValue): string {
  if (typeof value !== 'string') throw new JsonError('not a text');
  return value;
}

function asBoolean(value: JsonValue | undefined): boolean {
  if (typeof value !== 'boolean') throw new JsonError('not a boolean');
  return value;
}

function asCount(value: JsonValue): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new JsonError('not a count');
  }
  return value;
}

function asObject(value: JsonValue): JsonObject {
  if (!isJsonObject(value)) throw new JsonError('not an object');
  return value;
}
