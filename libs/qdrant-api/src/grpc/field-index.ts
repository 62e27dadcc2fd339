// Payload indexes between protobuf and the model. What asks for one is turned into the REST body first, as everything
// about collections is: one place knows the defaults and the bounds.

import type { FieldIndex, JsonObject, JsonValue, PayloadSchema, TextIndex } from '@tributary/model';
import {
  type PayloadIndexParams,
  type PayloadSchemaInfo,
  PayloadSchemaType,
  type TextIndexParams,
  TextScoringType,
  TokenizerType,
} from '../gen/collections.ts';
import {
  type CreateFieldIndexCollection,
  type DeleteFieldIndexCollection,
  FieldType,
} from '../gen/points.ts';
import {
  type FieldIndexRequest,
  parseCreateFieldIndex,
  parseFieldName,
} from '../requests/field-index.ts';
import { present } from '../requests/json-reader.ts';
import { stopwordsAsked } from '../requests/stopwords.ts';
import { memoryOf, scalarsBody } from './scalars.ts';

const TYPES: Readonly<Record<number, FieldIndex['type']>> = {
  [FieldType.FieldTypeKeyword]: 'keyword',
  [FieldType.FieldTypeInteger]: 'integer',
  [FieldType.FieldTypeFloat]: 'float',
  [FieldType.FieldTypeGeo]: 'geo',
  [FieldType.FieldTypeText]: 'text',
  [FieldType.FieldTypeBool]: 'bool',
  [FieldType.FieldTypeDatetime]: 'datetime',
  [FieldType.FieldTypeUuid]: 'uuid',
};

const SCHEMA_TYPES: Readonly<Record<FieldIndex['type'], PayloadSchemaType>> = {
  keyword: PayloadSchemaType.Keyword,
  integer: PayloadSchemaType.Integer,
  float: PayloadSchemaType.Float,
  geo: PayloadSchemaType.Geo,
  text: PayloadSchemaType.Text,
  bool: PayloadSchemaType.Bool,
  datetime: PayloadSchemaType.Datetime,
  uuid: PayloadSchemaType.Uuid,
};

const TOKENIZERS = {
  prefix: TokenizerType.Prefix,
  whitespace: TokenizerType.Whitespace,
  word: TokenizerType.Word,
  multilingual: TokenizerType.Multilingual,
  code: TokenizerType.Code,
} as const;

/** Without parameters the field type decides, and keyword where there is neither. */
export function createFieldIndexOf(message: CreateFieldIndexCollection): FieldIndexRequest {
  const { fieldName, fieldType = FieldType.FieldTypeKeyword, fieldIndexParams } = message;
  const schema = fieldIndexParams && paramsBody(fieldIndexParams);
  return parseCreateFieldIndex({
    field_name: fieldName,
    field_schema: schema ?? TYPES[fieldType] ?? null,
  });
}

/** The path of the field. */
export function deleteFieldIndexOf({ fieldName }: DeleteFieldIndexCollection): string {
  return parseFieldName(fieldName);
}

function paramsBody(message: PayloadIndexParams): JsonObject | undefined {
  const { textIndexParams, keywordIndexParams } = message;
  if (textIndexParams !== undefined) return textBody(textIndexParams);
  if (keywordIndexParams !== undefined) {
    const prefix = keywordIndexParams.prefix !== undefined;
    return { ...settingsBody(keywordIndexParams), type: 'keyword', ...(prefix && { prefix }) };
  }
  const params: readonly (readonly [
    FieldIndex['type'],
    { nested?: string | undefined } | undefined,
  ])[] = [
    ['integer', message.integerIndexParams],
    ['float', message.floatIndexParams],
    ['geo', message.geoIndexParams],
    ['bool', message.boolIndexParams],
    ['datetime', message.datetimeIndexParams],
    ['uuid', message.uuidIndexParams],
  ];
  const given = params.find(([, settings]) => settings !== undefined);
  return given && { type: given[0], ...settingsBody(given[1] ?? {}) };
}

function settingsBody(message: { readonly nested?: string | undefined }): JsonObject {
  const { nested } = message;
  return { ...scalarsBody(message), ...(nested !== undefined && { nested }) };
}

function textBody(message: TextIndexParams): JsonObject {
  const { tokenizer, stopwords, stemmer, scoring } = message;
  return present<JsonObject>({
    ...settingsBody(message),
    type: 'text',
    tokenizer: tokenizerName(tokenizer),
    stopwords: stopwords && { languages: stopwords.languages, custom: stopwords.custom },
    stemmer: stemmer?.snowball && { type: 'snowball', language: stemmer.snowball.language },
    scoring: scoring && { type: scoring.type === TextScoringType.Bm25 ? 'bm25' : scoring.type },
  });
}

function tokenizerName(tokenizer: TokenizerType): JsonValue | undefined {
  if (tokenizer === TokenizerType.Unknown) return undefined;
  return Object.entries(TOKENIZERS).find(([, number]) => number === tokenizer)?.[0] ?? tokenizer;
}

/** `points` says how many points have a value in the index. */
export function payloadSchemaMessage(
  schema: PayloadSchema,
  points: Readonly<Record<string, number>>,
): Map<string, PayloadSchemaInfo> {
  const entries = Object.entries(schema).map(([field, index]) => {
    const count = Object.hasOwn(points, field) ? points[field] : undefined;
    const info = {
      dataType: SCHEMA_TYPES[index.type],
      params: paramsMessage(index),
      points: count === undefined ? undefined : BigInt(count),
    };
    return [field, info] as const;
  });
  return new Map(entries);
}

function paramsMessage(index: FieldIndex): PayloadIndexParams {
  const { options = {} } = index;
  const flag = (name: string) => {
    const value = Object.hasOwn(options, name) ? options[name] : undefined;
    return typeof value === 'boolean' ? value : undefined;
  };
  const settings = {
    onDisk: flag('on_disk'),
    enableHnsw: flag('enable_hnsw'),
    isTenant: flag('is_tenant'),
    isPrincipal: flag('is_principal'),
    memory: memoryOf(options.memory),
    nested: index.nested,
  };
  switch (index.type) {
    case 'keyword':
      return { keywordIndexParams: { ...settings, prefix: index.prefix ? {} : undefined } };
    case 'integer':
      return { integerIndexParams: { ...settings, lookup: index.lookup, range: index.range } };
    case 'float':
      return { floatIndexParams: settings };
    case 'geo':
      return { geoIndexParams: settings };
    case 'bool':
      return { boolIndexParams: settings };
    case 'datetime':
      return { datetimeIndexParams: settings };
    case 'uuid':
      return { uuidIndexParams: settings };
    case 'text':
      return { textIndexParams: { ...settings, ...textMessage(index) } };
  }
}

function textMessage(index: TextIndex): TextIndexParams {
  const { minTokenLength, maxTokenLength, stopwords, stemmer } = index;
  return {
    tokenizer: TOKENIZERS[index.tokenizer],
    lowercase: index.lowercase,
    asciiFolding: index.asciiFolding,
    phraseMatching: index.phraseMatching,
    minTokenLen: minTokenLength === undefined ? undefined : BigInt(minTokenLength),
    maxTokenLen: maxTokenLength === undefined ? undefined : BigInt(maxTokenLength),
    stopwords: stopwords.length === 0 ? undefined : stopwordsMessage(index),
    stemmer: stemmer === undefined ? undefined : { snowball: { language: stemmer } },
    scoring: index.scoring === undefined ? undefined : { type: TextScoringType.Bm25 },
  };
}

function stopwordsMessage(index: FieldIndex & { type: 'text' }) {
  const { languages, custom } = stopwordsAsked(index);
  return { languages: [...languages], custom: [...custom] };
}
