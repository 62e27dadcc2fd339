// Good gRPC requests of the methods that the tables of bad ones leave out, and of every variant of a query; with those
// of the tables they are what generated bad ones are made of. Collections as in `grpc-cases.ts`, `rank` has an integer
// index.

import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import * as client from '@qdrant/js-client-grpc';
import type { GrpcRequest } from './grpc-cases.ts';

const KEPT = { collectionName: 'kept' } as const;
const SCRATCH = { collectionName: 'scratch', wait: true } as const;
const VECTOR = [1, 2, 3, 4];
const idOf = (num: bigint) => ({ pointIdOptions: { case: 'num' as const, value: num } });
const input = (num: bigint) => ({ variant: { case: 'id' as const, value: idOf(num) } });
const pointsOf = (...ids: bigint[]) => ({
  pointsSelectorOneOf: { case: 'points' as const, value: { ids: ids.map(idOf) } },
});
const exampleOf = (num: bigint) => ({ example: { case: 'id' as const, value: idOf(num) } });
const text = (value: string) => ({ kind: { case: 'stringValue' as const, value } });

type Variant = NonNullable<MessageInitShape<typeof client.QuerySchema>['variant']>;
type ExpressionInit = MessageInitShape<typeof client.ExpressionSchema>;

function call<S extends DescMessage>(
  method: string,
  schema: S,
  init: MessageInitShape<S>,
): GrpcRequest {
  return { path: `/qdrant.${method}`, message: toBinary(schema, create(schema, init)) };
}

const nearest: Variant = { case: 'nearest', value: input(1n) };
const prefetch = [
  { query: { variant: nearest }, limit: 5n },
  { query: { variant: { case: 'nearest' as const, value: input(4n) } }, scoreThreshold: 0.1 },
];
const constant: ExpressionInit = { variant: { case: 'constant', value: 2 } };
const score: ExpressionInit = { variant: { case: 'variable', value: '$score' } };
const FORMULA: ExpressionInit = {
  variant: {
    case: 'sum',
    value: {
      sum: [
        { variant: { case: 'mult', value: { mult: [score, constant] } } },
        { variant: { case: 'div', value: { left: score, right: constant, byZeroDefault: 1 } } },
        { variant: { case: 'pow', value: { base: constant, exponent: constant } } },
        { variant: { case: 'expDecay', value: { x: score, target: constant, scale: 2 } } },
        { variant: { case: 'neg', value: { variant: { case: 'ln', value: constant } } } },
      ],
    },
  },
};

/** Of a query with these prefetches where it needs some. */
const VARIANTS: readonly Variant[] = [
  { case: 'recommend', value: { positive: [input(1n)], negative: [input(2n)], strategy: 2 } },
  { case: 'context', value: { pairs: [{ positive: input(1n), negative: input(2n) }] } },
  { case: 'orderBy', value: { key: 'rank', startFrom: { value: { case: 'integer', value: 4n } } } },
  { case: 'rrf', value: { k: 3, weights: [1, 2] } },
  { case: 'formula', value: { expression: FORMULA, defaults: { a: text('x') } } },
  {
    case: 'relevanceFeedback',
    value: {
      target: input(1n),
      feedback: [
        { example: input(2n), score: 0.9 },
        { example: input(3n), score: 0.1 },
      ],
      strategy: { variant: { case: 'naive', value: { a: 1, b: 0.5, c: 0.2 } } },
    },
  },
];

const grouped = { groupBy: 'rank', groupSize: 2, limit: 3 } as const;
const recommend = { ...KEPT, positive: [idOf(1n)], negative: [idOf(2n)], limit: 2n };

export const SEED_READS: readonly GrpcRequest[] = [
  ...VARIANTS.map((variant) => {
    const needed = variant.case === 'rrf' || variant.case === 'formula' ? { prefetch } : {};
    return call('Points/Query', client.QueryPointsSchema, {
      ...KEPT,
      query: { variant },
      ...needed,
    });
  }),
  call('Points/SearchGroups', client.SearchPointGroupsSchema, {
    ...KEPT,
    vector: VECTOR,
    ...grouped,
    withLookup: { collection: 'kept' },
  }),
  call('Points/RecommendBatch', client.RecommendBatchPointsSchema, {
    ...KEPT,
    recommendPoints: [recommend],
  }),
  call('Points/RecommendGroups', client.RecommendPointGroupsSchema, {
    ...KEPT,
    positive: [idOf(1n)],
    ...grouped,
  }),
  call('Points/DiscoverBatch', client.DiscoverBatchPointsSchema, {
    ...KEPT,
    discoverPoints: [
      {
        ...KEPT,
        target: { target: { case: 'single', value: exampleOf(1n) } },
        context: [{ positive: exampleOf(1n), negative: exampleOf(2n) }],
        limit: 2n,
      },
    ],
  }),
  call('Points/Facet', client.FacetCountsSchema, { ...KEPT, key: 'rank', limit: 4n }),
  call('Collections/List', client.ListCollectionsRequestSchema, {}),
  call('Collections/ListAliases', client.ListAliasesRequestSchema, {}),
  call('Collections/CollectionClusterInfo', client.CollectionClusterInfoRequestSchema, KEPT),
];

export const SEED_WRITES: readonly GrpcRequest[] = [
  call('Points/OverwritePayload', client.SetPayloadPointsSchema, {
    ...SCRATCH,
    payload: { n: text('x') },
    pointsSelector: pointsOf(1n),
  }),
  call('Points/ClearPayload', client.ClearPayloadPointsSchema, {
    ...SCRATCH,
    points: pointsOf(2n),
  }),
  call('Points/DeleteVectors', client.DeletePointVectorsSchema, {
    ...SCRATCH,
    pointsSelector: pointsOf(3n),
    vectors: { names: [''] },
  }),
  call('Collections/Update', client.UpdateCollectionSchema, {
    collectionName: 'scratch',
    optimizersConfig: { indexingThreshold: 10_000n },
    hnswConfig: { m: 16n },
    params: { onDiskPayload: true },
    metadata: { a: text('x') },
  }),
  call('Collections/UpdateAliases', client.ChangeAliasesSchema, {
    actions: [
      {
        action: {
          case: 'createAlias',
          value: { collectionName: 'scratch', aliasName: 'another' },
        },
      },
      { action: { case: 'deleteAlias', value: { aliasName: 'another' } } },
    ],
  }),
];
