// Values of every shape the codecs know, for property tests.

import {
  collectionId,
  type Entry,
  type JsonObject,
  type NamedVectors,
  type Point,
  type PointId,
  type PointOperation,
  type PointSelector,
  type Projection,
  parseJson,
  peerId,
  pointIdFromBigInt,
  type Scoring,
  type SearchQuery,
  sequence,
  shardId,
  stringifyJson,
  type VectorValue,
} from '@tributary/model';
import { filtersOver } from '@tributary/model/conformance';
import fc from 'fast-check';
import { bucketCalls } from './buckets.test-support.ts';
import { vectorIndexInfos } from './explanation.test-support.ts';
import { fieldIndexes, payloadSchemas } from './field-index.test-support.ts';
import type { Introduction, ReplicaCall, ReplicaInfo } from './messages.ts';
import { textScorings } from './text-scoring.test-support.ts';
import { vectorShapes } from './vector-shape.test-support.ts';

const safeInteger = fc.maxSafeNat();

export const pointIds: fc.Arbitrary<PointId> = fc.oneof(
  safeInteger,
  fc.bigInt(0n, 2n ** 64n - 1n).map((value) => pointIdFromBigInt(value) ?? 0),
  fc.uuid(),
);

const denseVectors = fc.float32Array({ maxLength: 9, noNaN: true });

export const vectorValues: fc.Arbitrary<VectorValue> = fc.oneof(
  { weight: 2, arbitrary: denseVectors },
  fc
    .uniqueArray(fc.nat(0xffff_ffff), { maxLength: 5 })
    .chain((indices) =>
      fc
        .float32Array({ minLength: indices.length, maxLength: indices.length, noNaN: true })
        .map((values) => ({ indices: Uint32Array.from(indices).sort(), values })),
    ),
  fc.record({ size: fc.integer({ min: 1, max: 3 }), rows: denseVectors }),
);

export const vectors: fc.Arbitrary<NamedVectors> = fc.dictionary(
  fc.constantFrom('', 'text', 'bild-ü', '__proto__'),
  vectorValues,
);

const payloads = fc
  .dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 })
  .map((value): JsonObject => {
    const parsed = parseJson(JSON.stringify(value));
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? (parsed as JsonObject)
      : {};
  });

const payloadBytes = fc.oneof(
  fc.constant(new Uint8Array(0)),
  payloads.map((payload) => new TextEncoder().encode(stringifyJson(payload))),
);

export const points: fc.Arbitrary<Point> = fc.record({
  id: pointIds,
  vectors,
  payload: payloadBytes,
});

export const filters = filtersOver(fc.string(), pointIds);

const selectors: fc.Arbitrary<PointSelector> = fc.oneof(
  fc.record({ kind: fc.constant('ids' as const), ids: fc.array(pointIds) }),
  fc.record({ kind: fc.constant('filter' as const), filter: filters }),
);

export const operations: fc.Arbitrary<PointOperation> = fc.oneof(
  fc.record(
    {
      kind: fc.constant('upsert' as const),
      points: fc.array(points, { maxLength: 4 }),
      mode: fc.constantFrom('insertOnly' as const, 'updateOnly' as const),
      updateFilter: filters,
    },
    { requiredKeys: ['kind', 'points'] },
  ),
  fc.record(
    {
      kind: fc.constant('updateVectors' as const),
      points: fc.array(fc.record({ id: pointIds, vectors }), { maxLength: 4 }),
      updateFilter: filters,
    },
    { requiredKeys: ['kind', 'points'] },
  ),
  fc.record({
    kind: fc.constant('deleteVectors' as const),
    selector: selectors,
    names: fc.array(fc.string()),
  }),
  fc.record({
    kind: fc.constant('createFieldIndex' as const),
    field: fc.string(),
    index: fieldIndexes,
  }),
  fc.record({ kind: fc.constant('deleteFieldIndex' as const), field: fc.string() }),
  fc.record({
    kind: fc.constant('createVectorName' as const),
    name: fc.string(),
    shape: vectorShapes,
    revision: fc.maxSafeNat(),
  }),
  fc.record({
    kind: fc.constant('deleteVectorName' as const),
    name: fc.string(),
    revision: fc.maxSafeNat(),
  }),
  fc.record({ kind: fc.constant('delete' as const), selector: selectors }),
  fc.record(
    {
      kind: fc.constant('setPayload' as const),
      selector: selectors,
      payload: payloads,
      key: fc.string(),
    },
    { requiredKeys: ['kind', 'selector', 'payload'] },
  ),
  fc.record(
    {
      kind: fc.constant('overwritePayload' as const),
      selector: selectors,
      payload: payloads,
      key: fc.string(),
    },
    { requiredKeys: ['kind', 'selector', 'payload'] },
  ),
  fc.record({
    kind: fc.constant('deletePayload' as const),
    selector: selectors,
    keys: fc.array(fc.string()),
  }),
  fc.record({ kind: fc.constant('clearPayload' as const), selector: selectors }),
);

export const entries: fc.Arbitrary<Entry> = fc.record({
  operationId: fc.string({ maxLength: 64 }),
  timeMs: safeInteger,
  operations: fc.array(operations, { maxLength: 4 }),
});

const projections: fc.Arbitrary<Projection> = fc.record({
  payload: fc.oneof(
    fc.constant({ kind: 'none' as const }),
    fc.constant({ kind: 'all' as const }),
    fc.record({ kind: fc.constant('include' as const), keys: fc.array(fc.string()) }),
    fc.record({
      kind: fc.constantFrom('exclude' as const, 'values'),
      keys: fc.array(fc.string()),
    }),
  ),
  vectors: fc.oneof(
    fc.constant({ kind: 'none' as const }),
    fc.constant({ kind: 'all' as const }),
    fc.record({ kind: fc.constant('names' as const), names: fc.array(fc.string()) }),
  ),
});

const limits = fc.nat();
const vectorLists = fc.array(vectorValues, { maxLength: 3 });
const contexts = fc.array(fc.record({ positive: vectorValues, negative: vectorValues }), {
  maxLength: 3,
});
const scorings: fc.Arbitrary<Scoring> = fc.oneof(
  fc.record({ kind: fc.constant('nearest' as const), vector: vectorValues }),
  fc.record({
    kind: fc.constantFrom('bestScore' as const, 'sumScores'),
    positives: vectorLists,
    negatives: vectorLists,
  }),
  fc.record({ kind: fc.constant('discover' as const), target: vectorValues, context: contexts }),
  fc.record({ kind: fc.constant('context' as const), context: contexts }),
  fc.record({
    kind: fc.constant('weightedSum' as const),
    terms: fc.array(fc.record({ example: vectorValues, weight: fc.double({ noNaN: true }) }), {
      maxLength: 3,
    }),
  }),
);
const queryFields = {
  using: fc.string(),
  filter: filters,
  limit: limits,
  scoreThreshold: fc.double({ noNaN: true }),
  params: fc.record(
    {
      hnswEf: fc.nat(),
      exact: fc.boolean(),
      indexedOnly: fc.boolean(),
      quantization: fc.record(
        {
          ignore: fc.boolean(),
          rescore: fc.boolean(),
          oversampling: fc.double({ min: 1, noNaN: true }),
        },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: [] },
  ),
  projection: projections,
};
const needed = ['scoring', 'using', 'limit', 'params', 'projection'] as const;
const queries: fc.Arbitrary<SearchQuery> = fc.oneof(
  fc.record({ scoring: scorings, ...queryFields }, { requiredKeys: [...needed] }),
  fc.record({ scoring: textScorings, ...queryFields }, { requiredKeys: [...needed] }),
);

export const addresses = fc.record({
  collection: fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/).map(collectionId),
  shard: fc.nat(1_000).map(shardId),
});

export const calls: fc.Arbitrary<ReplicaCall> = fc.oneof(
  fc.record({ kind: fc.constant('search' as const), queries: fc.array(queries, { maxLength: 3 }) }),
  fc.record({
    kind: fc.constant('retrieve' as const),
    ids: fc.array(pointIds),
    projection: projections,
  }),
  fc.record({
    kind: fc.constant('scroll' as const),
    query: fc.record(
      {
        filter: filters,
        offset: pointIds,
        limit: limits,
        projection: projections,
        orderBy: fc.record(
          {
            key: fc.string(),
            direction: fc.constantFrom('asc' as const, 'desc' as const),
            startFrom: fc.oneof(
              fc.double({ noNaN: true }),
              fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }),
            ),
          },
          { requiredKeys: ['key', 'direction'] },
        ),
      },
      { requiredKeys: ['limit', 'projection'] },
    ),
  }),
  fc.record({
    kind: fc.constant('sample' as const),
    query: fc.record(
      { filter: filters, limit: limits, seed: fc.double({ noNaN: true }), projection: projections },
      { requiredKeys: ['limit', 'seed', 'projection'] },
    ),
  }),
  fc.record({
    kind: fc.constant('facet' as const),
    query: fc.record(
      { key: fc.string(), filter: filters, limit: limits },
      { requiredKeys: ['key', 'limit'] },
    ),
  }),
  fc.record({
    kind: fc.constant('termStatistics' as const),
    query: fc.record(
      { using: fc.string(), indices: fc.uint32Array(), filter: filters },
      { requiredKeys: ['using', 'indices'] },
    ),
  }),
  fc.record({
    kind: fc.constant('textStatistics' as const),
    query: fc.record(
      { field: fc.string(), text: fc.string(), filter: filters },
      { requiredKeys: ['field', 'text'] },
    ),
  }),
  fc.record({ kind: fc.constant('count' as const), filter: filters }, { requiredKeys: ['kind'] }),
  fc.record(
    { kind: fc.constant('explain' as const), filter: filters, query: queries },
    { requiredKeys: ['kind'] },
  ),
  fc.constant({ kind: 'info' as const }),
  fc.constant({ kind: 'verify' as const }),
  bucketCalls,
);

const recordFields = {
  id: pointIds,
  version: safeInteger.map(sequence),
  payload: payloadBytes,
  vectors,
  orderValue: fc.double({ noNaN: true }),
};
export const records = fc.record(recordFields, {
  requiredKeys: ['id', 'version'],
});
export const hits = fc.record(
  { ...recordFields, score: fc.float({ noNaN: true }) },
  { requiredKeys: ['id', 'version', 'score'] },
);

export const infos: fc.Arbitrary<ReplicaInfo> = fc.record(
  {
    appliedSequence: safeInteger.map(sequence),
    appliedCount: safeInteger,
    contentHash: fc.string(),
    pointsCount: safeInteger,
    indexedVectorsCount: safeInteger,
    segmentsCount: safeInteger,
    memoryBytes: safeInteger,
    optimizing: fc.boolean(),
    payloadSchema: payloadSchemas,
    payloadIndexPoints: fc.dictionary(fc.string(), safeInteger, { maxKeys: 3 }),
    vectorIndexes: fc.dictionary(fc.string(), vectorIndexInfos, { maxKeys: 3 }),
    payloadIndexBytes: safeInteger,
    tableBytes: safeInteger,
    payloadBytes: safeInteger,
    queuedEntries: safeInteger,
    halted: fc.string(),
  },
  {
    requiredKeys: [
      'appliedSequence',
      'appliedCount',
      'contentHash',
      'pointsCount',
      'indexedVectorsCount',
      'segmentsCount',
      'memoryBytes',
      'optimizing',
      'payloadSchema',
      'payloadIndexPoints',
      'vectorIndexes',
      'payloadIndexBytes',
      'tableBytes',
      'payloadBytes',
      'queuedEntries',
    ],
  },
);

export const facetHits = fc.record({
  value: fc.oneof(fc.string(), fc.boolean(), fc.integer(), fc.bigInt(2n ** 54n, 2n ** 63n - 1n)),
  count: safeInteger,
});

export const termStatistics = fc.record({
  points: safeInteger,
  frequencies: fc.array(safeInteger),
});

export const peers = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }).map(peerId);

export const introductions: fc.Arbitrary<Introduction> = fc.record({
  peer: peers,
  version: fc.string(),
  natsUrls: fc.array(fc.webUrl()),
});
