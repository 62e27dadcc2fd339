// Good and bad gRPC requests of the methods beyond plain search and upsert; collections as in `grpc-cases.ts`.

import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import * as client from '@qdrant/js-client-grpc';
import type { BadGrpcRequest, GrpcRequest } from './grpc-cases.ts';

const INVALID_ARGUMENT = 3;
const NOT_FOUND = 5;
const UNIMPLEMENTED = 12;

const KEPT = { collectionName: 'kept' } as const;
const SCRATCH = { collectionName: 'scratch', wait: true } as const;
const idOf = (num: bigint) => ({ pointIdOptions: { case: 'num' as const, value: num } });
const input = (num: bigint) => ({ variant: { case: 'id' as const, value: idOf(num) } });
const idsOf = (...ids: bigint[]) => ({
  pointsSelectorOneOf: { case: 'points' as const, value: { ids: ids.map(idOf) } },
});
const dense = { vector: { case: 'dense' as const, value: { data: [1, 2, 3, 4] } } };
const vectors = { vectorsOptions: { case: 'vector' as const, value: dense } };

function call<S extends DescMessage>(
  method: string,
  schema: S,
  init: MessageInitShape<S>,
): GrpcRequest {
  const message = toBinary(schema, create(schema, init));
  return { path: `/qdrant.${method}`, message };
}

type Variant = NonNullable<MessageInitShape<typeof client.QuerySchema>['variant']>;
type QueryInit = MessageInitShape<typeof client.QueryPointsSchema>;

function query(variant: Variant | undefined, init: Omit<QueryInit, '$typeName'> = {}): GrpcRequest {
  const asked = variant === undefined ? {} : { query: { variant } };
  return call('Points/Query', client.QueryPointsSchema, { ...KEPT, ...asked, ...init });
}

const nearest: Variant = { case: 'nearest', value: input(1n) };
const prefetch = [{ query: { variant: nearest } }];
const pairs = [{ positive: input(1n), negative: input(2n) }];

export const API_READS: readonly GrpcRequest[] = [
  query({ case: 'recommend', value: { positive: [input(1n)], negative: [input(2n)] } }),
  query({ case: 'discover', value: { target: input(1n), context: { pairs } } }),
  query({ case: 'fusion', value: client.Fusion.DBSF }, { prefetch }),
  query({ case: 'sample', value: client.Sample.Random }),
  query({ case: 'nearestWithMmr', value: { nearest: input(1n), mmr: { diversity: 0.5 } } }),
  query(
    {
      case: 'formula',
      value: { expression: { variant: { case: 'variable', value: '$score' } } },
    },
    { prefetch },
  ),
  call('Points/QueryGroups', client.QueryPointGroupsSchema, {
    ...KEPT,
    query: { variant: nearest },
    groupBy: 'a',
  }),
  call('Points/Recommend', client.RecommendPointsSchema, {
    ...KEPT,
    positive: [idOf(1n)],
    limit: 2n,
  }),
  call('Points/Discover', client.DiscoverPointsSchema, {
    ...KEPT,
    context: [
      {
        positive: { example: { case: 'id', value: idOf(1n) } },
        negative: { example: { case: 'id', value: idOf(2n) } },
      },
    ],
    limit: 2n,
  }),
  call('Points/SearchMatrixPairs', client.SearchMatrixPointsSchema, { ...KEPT, sample: 4n }),
  call('Points/SearchMatrixOffsets', client.SearchMatrixPointsSchema, { ...KEPT, sample: 4n }),
  call('Collections/ListCollectionAliases', client.ListCollectionAliasesRequestSchema, KEPT),
];

export const API_WRITES: readonly GrpcRequest[] = [
  call('Points/UpdateVectors', client.UpdatePointVectorsSchema, {
    ...SCRATCH,
    points: [{ id: idOf(1n), vectors }],
  }),
  call('Points/UpdateBatch', client.UpdateBatchPointsSchema, {
    ...SCRATCH,
    operations: [
      { operation: { case: 'upsert', value: { points: [{ id: idOf(1n), vectors }] } } },
      { operation: { case: 'deletePoints', value: { points: idsOf(9n) } } },
    ],
  }),
  call('Points/CreateFieldIndex', client.CreateFieldIndexCollectionSchema, {
    ...SCRATCH,
    fieldName: 'n',
    fieldType: client.FieldType.FieldTypeInteger,
  }),
  call('Points/DeleteFieldIndex', client.DeleteFieldIndexCollectionSchema, {
    ...SCRATCH,
    fieldName: 'n',
  }),
  call('Points/CreateVectorName', client.CreateVectorNameRequestSchema, {
    ...SCRATCH,
    vectorName: 'late',
    vectorConfig: {
      case: 'denseConfig',
      value: { size: 4n, distance: client.Distance.Dot },
    },
  }),
  call('Points/DeleteVectorName', client.DeleteVectorNameRequestSchema, {
    ...SCRATCH,
    vectorName: 'late',
  }),
];

function bad(
  what: string,
  request: GrpcRequest,
  text: string | RegExp,
  code = INVALID_ARGUMENT,
): BadGrpcRequest {
  return { what, ...request, code, text };
}

const sparse = { vector: { case: 'sparse' as const, value: { indices: [1, 1], values: [1, 2] } } };
const several = {
  vector: { case: 'multiDense' as const, value: { vectors: [{ data: [1] }, {}] } },
};
const upsertOf = (value: MessageInitShape<typeof client.VectorSchema>) =>
  call('Points/Upsert', client.UpsertPointsSchema, {
    ...KEPT,
    points: [{ id: idOf(1n), vectors: { vectorsOptions: { case: 'vector', value } } }],
  });
const index = (fieldName: string) =>
  call('Points/CreateFieldIndex', client.CreateFieldIndexCollectionSchema, {
    ...KEPT,
    fieldName,
    fieldIndexParams: {
      indexParams: { case: 'integerIndexParams', value: { lookup: false, range: false } },
    },
  });

export const BAD_API_REQUESTS: readonly BadGrpcRequest[] = [
  bad('a sparse vector with an index twice', upsertOf(sparse), /must be unique/),
  bad('a multivector of several sizes', upsertOf(several), /same size/),
  bad('a multivector of nothing', upsertOf({ data: [], vectorsCount: 0 }), /cannot be 0 vectors/),
  bad('a sparse vector for a dense one', upsertOf({ data: [1], indices: { data: [1] } }), /dense/),
  bad(
    'a new vector of no kind',
    call('Points/CreateVectorName', client.CreateVectorNameRequestSchema, {
      ...KEPT,
      vectorName: 'late',
    }),
    /either `dense` or `sparse`/,
  ),
  bad(
    'a new vector of no size',
    call('Points/CreateVectorName', client.CreateVectorNameRequestSchema, {
      ...KEPT,
      vectorName: 'late',
      vectorConfig: { case: 'denseConfig', value: { distance: client.Distance.Dot } },
    }),
    /dense.size: value 0 invalid/,
  ),
  bad(
    'a vector without a name',
    call('Points/DeleteVectorName', client.DeleteVectorNameRequestSchema, KEPT),
    /vector_name: value "" invalid/,
  ),
  bad('a text to embed', upsertOf({ vector: { case: 'document', value: {} } }), /inference/),
  bad('fusion of nothing', query({ case: 'fusion', value: 0 }), /without prefetches/),
  bad('an unknown fusion', query({ case: 'fusion', value: 9 as never }, { prefetch }), /fusion/),
  bad(
    'fusion with a vector name',
    query({ case: 'fusion', value: 0 }, { prefetch, using: 'a' }),
    /cannot be combined/,
  ),
  bad(
    'two weights for one prefetch',
    query({ case: 'rrf', value: { weights: [1, 2] } }, { prefetch }),
    /their number must be the same/,
  ),
  bad('prefetches without a query', query(undefined, { prefetch }), /A query is needed to merge/),
  bad('a recommendation of nothing', query({ case: 'recommend', value: {} }), /positive example/),
  bad(
    'an example that is not there',
    query({ case: 'context', value: { pairs: [{ ...pairs[0], negative: input(424_242n) }] } }),
    'Not found: No point with id 424242 found',
    NOT_FOUND,
  ),
  bad(
    'an unknown collection to look vectors up in',
    query(nearest, { lookupFrom: { collectionName: 'none' } }),
    /none/,
    NOT_FOUND,
  ),
  bad(
    'an order without an index',
    query({ case: 'orderBy', value: { key: 'unindexed' } }),
    /No range index/,
  ),
  bad(
    'a formula without a base',
    query({ case: 'formula', value: {} }, { prefetch }),
    /expression/,
  ),
  bad(
    'a diversity of 2',
    query({ case: 'nearestWithMmr', value: { nearest: input(1n), mmr: { diversity: 2 } } }),
    /diversity/,
  ),
  bad(
    'an oversampling below 1',
    query(nearest, { params: { quantization: { oversampling: 0.5 } } }),
    /oversampling/,
  ),
  bad(
    'groups of no field',
    call('Points/QueryGroups', client.QueryPointGroupsSchema, { ...KEPT, groupBy: '' }),
    /group_by/,
  ),
  bad(
    'a facet without an index',
    call('Points/Facet', client.FacetCountsSchema, { ...KEPT, key: 'unindexed' }),
    /No appropriate index for faceting/,
  ),
  bad(
    'a sample of one',
    call('Points/SearchMatrixPairs', client.SearchMatrixPointsSchema, { ...KEPT, sample: 1n }),
    /sample/,
  ),
  bad('an integer index for nothing', index('n'), /lookup and range/),
  bad('an index of no path', index('a..b'), /path/),
  bad(
    'an operation of no kind in a batch',
    call('Points/UpdateBatch', client.UpdateBatchPointsSchema, { ...KEPT, operations: [{}] }),
    /expected an operation/,
  ),
  bad(
    'no names of vectors to delete',
    call('Points/DeleteVectors', client.DeletePointVectorsSchema, {
      ...KEPT,
      pointsSelector: idsOf(1n),
    }),
    /vector names/,
  ),
  bad(
    'an alias of nothing',
    call('Collections/UpdateAliases', client.ChangeAliasesSchema, {
      actions: [
        {
          action: { case: 'createAlias', value: { collectionName: 'none', aliasName: 'alias' } },
        },
      ],
    }),
    /none/,
    NOT_FOUND,
  ),
  bad(
    'snapshots',
    { path: '/qdrant.Snapshots/Create', message: new Uint8Array(0) },
    /does not support snapshots/,
    UNIMPLEMENTED,
  ),
];
