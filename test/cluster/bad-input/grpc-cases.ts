// Good gRPC requests of every method, and bad ones with the code and the text they are refused with.
//
// As over REST: `kept` has unnamed vectors of 4 dimensions and the points 1 to 100.

import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import {
  CollectionExistsRequestSchema,
  CountPointsSchema,
  CreateCollectionSchema,
  DeletePayloadPointsSchema,
  DeletePointsSchema,
  Distance,
  type FilterSchema,
  GetCollectionInfoRequestSchema,
  GetPointsSchema,
  QueryBatchPointsSchema,
  QueryPointsSchema,
  type QuerySchema,
  ScrollPointsSchema,
  SearchBatchPointsSchema,
  SearchPointsSchema,
  SetPayloadPointsSchema,
  UpdateCollectionSchema,
  UpsertPointsSchema,
} from '@qdrant/js-client-grpc';

type Filter = MessageInitShape<typeof FilterSchema>;
type Search = MessageInitShape<typeof SearchPointsSchema>;
type Query = MessageInitShape<typeof QueryPointsSchema>;
type Variant = MessageInitShape<typeof QuerySchema>;

export interface GrpcRequest {
  readonly path: string;
  readonly message: Uint8Array;
}

export interface BadGrpcRequest extends GrpcRequest {
  readonly what: string;
  readonly code: number;
  readonly text: string | RegExp;
}

const INVALID_ARGUMENT = 3;
const NOT_FOUND = 5;
const ALREADY_EXISTS = 6;
const UNIMPLEMENTED = 12;

const VECTOR = [1, 2, 3, 4];
const FIELD = { key: 'a', match: { matchValue: { case: 'integer', value: 5n } } } as const;
const FILTER: Filter = { must: [{ conditionOneOf: { case: 'field', value: FIELD } }] };
const PAYLOAD = { x: { kind: { case: 'stringValue' as const, value: 'text' } } };

const idOf = (num: bigint) => ({ pointIdOptions: { case: 'num' as const, value: num } });
const uuidOf = (uuid: string) => ({ pointIdOptions: { case: 'uuid' as const, value: uuid } });
const selectorOf = (num: bigint) => ({
  pointsSelectorOneOf: { case: 'points' as const, value: { ids: [idOf(num)] } },
});
const withFilter = (value: Filter) => ({
  pointsSelectorOneOf: { case: 'filter' as const, value },
});

function pointOf(data: readonly number[], id = idOf(1n), payload = PAYLOAD) {
  const vector = { vector: { case: 'dense' as const, value: { data: [...data] } } };
  return { id, payload, vectors: { vectorsOptions: { case: 'vector' as const, value: vector } } };
}

function upsert(points: ReturnType<typeof pointOf>[], collectionName = 'kept'): GrpcRequest {
  const message = create(UpsertPointsSchema, { collectionName, wait: true, points });
  return { path: '/qdrant.Points/Upsert', message: toBinary(UpsertPointsSchema, message) };
}

function search(init: Search): GrpcRequest {
  const message = create(SearchPointsSchema, {
    collectionName: 'kept',
    vector: VECTOR,
    limit: 3n,
    ...init,
  });
  return { path: '/qdrant.Points/Search', message: toBinary(SearchPointsSchema, message) };
}

function query(init: Query): GrpcRequest {
  const message = create(QueryPointsSchema, { collectionName: 'kept', ...init });
  return { path: '/qdrant.Points/Query', message: toBinary(QueryPointsSchema, message) };
}

function count(filter: Filter): GrpcRequest {
  const message = create(CountPointsSchema, { collectionName: 'kept', filter });
  return { path: '/qdrant.Points/Count', message: toBinary(CountPointsSchema, message) };
}

function make(collectionName: string, size: bigint, distance = Distance.Dot): GrpcRequest {
  const message = create(CreateCollectionSchema, {
    collectionName,
    vectorsConfig: { config: { case: 'params', value: { size, distance } } },
  });
  return { path: '/qdrant.Collections/Create', message: toBinary(CreateCollectionSchema, message) };
}

const nearest = (data: readonly number[]): Variant => ({
  variant: { case: 'nearest', value: { variant: { case: 'dense', value: { data: [...data] } } } },
});

/** Requests that read; each succeeds on `kept` as it is. */
export const READS: readonly GrpcRequest[] = [
  search({ filter: FILTER, offset: 1n, scoreThreshold: 0.5, params: { hnswEf: 64n } }),
  query({ query: nearest(VECTOR), limit: 5n }),
  count(FILTER),
  {
    path: '/qdrant.Points/Scroll',
    message: toBinary(
      ScrollPointsSchema,
      create(ScrollPointsSchema, { collectionName: 'kept', filter: FILTER, limit: 4 }),
    ),
  },
  {
    path: '/qdrant.Points/Get',
    message: toBinary(
      GetPointsSchema,
      create(GetPointsSchema, { collectionName: 'kept', ids: [idOf(1n), idOf(2n)] }),
    ),
  },
  {
    path: '/qdrant.Points/SearchBatch',
    message: toBinary(
      SearchBatchPointsSchema,
      create(SearchBatchPointsSchema, {
        collectionName: 'kept',
        searchPoints: [{ collectionName: 'kept', vector: VECTOR, limit: 2n }],
      }),
    ),
  },
  {
    path: '/qdrant.Points/QueryBatch',
    message: toBinary(
      QueryBatchPointsSchema,
      create(QueryBatchPointsSchema, {
        collectionName: 'kept',
        queryPoints: [{ collectionName: 'kept', query: nearest(VECTOR), limit: 2n }],
      }),
    ),
  },
  {
    path: '/qdrant.Collections/Get',
    message: toBinary(
      GetCollectionInfoRequestSchema,
      create(GetCollectionInfoRequestSchema, { collectionName: 'kept' }),
    ),
  },
  {
    path: '/qdrant.Collections/CollectionExists',
    message: toBinary(
      CollectionExistsRequestSchema,
      create(CollectionExistsRequestSchema, { collectionName: 'kept' }),
    ),
  },
];

/** Requests that change points of `scratch`. */
export const WRITES: readonly GrpcRequest[] = [
  upsert([pointOf(VECTOR), pointOf([4, 3, 2, 1], idOf(7n))], 'scratch'),
  {
    path: '/qdrant.Points/Delete',
    message: toBinary(
      DeletePointsSchema,
      create(DeletePointsSchema, { collectionName: 'scratch', points: selectorOf(3n) }),
    ),
  },
  {
    path: '/qdrant.Points/SetPayload',
    message: toBinary(
      SetPayloadPointsSchema,
      create(SetPayloadPointsSchema, {
        collectionName: 'scratch',
        payload: PAYLOAD,
        pointsSelector: withFilter(FILTER),
      }),
    ),
  },
  {
    path: '/qdrant.Points/DeletePayload',
    message: toBinary(
      DeletePayloadPointsSchema,
      create(DeletePayloadPointsSchema, {
        collectionName: 'scratch',
        keys: ['a', 'deep.b'],
        pointsSelector: selectorOf(4n),
      }),
    ),
  },
];

export const BAD_GRPC_REQUESTS: readonly BadGrpcRequest[] = [
  ...vectorCases(),
  ...queryCases(),
  ...filterCases(),
  ...collectionCases(),
  bad('an unknown method', { path: '/qdrant.Points/Guess', message: empty() }, UNIMPLEMENTED, /./),
  bad('an unknown service', { path: '/other.Points/Get', message: empty() }, UNIMPLEMENTED, /./),
];

function bad(
  what: string,
  request: GrpcRequest,
  code: number,
  text: string | RegExp,
): BadGrpcRequest {
  return { what, ...request, code, text };
}

function empty(): Uint8Array {
  return new Uint8Array(0);
}

function vectorCases(): BadGrpcRequest[] {
  const dimension = 'Wrong input: Vector dimension error: expected dim: 4, got';
  const finite = /vectors have finite components only/;
  const number = { x: { kind: { case: 'doubleValue' as const, value: Number.NaN } } };
  const unfinished = { ...pointOf(VECTOR), payload: number };
  const refusals: readonly (readonly [string, GrpcRequest, string | RegExp])[] = [
    ['NaN in a vector', upsert([pointOf([1, 2, 3, Number.NaN])]), finite],
    ['infinity in a vector', upsert([pointOf([1, 2, 3, Infinity])]), finite],
    ['a vector too short', upsert([pointOf([1, 2, 3])]), `${dimension} 3`],
    ['an empty vector', upsert([pointOf([])]), `${dimension} 0`],
    ['a good point and a bad one', upsert([pointOf(VECTOR), pointOf([1])]), `${dimension} 1`],
    ['no points', upsert([]), 'Bad request: Empty update request'],
    ['a bad UUID', upsert([pointOf(VECTOR, uuidOf('x') as never)]), /is not a valid point ID/],
    ['NaN in a payload', upsert([unfinished as never]), /numbers are finite/],
  ];
  return refusals.map(([what, request, text]) => bad(what, request, INVALID_ARGUMENT, text));
}

function queryCases(): BadGrpcRequest[] {
  const missing: Variant = {
    variant: {
      case: 'nearest',
      value: { variant: { case: 'id', value: idOf(424_242n) } },
    },
  };
  return [
    bad('NaN in a query', search({ vector: [1, 2, 3, Number.NaN] }), INVALID_ARGUMENT, /finite/),
    bad('a query too short', search({ vector: [1] }), INVALID_ARGUMENT, /expected dim: 4, got 1/),
    bad('a limit of 0', search({ limit: 0n }), INVALID_ARGUMENT, /limit: value 0 invalid/),
    bad('a threshold of NaN', search({ scoreThreshold: Number.NaN }), INVALID_ARGUMENT, /finite/),
    bad('an ef of 0', search({ params: { hnswEf: 0n } }), INVALID_ARGUMENT, /hnsw_ef: value 0/),
    bad('a timeout of 0', search({ timeout: 0n }), INVALID_ARGUMENT, /timeout: value 0 invalid/),
    bad(
      'an unknown vector name',
      search({ vectorName: 'foo' }),
      INVALID_ARGUMENT,
      'Wrong input: Not existing vector name error: foo',
    ),
    bad(
      'an id that is not there',
      query({ query: missing }),
      NOT_FOUND,
      'Not found: No point with id 424242 found',
    ),
    bad('a query of no kind', query({ query: {} }), INVALID_ARGUMENT, /expected a query/),
    bad(
      'an unknown collection',
      query({ collectionName: 'none', query: nearest(VECTOR) }),
      NOT_FOUND,
      "Not found: Collection `none` doesn't exist!",
    ),
  ];
}

function filterCases(): BadGrpcRequest[] {
  const nested = (levels: number): Filter =>
    levels === 0
      ? FILTER
      : { must: [{ conditionOneOf: { case: 'filter', value: nested(levels - 1) } }] };
  const range = { key: 'a', range: { gt: Number.NaN } };
  return [
    bad(
      'a condition of no kind',
      count({ must: [{}] }),
      INVALID_ARGUMENT,
      /some form of condition/,
    ),
    bad(
      'a range from NaN',
      count({ must: [{ conditionOneOf: { case: 'field', value: range } }] }),
      INVALID_ARGUMENT,
      /not a number/,
    ),
    bad(
      'a bad path',
      count({ must: [{ conditionOneOf: { case: 'isEmpty', value: { key: 'a..b' } } }] }),
      INVALID_ARGUMENT,
      /invalid JSON path/,
    ),
    bad(
      'nested without a filter',
      count({ must: [{ conditionOneOf: { case: 'nested', value: { key: 'a' } } }] }),
      INVALID_ARGUMENT,
      /expected a filter/,
    ),
    bad('filters nested 40 deep', count(nested(40)), INVALID_ARGUMENT, /nested 32 deep/),
    bad('filters nested 400 deep', count(nested(400)), INVALID_ARGUMENT, /Format error/),
  ];
}

function collectionCases(): BadGrpcRequest[] {
  const update = create(UpdateCollectionSchema, {
    collectionName: 'kept',
    hnswConfig: { efConstruct: 1n },
  });
  return [
    bad(
      'a collection that is there',
      make('kept', 4n),
      ALREADY_EXISTS,
      'Wrong input: Collection `kept` already exists!',
    ),
    bad('a name with a slash', make('a/b', 4n), INVALID_ARGUMENT, /\[name: /),
    bad('no name', make('', 4n), INVALID_ARGUMENT, /\[name: /),
    bad('a size of 0', make('unmade', 0n), INVALID_ARGUMENT, /vectors\.size: value 0 invalid/),
    bad('a size of 2^63', make('unmade', 2n ** 63n), INVALID_ARGUMENT, /vectors\.size/),
    bad(
      'an unknown distance',
      make('unmade', 4n, Distance.UnknownDistance),
      INVALID_ARGUMENT,
      /vectors\.distance/,
    ),
    bad(
      'an ef_construct of 1',
      {
        path: '/qdrant.Collections/Update',
        message: toBinary(UpdateCollectionSchema, update),
      },
      INVALID_ARGUMENT,
      /ef_construct: value 1 invalid/,
    ),
  ];
}
