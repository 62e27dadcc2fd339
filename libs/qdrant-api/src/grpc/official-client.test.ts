// The codecs against the messages of Qdrant's official client: what it encodes is read here, and what is written here
// it decodes.

import assert from 'node:assert/strict';
import test from 'node:test';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import * as client from '@qdrant/js-client-grpc';
import type { GivenVector, Point, ScoredPoint } from '@tributary/model';
import {
  compileFilter,
  NO_PAYLOAD,
  payloadToBytes,
  peerId,
  sequence,
  shardId,
} from '@tributary/model';
import { atOnce } from '@tributary/runtime';
import { parseCreateCollection } from '../requests/create-collection.ts';
import { createCollectionOf, updateCollectionOf } from './collection-requests.ts';
import { collectionClusterResponse, collectionInfoResponse } from './collection-responses.ts';
import { readParametersOf, writeParametersOf } from './parameters.ts';
import { scoredResponse, scrollResponse, updateResponse } from './points-responses.ts';
import { queryOf } from './query-requests.ts';
import { countOf, scrollOf } from './read-requests.ts';
import { searchOf } from './search-requests.ts';
import { collectionsService, pointsService } from './services.ts';
import { setPayloadMessageSteps, upsertMessageSteps } from './write-requests.ts';

const OWNER: Record<string, MessageInitShape<typeof client.ValueSchema>> = {
  owner: { kind: { case: 'stringValue', value: 'x' } },
};
const UUID = '550e8400-e29b-41d4-a716-446655440000';

function idMessage(id: bigint | string): MessageInitShape<typeof client.PointIdSchema> {
  return typeof id === 'bigint'
    ? { pointIdOptions: { case: 'num', value: id } }
    : { pointIdOptions: { case: 'uuid', value: id } };
}

function decodeUpsert(points: MessageInitShape<typeof client.PointStructSchema>[]) {
  const message = create(client.UpsertPointsSchema, {
    collectionName: 'c',
    points: points.map((each) => create(client.PointStructSchema, each)),
  });
  const bytes = Buffer.from(toBinary(client.UpsertPointsSchema, message));
  return atOnce(upsertMessageSteps(pointsService.upsert.requestDeserialize(bytes))).points;
}

test('points come in with exact ids, in the old and the new form of a vector', () => {
  type Vectors = MessageInitShape<typeof client.VectorsSchema>;
  const dense: MessageInitShape<typeof client.VectorSchema> = {
    vector: { case: 'dense', value: { data: [0.5, -3] } },
  };
  const old: Vectors = { vectorsOptions: { case: 'vector', value: { data: [1, 2] } } };
  const unnamed: Vectors = { vectorsOptions: { case: 'vector', value: dense } };
  const named: Vectors = {
    vectorsOptions: { case: 'vectors', value: { vectors: { a: dense } } },
  };
  const points: readonly Point<GivenVector>[] = decodeUpsert([
    { id: idMessage(2n ** 64n - 1n), vectors: old },
    { id: idMessage(7n), vectors: unnamed },
    { id: idMessage(UUID.toUpperCase()), vectors: named },
  ]);
  assert.deepEqual(points, [
    { id: 2n ** 64n - 1n, vectors: { '': Float32Array.of(1, 2) }, payload: NO_PAYLOAD },
    { id: 7, vectors: { '': Float32Array.of(0.5, -3) }, payload: NO_PAYLOAD },
    { id: UUID, vectors: { a: Float32Array.of(0.5, -3) }, payload: NO_PAYLOAD },
  ]);
});

test('vectors that are not finite are refused', () => {
  const vector = (value: MessageInitShape<typeof client.VectorSchema>) => () =>
    decodeUpsert([{ id: idMessage(1n), vectors: { vectorsOptions: { case: 'vector', value } } }]);
  assert.throws(vector({ data: [1, Number.NaN] }), /finite/);
  assert.throws(vector({ data: [Number.POSITIVE_INFINITY] }), /finite/);
  assert.throws(() => decodeUpsert([]), /Empty update request/);
});

test('scored points go out as the client reads them, in the old and the new form', () => {
  const point: ScoredPoint = {
    id: 2n ** 64n - 1n,
    version: sequence(12),
    score: Math.fround(0.1),
    payload: payloadToBytes({ a: 1 }),
    vectors: { '': Float32Array.of(1, 2) },
  };
  const uuid: ScoredPoint = { ...point, id: UUID, vectors: { a: Float32Array.of(3) } };
  const bytes = pointsService.query.responseSerialize(scoredResponse([point, uuid], 0.25));
  const { result, time } = fromBinary(client.QueryResponseSchema, bytes);
  assert.equal(time, 0.25);
  assert.equal(result[0]?.id?.pointIdOptions.value, 2n ** 64n - 1n);
  assert.equal(result[0]?.version, 12n);
  assert.equal(result[0]?.score, Math.fround(0.1));
  const options = result[0]?.vectors?.vectorsOptions;
  assert.ok(options?.case === 'vector');
  assert.deepEqual(options.value.data, [1, 2]);
  assert.deepEqual(client.toDenseVector(options.value)?.data, [1, 2]);
  const named = result[1]?.vectors?.vectorsOptions;
  assert.ok(named?.case === 'vectors' && named.value.vectors.a !== undefined);
  assert.deepEqual(client.toDenseVector(named.value.vectors.a)?.data, [3]);
});

test('a filter and every way to ask for nearest points become what REST makes of them', () => {
  const field = { key: 'a', match: { matchValue: { case: 'integer', value: 2n ** 60n } } } as const;
  const range = { key: 'b', range: { gte: 1.5 } };
  const search = create(client.SearchPointsSchema, {
    vector: [1, 2],
    limit: 3n,
    vectorName: 'v',
    filter: {
      must: [{ conditionOneOf: { case: 'field', value: field } }],
      mustNot: [
        { conditionOneOf: { case: 'field', value: range } },
        { conditionOneOf: { case: 'hasId', value: { hasId: [idMessage(UUID)] } } },
      ],
    },
    withPayload: { selectorOptions: { case: 'include', value: { fields: ['a'] } } },
    params: { hnswEf: 64n, exact: true },
  });
  const bytes = Buffer.from(toBinary(client.SearchPointsSchema, search));
  assert.deepEqual(searchOf(pointsService.search.requestDeserialize(bytes)), {
    prefetch: [],
    query: { kind: 'nearest', target: { kind: 'vector', vector: Float32Array.of(1, 2) } },
    using: 'v',
    filter: {
      must: [{ kind: 'match', key: 'a', value: 2n ** 60n }],
      mustNot: [
        { kind: 'range', key: 'b', range: { gte: 1.5 } },
        { kind: 'hasId', ids: [UUID] },
      ],
    },
    limit: 3,
    offset: 0,
    params: { hnswEf: 64, exact: true },
    projection: { payload: { kind: 'include', keys: ['a'] }, vectors: { kind: 'none' } },
  });
});

function decodeFilter(filter: MessageInitShape<typeof client.FilterSchema>) {
  const message = create(client.CountPointsSchema, { collectionName: 'c', filter });
  const bytes = Buffer.from(toBinary(client.CountPointsSchema, message));
  return countOf(pointsService.count.requestDeserialize(bytes)).filter;
}

test('infinite bounds of a range say what they mean, and NaN says nothing', () => {
  const range = (bounds: MessageInitShape<typeof client.RangeSchema>) => {
    const field = { key: 'n', range: bounds };
    const filter = decodeFilter({ must: [{ conditionOneOf: { case: 'field', value: field } }] });
    const holds = compileFilter(filter ?? {});
    return [-1e300, 0, 1e300].map((n) => holds({ id: 1, payload: { n } }));
  };
  const all = [true, true, true];
  const none = [false, false, false];
  assert.deepEqual(range({ lt: Infinity, gte: -Infinity }), all);
  assert.deepEqual(range({ lte: Infinity, gt: -Infinity }), all);
  for (const bounds of [
    { lt: -Infinity },
    { lte: -Infinity },
    { gt: Infinity },
    { gte: Infinity },
  ]) {
    assert.deepEqual(range(bounds), none);
  }
  assert.throws(() => range({ gt: Number.NaN }), /not a number/);
});

test('filters nested deep are refused before they can exhaust the stack', () => {
  type Filter = MessageInitShape<typeof client.FilterSchema>;
  const nested = (levels: number): Filter => {
    let filter: Filter = { must: [] };
    for (let level = 0; level < levels; level++) {
      filter = { must: [{ conditionOneOf: { case: 'filter', value: filter } }] };
    }
    return filter;
  };
  assert.ok(decodeFilter(nested(31)) !== undefined);
  assert.throws(() => decodeFilter(nested(32)), /nested 32 deep/);
  assert.throws(() => decodeFilter(nested(200)), /recursion limit/);
});

test('a string that is not UTF-8 is refused, not mended', () => {
  const text = 'x'.repeat(8);
  const damaged = (bytes: Uint8Array) => {
    const at = Buffer.from(bytes).indexOf(text);
    assert.ok(at > 0);
    return Buffer.from(bytes).fill(0xff, at, at + 1);
  };
  const count = create(client.CountPointsSchema, { collectionName: text });
  const bytes = damaged(toBinary(client.CountPointsSchema, count));
  assert.throws(() => pointsService.count.requestDeserialize(bytes), /not valid/);
  const payload = { a: { kind: { case: 'stringValue' as const, value: text } } };
  const points = [{ id: idMessage(1n), payload }];
  const upsert = create(client.UpsertPointsSchema, { collectionName: 'c', points });
  const message = damaged(toBinary(client.UpsertPointsSchema, upsert));
  assert.throws(
    () => atOnce(upsertMessageSteps(pointsService.upsert.requestDeserialize(message))),
    /payload/,
  );
});

function decodeQuery(init: MessageInitShape<typeof client.QueryPointsSchema>) {
  const bytes = toBinary(client.QueryPointsSchema, create(client.QueryPointsSchema, init));
  return queryOf(pointsService.query.requestDeserialize(Buffer.from(bytes)));
}

test('a query by vector, by id and by nothing is read, and what makes no sense is refused', () => {
  const query = (variant: MessageInitShape<typeof client.QuerySchema>['variant']) =>
    decodeQuery({ query: create(client.QuerySchema, variant === undefined ? {} : { variant }) });
  const dense = create(client.VectorInputSchema, {
    variant: { case: 'dense', value: { data: [1] } },
  });
  const id = create(client.VectorInputSchema, { variant: { case: 'id', value: idMessage(9n) } });
  const vector = Float32Array.of(1);
  const nearest = (target: object) => ({ kind: 'nearest', target });
  assert.deepEqual(
    query({ case: 'nearest', value: dense }).query,
    nearest({ kind: 'vector', vector }),
  );
  assert.deepEqual(query({ case: 'nearest', value: id }).query, nearest({ kind: 'id', id: 9 }));
  assert.equal(decodeQuery({}).query, undefined);
  assert.equal(decodeQuery({}).limit, 10);
  assert.throws(() => query({ case: 'fusion', value: client.Fusion.RRF }), /without prefetches/);
  assert.throws(() => query({ case: 'recommend', value: {} }), /positive example is required/);
  assert.throws(() => query(undefined), /expected a query/);
  assert.throws(() => decodeQuery({ prefetch: [{}] }), /A query is needed to merge the prefetches/);
  assert.throws(() => decodeQuery({ scoreThreshold: 1 }), /needed to use the score_threshold/);
  assert.throws(() => decodeQuery({ limit: 0n }), /limit: value 0 invalid, must be 1 or larger/);
});

test('parameters of writes and reads are read as REST reads them from the URL', () => {
  const write = { wait: true, ordering: { type: 2 as const }, timeout: 3n };
  assert.deepEqual(writeParametersOf(write), { wait: true, ordering: 'strong', timeoutMs: 3_000 });
  assert.deepEqual(writeParametersOf({}), { wait: false, ordering: 'weak' });
  assert.deepEqual(readParametersOf({ readConsistency: { type: 0 } }), { consistency: 'all' });
  assert.deepEqual(readParametersOf({ readConsistency: { factor: 2n } }), { consistency: 2 });
  assert.throws(() => readParametersOf({ timeout: 0n }), /timeout: value 0 invalid/);
});

test('a payload update and a scroll come in, a page and an update result go out', () => {
  const set = create(client.SetPayloadPointsSchema, {
    payload: OWNER,
    key: 'k',
    pointsSelector: { pointsSelectorOneOf: { case: 'points', value: { ids: [idMessage(1n)] } } },
  });
  const bytes = Buffer.from(toBinary(client.SetPayloadPointsSchema, set));
  assert.deepEqual(
    atOnce(setPayloadMessageSteps(pointsService.setPayload.requestDeserialize(bytes))),
    {
      kind: 'setPayload',
      selector: { kind: 'ids', ids: [1] },
      payload: { owner: 'x' },
      key: 'k',
    },
  );
  const scroll = create(client.ScrollPointsSchema, { offset: idMessage(5n), limit: 2 });
  const scrollBytes = Buffer.from(toBinary(client.ScrollPointsSchema, scroll));
  const page = scrollOf(pointsService.scroll.requestDeserialize(scrollBytes));
  assert.deepEqual([page.offset, page.limit, page.projection.payload.kind], [5, 2, 'all']);

  const answer = pointsService.scroll.responseSerialize(scrollResponse([], 9, 0));
  const { nextPageOffset } = fromBinary(client.ScrollResponseSchema, answer);
  assert.equal(nextPageOffset?.pointIdOptions.value, 9n);
  const update = updateResponse({ status: 'completed', operationId: 4 }, 0);
  const updateBytes = pointsService.upsert.responseSerialize(update);
  const { result } = fromBinary(client.PointsOperationResponseSchema, updateBytes);
  assert.deepEqual([result?.operationId, result?.status], [4n, client.UpdateStatus.Completed]);
});

const defaults = { shardNumber: 1, replicationFactor: 1, writeConsistencyFactor: 1 };

test('a collection comes in as REST makes it, and its configuration goes out complete', () => {
  const quantization = { case: 'scalar', value: { type: client.QuantizationType.Int8 } } as const;
  const params = { size: 4n, distance: client.Distance.Cosine, onDisk: true };
  const message = create(client.CreateCollectionSchema, {
    collectionName: 'c',
    vectorsConfig: { config: { case: 'paramsMap', value: { map: { a: params } } } },
    shardNumber: 6,
    hnswConfig: { m: 8n },
    optimizersConfig: { indexingThreshold: 5n },
    quantizationConfig: { quantization },
    strictModeConfig: { enabled: true, maxPointsCount: 10n },
    metadata: OWNER,
  });
  const bytes = Buffer.from(toBinary(client.CreateCollectionSchema, message));
  const config = createCollectionOf(collectionsService.create.requestDeserialize(bytes), defaults);
  assert.deepEqual(
    config,
    parseCreateCollection(
      {
        vectors: { a: { size: 4, distance: 'Cosine', on_disk: true } },
        shard_number: 6,
        hnsw_config: { m: 8 },
        optimizers_config: { indexing_threshold: 5 },
        quantization_config: { scalar: { type: 'int8' } },
        strict_mode_config: { enabled: true, max_points_count: 10 },
        metadata: { owner: 'x' },
      },
      defaults,
    ),
  );
  const view = {
    config,
    status: 'yellow',
    pointsCount: 3,
    indexedVectorsCount: 2,
    segmentsCount: 1,
  };
  const written = collectionsService.get.responseSerialize(
    collectionInfoResponse({ ...view, status: 'yellow' }, 0),
  );
  const { result } = fromBinary(client.GetCollectionInfoResponseSchema, written);
  assert.equal(result?.status, client.CollectionStatus.Yellow);
  assert.equal(result.optimizerStatus?.ok, true);
  assert.equal(result.config?.hnswConfig?.m, 8n);
  assert.equal(result.config.optimizerConfig?.indexingThreshold, 5n);
  assert.equal(result.config.strictModeConfig?.maxPointsCount, 10n);
  assert.equal(result.config.quantizationConfig?.quantization.case, 'scalar');
  const vectors = result.config.params?.vectorsConfig?.config;
  assert.ok(vectors?.case === 'paramsMap');
  assert.equal(vectors.value.map.a?.distance, client.Distance.Cosine);
  assert.equal(result.config.metadata.owner?.kind.value, 'x');
});

test('a change of a collection comes in, and its placement goes out', () => {
  const change = create(client.UpdateCollectionSchema, {
    params: { replicationFactor: 2 },
    quantizationConfig: { quantization: { case: 'disabled', value: {} } },
  });
  const bytes = Buffer.from(toBinary(client.UpdateCollectionSchema, change));
  const patch = updateCollectionOf(collectionsService.update.requestDeserialize(bytes));
  assert.deepEqual(patch, { replicationFactor: 2, quantization: null });

  const view = {
    peerId: peerId(5),
    shardCount: 2,
    localShards: [{ shardId: shardId(0), pointsCount: 7, state: 'Active' }],
    remoteShards: [{ shardId: shardId(1), peerId: peerId(6), state: 'Dead' }],
  } as const;
  const written = collectionsService.collectionClusterInfo.responseSerialize(
    collectionClusterResponse(view, 0.5),
  );
  const read = fromBinary(client.CollectionClusterInfoResponseSchema, written);
  assert.deepEqual([read.peerId, read.shardCount], [5n, 2n]);
  assert.equal(read.localShards[0]?.pointsCount, 7n);
  assert.equal(read.remoteShards[0]?.state, client.ReplicaState.Dead);
});
