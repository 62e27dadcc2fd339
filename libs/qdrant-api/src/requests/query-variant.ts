// The variants of `query` in a universal query: what each JSON form becomes.

import type {
  ExactNumber,
  ExamplePair,
  GivenVector,
  JsonArray,
  JsonObject,
  JsonValue,
  OrderBy,
  Query,
  RecommendStrategy,
  VectorExample,
} from '@tributary/model';
import { integerOf, isDocument, parsePointId } from '@tributary/model';
import { formatError, invalidPointId } from '../errors.ts';
import { isInference } from './document.ts';
import { readDefaults, readExpression } from './expression.ts';
import { readDatetime } from './field-condition.ts';
import {
  at,
  checkRange,
  isArray,
  isObject,
  optional,
  present,
  readArray,
  readExactNumber,
  readFloat,
  readObject,
  readPath,
  readString,
  readUnsigned,
  shown,
  wrongType,
} from './json-reader.ts';
import { readVector } from './vector.ts';

export const MMR_DIVERSITY_DEFAULT = 0.5;
const MMR_CANDIDATES_MAX = 16_384;
export const RRF_K_DEFAULT = 2;
const BM25_K_DEFAULT = 1.2;
const BM25_B_DEFAULT = 0.75;
const STRATEGIES: readonly RecommendStrategy[] = ['average_vector', 'best_score', 'sum_scores'];

/** `limit` is what the stage returns, which mmr chooses from as many candidates as by default. */
type Read = (value: JsonValue, path: string, object: JsonObject, limit: number) => Query;

const READERS: Readonly<Record<string, Read>> = {
  nearest: nearestOf,
  recommend: (value, path) => recommendOf(readObject(value, path), path),
  discover: discoverOf,
  context: (value, path) => ({ kind: 'context', context: readPairs(value, path) }),
  order_by: (value, path) => ({ kind: 'orderBy', orderBy: readOrderBy(value, path) }),
  fusion: fusionOf,
  rrf: rrfOf,
  formula: formulaOf,
  sample: sampleOf,
  text: textOf,
  relevance_feedback: (value, path) => relevanceFeedbackOf(readObject(value, path), path),
};

export function readVariant(value: JsonValue, path: string, limit: number): Query {
  if (isObject(value) && !isInference(value)) {
    for (const [name, read] of Object.entries(READERS)) {
      if (Object.hasOwn(value, name))
        return read(value[name] ?? null, at(path, name), value, limit);
    }
  }
  return { kind: 'nearest', target: readExample(value, path) };
}

/** A vector, or the id of the point whose vector it is. */
export function readExample(value: JsonValue | undefined, path: string): VectorExample {
  if (isArray(value) || isObject(value)) return exampleOf(readVector(value, path));
  const id = parsePointId(value);
  if (id !== undefined) return { kind: 'id', id };
  if (value === undefined || value === null || typeof value === 'boolean') {
    throw wrongType(path, value, 'a vector, a point id or a query');
  }
  throw formatError(`${path}: ${invalidPointId(shown(value))}`);
}

export function exampleOf(vector: GivenVector): VectorExample {
  return isDocument(vector) ? { kind: 'document', document: vector } : { kind: 'vector', vector };
}

export function recommendOf(object: JsonObject, path: string): Query {
  const examples = (name: string) =>
    (optional(object, name, path, readArray) ?? []).map((item, i) =>
      readExample(item, `${at(path, name)}[${i}]`),
    );
  return {
    kind: 'recommend',
    positives: examples('positive'),
    negatives: examples('negative'),
    strategy: optional(object, 'strategy', path, readStrategy) ?? 'average_vector',
  };
}

/** One pair, a list of pairs, or none. */
export function readPairs(value: JsonValue | undefined, path: string): ExamplePair[] {
  if (value === undefined || value === null) return [];
  const pairs: JsonArray = isArray(value) ? value : [value];
  return pairs.map((item, i) => {
    const where = isArray(value) ? `${path}[${i}]` : path;
    const pair = readObject(item, where);
    return {
      positive: readExample(pair.positive, at(where, 'positive')),
      negative: readExample(pair.negative, at(where, 'negative')),
    };
  });
}

/** A key alone, or {key, direction, start_from}. */
export function readOrderBy(value: JsonValue, path: string): OrderBy {
  if (typeof value === 'string') return { key: readPath(value, path), direction: 'asc' };
  const object = readObject(value, path);
  return present<OrderBy>({
    key: readPath(object.key, at(path, 'key')),
    direction: optional(object, 'direction', path, readDirection) ?? 'asc',
    startFrom: optional(object, 'start_from', path, readStart),
  });
}

/** All that can be ordered lies below 2^63, so an integer beyond may be rounded. */
function readStart(value: JsonValue, path: string): ExactNumber {
  if (typeof value === 'string') return readDatetime(value, path);
  const start = readExactNumber(value, path);
  return typeof start === 'bigint' ? (integerOf(start) ?? Number(start)) : start;
}

function readDirection(value: JsonValue, path: string): 'asc' | 'desc' {
  if (value === 'asc' || value === 'desc') return value;
  throw wrongType(path, value, '`asc` or `desc`');
}

function readStrategy(value: JsonValue, path: string): RecommendStrategy {
  const strategy = STRATEGIES.find((known) => known === value);
  if (strategy !== undefined) return strategy;
  throw wrongType(path, value, `one of ${STRATEGIES.join(', ')}`);
}

function nearestOf(value: JsonValue, path: string, query: JsonObject, limit: number): Query {
  const target = readExample(value, path);
  const where = path.slice(0, -'.nearest'.length);
  const mmr = optional(query, 'mmr', where, (each, at) => mmrOf(each, at, limit));
  return mmr === undefined ? { kind: 'nearest', target } : { kind: 'nearest', target, mmr };
}

function mmrOf(value: JsonValue, path: string, limit: number) {
  const object = readObject(value, path);
  const diversity = optional(object, 'diversity', path, readFloat) ?? MMR_DIVERSITY_DEFAULT;
  const candidates = optional(object, 'candidates_limit', path, readUnsigned);
  return checkMmr(diversity, candidates, path, limit);
}

/** Diversity from 0 to 1, and at most 16,384 candidates; without a number of them, as many as the page has. */
export function checkMmr(
  diversity: number,
  candidates: number | undefined,
  path: string,
  limit: number,
): { readonly diversity: number; readonly candidatesLimit: number } {
  checkRange(diversity, at(path, 'diversity'), 0, 1);
  const candidatesLimit = candidates ?? Math.min(limit, MMR_CANDIDATES_MAX);
  checkRange(candidatesLimit, at(path, 'candidates_limit'), 0, MMR_CANDIDATES_MAX);
  return { diversity, candidatesLimit };
}

function discoverOf(value: JsonValue, path: string): Query {
  const object = readObject(value, path);
  return {
    kind: 'discover',
    target: readExample(object.target, at(path, 'target')),
    context: readPairs(object.context, at(path, 'context')),
  };
}

function relevanceFeedbackOf(object: JsonObject, path: string): Query {
  const items = readArray(object.feedback, at(path, 'feedback'));
  const strategy = at(path, 'strategy');
  const naive = at(strategy, 'naive');
  const coefficients = readObject(readObject(object.strategy, strategy).naive, naive);
  const number = (name: string) => readFloat(coefficients[name], at(naive, name));
  return {
    kind: 'relevanceFeedback',
    target: readExample(object.target, at(path, 'target')),
    feedback: items.map((item, i) => {
      const where = `${at(path, 'feedback')}[${i}]`;
      const { example, score } = readObject(item, where);
      return {
        example: readExample(example, at(where, 'example')),
        score: readFloat(score, at(where, 'score')),
      };
    }),
    strategy: { a: number('a'), b: number('b'), c: number('c') },
  };
}

/** A text, or {query, scoring: {bm25: {k, b}}}. */
function textOf(value: JsonValue, path: string): Query {
  if (typeof value === 'string') return textQuery(value, {}, path);
  const object = readObject(value, path);
  const scoring = at(path, 'scoring');
  const bm25 = optional(object, 'scoring', path, (given) =>
    readObject(readObject(given, scoring).bm25, at(scoring, 'bm25')),
  );
  const parameter = (name: string) => bm25 && optional(bm25, name, at(scoring, 'bm25'), readFloat);
  const parameters = { k: parameter('k'), b: parameter('b') };
  return textQuery(readString(object.query, at(path, 'query')), parameters, path);
}

/** Errors: `validation` for parameters out of range. */
export function textQuery(
  text: string,
  {
    k = BM25_K_DEFAULT,
    b = BM25_B_DEFAULT,
  }: { readonly k?: number | undefined; readonly b?: number | undefined },
  path: string,
): Query {
  const where = at(path, 'scoring.bm25');
  return {
    kind: 'text',
    text,
    k: checkRange(k, at(where, 'k'), 0),
    b: checkRange(b, at(where, 'b'), 0, 1),
  };
}

function fusionOf(value: JsonValue, path: string): Query {
  if (value === 'rrf') return { kind: 'rrf', k: RRF_K_DEFAULT };
  if (value === 'dbsf') return { kind: 'dbsf' };
  throw wrongType(path, value, '`rrf` or `dbsf`');
}

function rrfOf(value: JsonValue, path: string): Query {
  const object = readObject(value, path);
  const k = optional(object, 'k', path, readUnsigned) ?? RRF_K_DEFAULT;
  checkRange(k, at(path, 'k'), 1);
  const weights = optional(object, 'weights', path, readArray)?.map((item, i) =>
    readFloat(item, `${at(path, 'weights')}[${i}]`),
  );
  return weights === undefined ? { kind: 'rrf', k } : { kind: 'rrf', k, weights };
}

function formulaOf(value: JsonValue, path: string, query: JsonObject): Query {
  const where = path.slice(0, -'.formula'.length);
  return {
    kind: 'formula',
    formula: readExpression(value, path),
    defaults: optional(query, 'defaults', where, readDefaults) ?? {},
  };
}

function sampleOf(value: JsonValue, path: string): Query {
  if (value === 'random') return { kind: 'sample' };
  throw wrongType(path, value, '`random`');
}
