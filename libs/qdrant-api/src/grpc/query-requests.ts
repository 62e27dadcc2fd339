// The universal query of protobuf requests to the model's tree of stages.

import type {
  LookupFrom,
  Query,
  QueryParams,
  QueryRequest,
  QueryStage,
  SearchParams,
} from '@tributary/model';
import { UNNAMED_VECTOR } from '@tributary/model';
import { formatError, validationError } from '../errors.ts';
import {
  Fusion,
  type LookupLocation,
  type NearestInputWithMmr,
  type PrefetchQuery,
  type Query as QueryMessage,
  type QueryPointGroups,
  type QueryPoints,
  type RecommendInput,
  type RelevanceFeedbackInput,
  type Rrf,
  Sample,
  type SearchParams as SearchParamsMessage,
} from '../gen/points.ts';
import type { Filter as FilterMessage } from '../gen/qdrant_common.ts';
import { checkQuery } from '../requests/check-query.ts';
import { checkCount, checkRange, present } from '../requests/json-reader.ts';
import { NESTING_MAX } from '../requests/nesting.ts';
import { checkSelectivity } from '../requests/query.ts';
import {
  checkMmr,
  MMR_DIVERSITY_DEFAULT,
  RRF_K_DEFAULT,
  textQuery,
} from '../requests/query-variant.ts';
import { LIMIT_DEFAULT } from '../requests/read.ts';
import { readExample, readPairs, strategyOf } from './examples.ts';
import { finite, readFilter } from './filter.ts';
import { formulaOf } from './formula.ts';
import { numberOf } from './ids.ts';
import { projectionOf } from './parameters.ts';
import { orderByOf } from './read-requests.ts';
import { readFloats } from './vectors.ts';
import { refuseShardKeys } from './write-requests.ts';

export function queryOf(message: QueryPoints): QueryRequest {
  refuseShardKeys(message);
  const { offset } = message;
  const page = {
    offset: offset === undefined ? 0 : checkCount(numberOf(offset), 'offset', 0),
    projection: projectionOf(message, false),
  };
  return checkQuery(Object.assign(stageOf(message, '', 0), page));
}

/** The query of a request for groups; `limit` counts groups. */
export function groupedQueryOf(message: QueryPointGroups): QueryRequest {
  refuseShardKeys(message);
  const projection = projectionOf(message, false);
  return checkQuery({ ...stageOf(message, '', 0), offset: 0, projection });
}

/** As deep as `checkQuery` allows; here it bounds the recursion. */
function stageOf(message: PrefetchQuery, path: string, depth: number): QueryStage {
  if (depth > NESTING_MAX) {
    throw validationError('prefetch', `prefetches may be nested ${NESTING_MAX} deep`);
  }
  const { using, prefetch, query, lookupFrom } = message;
  const limit = limitOf(message.limit, path);
  const { filter, params, scoreThreshold } = narrowingOf(message, path);
  return present<QueryStage>({
    prefetch: prefetch.map((each, i) => stageOf(each, `${path}prefetch[${i}].`, depth + 1)),
    query: query && variantOf(query, `${path}query`, limit),
    using: using ?? UNNAMED_VECTOR,
    limit,
    lookupFrom: lookupFrom && lookupOf(lookupFrom),
    filter,
    params,
    scoreThreshold,
  });
}

function limitOf(limit: bigint | undefined, path: string): number {
  return limit === undefined ? LIMIT_DEFAULT : checkCount(numberOf(limit), `${path}limit`, 1);
}

/** What every kind of search may carry. */
export function narrowingOf(
  message: {
    readonly filter?: FilterMessage | undefined;
    readonly params?: SearchParamsMessage | undefined;
    readonly scoreThreshold?: number | undefined;
  },
  path: string,
) {
  const { filter, params, scoreThreshold } = message;
  if (scoreThreshold !== undefined && !Number.isFinite(scoreThreshold)) {
    throw formatError(`${path}score_threshold: expected a finite number`);
  }
  return {
    filter: filter && readFilter(filter, `${path}filter`),
    params: params === undefined ? {} : searchParamsOf(params, `${path}params`),
    scoreThreshold,
  };
}

export function lookupOf(message: LookupLocation): LookupFrom {
  refuseShardKeys(message);
  const { collectionName: collection, vectorName: vector } = message;
  return vector === undefined ? { collection } : { collection, vector };
}

function searchParamsOf(message: SearchParamsMessage, path: string): QueryParams {
  const { hnswEf, exact, indexedOnly, quantization, acorn, idf } = message;
  const ef = hnswEf === undefined ? undefined : checkCount(numberOf(hnswEf), `${path}.hnsw_ef`, 1);
  if (acorn?.maxSelectivity !== undefined) {
    checkSelectivity(acorn.maxSelectivity, `${path}.acorn`);
  }
  return present<QueryParams>({
    hnswEf: ef,
    exact,
    indexedOnly,
    quantization: quantization && quantizationOf(quantization, `${path}.quantization`),
    idf: idf && (idf.corpus ? { corpus: readFilter(idf.corpus, `${path}.idf.corpus`) } : {}),
  });
}

function quantizationOf(
  message: NonNullable<SearchParamsMessage['quantization']>,
  path: string,
): NonNullable<SearchParams['quantization']> {
  const { ignore, rescore, oversampling } = message;
  if (oversampling !== undefined && !(oversampling >= 1 && Number.isFinite(oversampling))) {
    throw validationError(`${path}.oversampling`, 'must be a number of at least 1');
  }
  return present<NonNullable<SearchParams['quantization']>>({ ignore, rescore, oversampling });
}

function variantOf(message: QueryMessage, path: string, limit: number): Query {
  const { nearest, recommend, discover, context, orderBy, fusion, rrf, formula } = message;
  if (nearest !== undefined) return { kind: 'nearest', target: readExample(nearest, path) };
  if (recommend !== undefined) return recommendOf(recommend, path);
  if (discover !== undefined) {
    return {
      kind: 'discover',
      target: readExample(discover.target, `${path}.target`),
      context: readPairs(discover.context?.pairs ?? [], `${path}.context`),
    };
  }
  if (context !== undefined) {
    return { kind: 'context', context: readPairs(context.pairs, `${path}.context`) };
  }
  if (orderBy !== undefined) return { kind: 'orderBy', orderBy: orderByOf(orderBy, path) };
  if (fusion !== undefined) return fusionOf(fusion, path);
  if (rrf !== undefined) return rrfOf(rrf, path);
  if (formula !== undefined) return formulaOf(formula, path);
  if (message.nearestWithMmr !== undefined) return mmrOf(message.nearestWithMmr, path, limit);
  if (message.sample === Sample.Random) return { kind: 'sample' };
  if (message.relevanceFeedback !== undefined) {
    return relevanceFeedbackOf(message.relevanceFeedback, `${path}.relevance_feedback`);
  }
  if (message.text !== undefined) {
    return textQuery(message.text.query, message.text.bm25 ?? {}, `${path}.text`);
  }
  throw formatError(`${path}: expected a query`);
}

function recommendOf({ positive, negative, strategy }: RecommendInput, path: string): Query {
  return {
    kind: 'recommend',
    positives: positive.map((each, i) => readExample(each, `${path}.positive[${i}]`)),
    negatives: negative.map((each, i) => readExample(each, `${path}.negative[${i}]`)),
    strategy: strategyOf(strategy),
  };
}

function relevanceFeedbackOf(message: RelevanceFeedbackInput, path: string): Query {
  const naive = message.strategy?.naive;
  if (naive === undefined) throw formatError(`${path}.strategy: expected a strategy`);
  const coefficient = (name: 'a' | 'b' | 'c') =>
    finite(naive[name], `${path}.strategy.naive.${name}`);
  return {
    kind: 'relevanceFeedback',
    target: readExample(message.target, `${path}.target`),
    feedback: message.feedback.map(({ example, score }, i) => ({
      example: readExample(example, `${path}.feedback[${i}].example`),
      score: finite(score, `${path}.feedback[${i}].score`),
    })),
    strategy: { a: coefficient('a'), b: coefficient('b'), c: coefficient('c') },
  };
}

function fusionOf(fusion: number, path: string): Query {
  switch (fusion) {
    case Fusion.RRF:
      return { kind: 'rrf', k: RRF_K_DEFAULT };
    case Fusion.DBSF:
      return { kind: 'dbsf' };
    default:
      throw formatError(`${path}.fusion: unknown fusion`);
  }
}

function rrfOf({ k, weights }: Rrf, path: string): Query {
  const given = [...readFloats(weights, `${path}.weights`)];
  return present<Query & { kind: 'rrf' }>({
    kind: 'rrf',
    k: checkRange(k ?? RRF_K_DEFAULT, `${path}.k`, 1),
    weights: given.length === 0 ? undefined : given,
  });
}

function mmrOf({ nearest, mmr }: NearestInputWithMmr, path: string, limit: number): Query {
  const target = readExample(nearest, `${path}.nearest`);
  if (mmr === undefined) return { kind: 'nearest', target };
  const diversity = mmr.diversity ?? MMR_DIVERSITY_DEFAULT;
  const checked = checkMmr(diversity, mmr.candidatesLimit, `${path}.mmr`, limit);
  return { kind: 'nearest', target, mmr: checked };
}
