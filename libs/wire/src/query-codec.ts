// The bytes of a search within a call: what is scored, how, and what of the points comes back. The nearest points to
// one dense vector are the hot case: the vector is raw float32 in a field of its own, and what has its default is left
// out.

import type { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import {
  type ContextPair,
  type Filter,
  ID_ONLY,
  isDense,
  type PayloadSelector,
  type Projection,
  type Scoring,
  type SearchParams,
  type SearchQuery,
  type TextScoring,
  type VectorSelector,
  type VectorValue,
} from '@tributary/model';
import {
  assertEnded,
  corrupt,
  lengthTag,
  messageEnd,
  readText,
  skipField,
  varintTag,
  writeText,
} from './field.ts';
import { filterFromBytes, filterToBytes } from './json-field.ts';
import { readVector, vectorFromBytes, vectorToBytes, writeVector } from './point-codec.ts';
import type { ReadFilters, SharedFilters } from './shared-filters.ts';

const PAYLOAD_KINDS = ['none', 'all', 'include', 'exclude', 'values'] as const;
const VECTOR_KINDS = ['none', 'all', 'names'] as const;
const SCORING_KINDS = [
  'nearest',
  'bestScore',
  'sumScores',
  'discover',
  'context',
  'weightedSum',
  'text',
] as const satisfies readonly (Scoring | TextScoring)['kind'][];

const QUERY_VECTOR = lengthTag(1);
const QUERY_USING = lengthTag(2);
const QUERY_FILTER = lengthTag(3);
const QUERY_LIMIT = varintTag(4);
const QUERY_SCORE_THRESHOLD = (5 << 3) | 1;
const QUERY_HNSW_EF = varintTag(6);
const QUERY_EXACT = varintTag(7);
const QUERY_INDEXED_ONLY = varintTag(8);
const QUERY_PROJECTION = lengthTag(9);
const QUERY_SCORING = lengthTag(10);
const QUERY_QUANTIZATION = lengthTag(11);
const QUERY_FILTER_NUMBER = varintTag(12);

const SCORING_KIND = varintTag(1);
const SCORING_TARGET = lengthTag(2);
const SCORING_POSITIVE = lengthTag(3);
const SCORING_NEGATIVE = lengthTag(4);
/** One each positive, in their order. */
const SCORING_WEIGHT = (5 << 3) | 1;
/** Each with its weight. */
const SCORING_TERM = lengthTag(6);
const SCORING_K = (7 << 3) | 1;
const SCORING_B = (8 << 3) | 1;
const SCORING_AVERAGE_LENGTH = (9 << 3) | 1;

const QUANTIZATION_IGNORE = varintTag(1);
const QUANTIZATION_RESCORE = varintTag(2);
const QUANTIZATION_OVERSAMPLING = (3 << 3) | 1;

type Mutable<T> = { -readonly [name in keyof T]: T[name] };
type QuantizationParams = NonNullable<SearchParams['quantization']>;

/** With `shared` the filter stands before the queries: see `SharedFilters`. */
export function writeQuery(
  writer: BinaryWriter,
  tag: number,
  query: SearchQuery,
  shared?: SharedFilters,
): void {
  const { scoring, params, filter } = query;
  writer.uint32(tag).fork();
  if (scoring.kind === 'nearest' && isDense(scoring.vector)) {
    writer.uint32(QUERY_VECTOR).bytes(vectorToBytes(scoring.vector));
  } else {
    writeScoring(writer, scoring);
  }
  if (query.using !== '') writer.uint32(QUERY_USING).string(query.using);
  if (shared === undefined) writeFilter(writer, QUERY_FILTER, filter);
  else if (filter !== undefined) {
    writer.uint32(QUERY_FILTER_NUMBER).uint32(shared.numberOf(filter));
  }
  writer.uint32(QUERY_LIMIT).uint32(query.limit);
  if (query.scoreThreshold !== undefined) {
    writer.uint32(QUERY_SCORE_THRESHOLD).double(query.scoreThreshold);
  }
  if (params.hnswEf !== undefined) writer.uint32(QUERY_HNSW_EF).uint32(params.hnswEf);
  if (params.exact !== undefined) writer.uint32(QUERY_EXACT).bool(params.exact);
  if (params.indexedOnly !== undefined) writer.uint32(QUERY_INDEXED_ONLY).bool(params.indexedOnly);
  if (params.quantization !== undefined) writeQuantization(writer, params.quantization);
  writeProjection(writer, QUERY_PROJECTION, query.projection);
  writer.join();
}

/** Takes the call's filters, which may stand behind its queries. */
export type FilteredQuery = (filters: ReadFilters) => SearchQuery;

export function readQuery(reader: BinaryReader): FilteredQuery {
  const end = messageEnd(reader);
  let scoring: Scoring | TextScoring | undefined;
  let using = '';
  let filter: Filter | undefined;
  let filterNumber = 0;
  let limit = 0;
  let scoreThreshold: number | undefined;
  let projection = ID_ONLY;
  const params: Mutable<SearchParams> = {};
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === QUERY_VECTOR) {
      scoring = { kind: 'nearest', vector: vectorFromBytes(reader.bytes()) };
    } else if (tag === QUERY_USING) using = readText(reader);
    else if (tag === QUERY_FILTER) filter = filterFromBytes(reader.bytes());
    else if (tag === QUERY_FILTER_NUMBER) filterNumber = reader.uint32();
    else if (tag === QUERY_LIMIT) limit = reader.uint32();
    else if (tag === QUERY_SCORE_THRESHOLD) scoreThreshold = reader.double();
    else if (tag === QUERY_HNSW_EF) params.hnswEf = reader.uint32();
    else if (tag === QUERY_EXACT) params.exact = reader.bool();
    else if (tag === QUERY_INDEXED_ONLY) params.indexedOnly = reader.bool();
    else if (tag === QUERY_PROJECTION) projection = readProjection(reader);
    else if (tag === QUERY_SCORING) scoring = readScoring(reader);
    else if (tag === QUERY_QUANTIZATION) params.quantization = readQuantization(reader);
    else skipField(reader, tag);
  }
  assertEnded(reader, end);
  if (scoring === undefined) throw corrupt('a query without a scoring');
  const [scored, own] = [scoring, filter];
  return (filters) => {
    const known = filterNumber > 0 ? filters.at(filterNumber) : own;
    const asked = {
      using,
      limit,
      params,
      projection,
      ...(known === undefined ? {} : { filter: known }),
      ...(scoreThreshold === undefined ? {} : { scoreThreshold }),
    };
    return scored.kind === 'text' ? { ...asked, scoring: scored } : { ...asked, scoring: scored };
  };
}

function writeScoring(writer: BinaryWriter, scoring: Scoring | TextScoring): void {
  writer.uint32(QUERY_SCORING).fork();
  writer.uint32(SCORING_KIND).uint32(SCORING_KINDS.indexOf(scoring.kind));
  if (scoring.kind === 'nearest') writeVector(writer, SCORING_TARGET, '', scoring.vector);
  if (scoring.kind === 'discover') writeVector(writer, SCORING_TARGET, '', scoring.target);
  if ('positives' in scoring) {
    for (const vector of scoring.positives) writeVector(writer, SCORING_POSITIVE, '', vector);
    for (const vector of scoring.negatives) writeVector(writer, SCORING_NEGATIVE, '', vector);
  }
  if ('context' in scoring) {
    for (const { positive, negative } of scoring.context) {
      writeVector(writer, SCORING_POSITIVE, '', positive);
      writeVector(writer, SCORING_NEGATIVE, '', negative);
    }
  }
  if (scoring.kind === 'text') writeTextScoring(writer, scoring);
  if (scoring.kind === 'weightedSum') {
    for (const { example, weight } of scoring.terms) {
      writeVector(writer, SCORING_POSITIVE, '', example);
      writer.uint32(SCORING_WEIGHT).double(weight);
    }
  }
  writer.join();
}

function writeTextScoring(writer: BinaryWriter, scoring: TextScoring): void {
  for (const { term, weight } of scoring.terms) {
    writer.uint32(SCORING_TERM).string(term);
    writer.uint32(SCORING_WEIGHT).double(weight);
  }
  writer.uint32(SCORING_K).double(scoring.k);
  writer.uint32(SCORING_B).double(scoring.b);
  writer.uint32(SCORING_AVERAGE_LENGTH).double(scoring.averageLength);
}

function readScoring(reader: BinaryReader): Scoring | TextScoring {
  const end = messageEnd(reader);
  let kindNumber = 0;
  let target: VectorValue | undefined;
  const positives: VectorValue[] = [];
  const negatives: VectorValue[] = [];
  const weights: number[] = [];
  const words: string[] = [];
  const numbers = { k: 0, b: 0, averageLength: 0 };
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === SCORING_KIND) kindNumber = reader.uint32();
    else if (tag === SCORING_TARGET) target = readVector(reader)[1];
    else if (tag === SCORING_POSITIVE) positives.push(readVector(reader)[1]);
    else if (tag === SCORING_NEGATIVE) negatives.push(readVector(reader)[1]);
    else if (tag === SCORING_WEIGHT) weights.push(reader.double());
    else if (tag === SCORING_TERM) words.push(readText(reader));
    else if (tag === SCORING_K) numbers.k = reader.double();
    else if (tag === SCORING_B) numbers.b = reader.double();
    else if (tag === SCORING_AVERAGE_LENGTH) numbers.averageLength = reader.double();
    else skipField(reader, tag);
  }
  assertEnded(reader, end);
  const kind = SCORING_KINDS[kindNumber];
  if (kind === undefined) throw corrupt(`unknown kind of scoring ${kindNumber}`);
  switch (kind) {
    case 'nearest':
      return { kind, vector: needTarget(target) };
    case 'bestScore':
    case 'sumScores':
      return { kind, positives, negatives };
    case 'discover':
      return { kind, target: needTarget(target), context: pairs(positives, negatives) };
    case 'context':
      return { kind, context: pairs(positives, negatives) };
    case 'weightedSum':
      return {
        kind,
        terms: weighted(positives, weights).map(([example, weight]) => ({ example, weight })),
      };
    case 'text':
      return {
        kind,
        terms: weighted(words, weights).map(([term, weight]) => ({ term, weight })),
        ...numbers,
      };
  }
}

function needTarget(target: VectorValue | undefined): VectorValue {
  if (target === undefined) throw corrupt('a scoring without its target');
  return target;
}

function pairs(
  positives: readonly VectorValue[],
  negatives: readonly VectorValue[],
): ContextPair[] {
  return positives.map((positive, index) => {
    const negative = negatives[index];
    if (negative === undefined || negatives.length !== positives.length) {
      throw corrupt('a context with half a pair');
    }
    return { positive, negative };
  });
}

function weighted<T>(terms: readonly T[], weights: readonly number[]): [T, number][] {
  return terms.map((term, index) => {
    const weight = weights[index];
    if (weight === undefined || weights.length !== terms.length) {
      throw corrupt('a scoring with half a term');
    }
    return [term, weight];
  });
}

function writeQuantization(writer: BinaryWriter, params: QuantizationParams): void {
  writer.uint32(QUERY_QUANTIZATION).fork();
  if (params.ignore !== undefined) writer.uint32(QUANTIZATION_IGNORE).bool(params.ignore);
  if (params.rescore !== undefined) writer.uint32(QUANTIZATION_RESCORE).bool(params.rescore);
  if (params.oversampling !== undefined) {
    writer.uint32(QUANTIZATION_OVERSAMPLING).double(params.oversampling);
  }
  writer.join();
}

function readQuantization(reader: BinaryReader): QuantizationParams {
  const end = messageEnd(reader);
  const params: Mutable<QuantizationParams> = {};
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === QUANTIZATION_IGNORE) params.ignore = reader.bool();
    else if (tag === QUANTIZATION_RESCORE) params.rescore = reader.bool();
    else if (tag === QUANTIZATION_OVERSAMPLING) params.oversampling = reader.double();
    else skipField(reader, tag);
  }
  assertEnded(reader, end);
  return params;
}

export function writeFilter(writer: BinaryWriter, tag: number, filter: Filter | undefined): void {
  if (filter !== undefined) writer.uint32(tag).bytes(filterToBytes(filter));
}

export function writeProjection(writer: BinaryWriter, tag: number, projection: Projection): void {
  const { payload, vectors } = projection;
  if (payload.kind === 'none' && vectors.kind === 'none') return;
  writer.uint32(tag).fork();
  writer.uint32(varintTag(1)).uint32(PAYLOAD_KINDS.indexOf(payload.kind));
  if ('keys' in payload) for (const key of payload.keys) writeText(writer, 2, key);
  writer.uint32(varintTag(3)).uint32(VECTOR_KINDS.indexOf(vectors.kind));
  if ('names' in vectors) for (const name of vectors.names) writeText(writer, 4, name);
  writer.join();
}

export function readProjection(reader: BinaryReader): Projection {
  const end = messageEnd(reader);
  let payloadKind = 0;
  let vectorKind = 0;
  const keys: string[] = [];
  const names: string[] = [];
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === varintTag(1)) payloadKind = reader.uint32();
    else if (tag === lengthTag(2)) keys.push(readText(reader));
    else if (tag === varintTag(3)) vectorKind = reader.uint32();
    else if (tag === lengthTag(4)) names.push(readText(reader));
    else skipField(reader, tag);
  }
  assertEnded(reader, end);
  return {
    payload: payloadSelector(payloadKind, keys),
    vectors: vectorSelector(vectorKind, names),
  };
}

function payloadSelector(index: number, keys: readonly string[]): PayloadSelector {
  const kind = PAYLOAD_KINDS[index];
  if (kind === undefined) throw corrupt(`unknown payload selector ${index}`);
  return kind === 'none' || kind === 'all' ? { kind } : { kind, keys };
}

function vectorSelector(index: number, names: readonly string[]): VectorSelector {
  const kind = VECTOR_KINDS[index];
  if (kind === undefined) throw corrupt(`unknown vector selector ${index}`);
  return kind === 'names' ? { kind, names } : { kind };
}
