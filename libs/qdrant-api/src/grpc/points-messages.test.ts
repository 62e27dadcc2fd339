// Every form of a vector and a condition that Qdrant's official client can encode.

import assert from 'node:assert/strict';
import test from 'node:test';
import { fromBinary, type MessageInitShape } from '@bufbuild/protobuf';
import * as client from '@qdrant/js-client-grpc';
import type { ScoredPoint } from '@tributary/model';
import { sequence, WholeFloat } from '@tributary/model';
import { atOnce } from '@tributary/runtime';
import { id, sent } from './official-client.test-support.ts';
import { scoredResponse } from './points-responses.ts';
import { countOf } from './read-requests.ts';
import { pointsService } from './services.ts';
import { upsertMessageSteps } from './write-requests.ts';

type VectorInit = MessageInitShape<typeof client.VectorSchema>;
type ConditionInit = MessageInitShape<typeof client.ConditionSchema>;
type FieldInit = MessageInitShape<typeof client.FieldConditionSchema>;

function vectorSent(value: VectorInit) {
  const points = [{ id: id(1), vectors: { vectorsOptions: { case: 'vector' as const, value } } }];
  const message = sent(client.UpsertPointsSchema, { points }, pointsService.upsert);
  return atOnce(upsertMessageSteps(message)).points[0]?.vectors[''];
}

test('sparse and multi vectors come in, in the old and the new form', () => {
  const sparse = { indices: Uint32Array.of(2, 7), values: Float32Array.of(0.5, 1) };
  const value = { indices: [7, 2], values: [1, 0.5] };
  assert.deepEqual(vectorSent({ vector: { case: 'sparse', value } }), sparse);
  assert.deepEqual(vectorSent({ data: [1, 0.5], indices: { data: [7, 2] } }), sparse);
  const multi = { size: 2, rows: Float32Array.of(1, 2, 3, 4) };
  const rows = { vectors: [{ data: [1, 2] }, { data: [3, 4] }] };
  assert.deepEqual(vectorSent({ vector: { case: 'multiDense', value: rows } }), multi);
  assert.deepEqual(vectorSent({ data: [1, 2, 3, 4], vectorsCount: 2 }), multi);
});

test('sparse and multi vectors that make no sense are refused', () => {
  const refused = (init: VectorInit, pattern: RegExp) =>
    assert.throws(() => vectorSent(init), pattern);
  const sparse = (indices: number[], values: number[]): VectorInit => ({
    vector: { case: 'sparse', value: { indices, values } },
  });
  refused(sparse([1], [1, 2]), /same length as indices/);
  refused(sparse([1, 1], [1, 2]), /unique/);
  const multi = (vectors: { data: number[] }[]): VectorInit => ({
    vector: { case: 'multiDense', value: { vectors } },
  });
  refused(multi([]), /must not be empty/);
  refused(multi([{ data: [] }]), /must not be empty/);
  refused(multi([{ data: [1] }, { data: [1, 2] }]), /same size/);
  refused({ data: [1, 2, 3], vectorsCount: 2 }, /cannot be 2 vectors/);
  refused({ vector: { case: 'image', value: {} } }, /inference of vectors from images/);
});

test('a document comes in with its options', () => {
  const options = {
    language: { kind: { case: 'stringValue' as const, value: 'german' } },
    k: { kind: { case: 'doubleValue' as const, value: 2 } },
  };
  const document = { text: 'Straße', model: 'qdrant/bm25', options };
  assert.deepEqual(vectorSent({ vector: { case: 'document', value: document } }), {
    text: 'Straße',
    model: 'qdrant/bm25',
    options: { language: 'german', k: 2 },
  });
});

test('sparse and multi vectors go out as the client reads them', () => {
  const point: ScoredPoint = {
    id: 1,
    version: sequence(1),
    score: 1,
    orderValue: 3,
    vectors: {
      s: { indices: Uint32Array.of(2, 7), values: Float32Array.of(0.5, 1) },
      m: { size: 2, rows: Float32Array.of(1, 2, 3, 4) },
    },
  };
  const bytes = pointsService.query.responseSerialize(scoredResponse([point], 0));
  const { result } = fromBinary(client.QueryResponseSchema, bytes);
  const options = result[0]?.vectors?.vectorsOptions;
  assert.ok(options?.case === 'vectors');
  const { s, m } = options.value.vectors;
  assert.ok(s?.vector.case === 'sparse' && m?.vector.case === 'multiDense');
  assert.deepEqual(
    [s.vector.value.indices, s.vector.value.values],
    [
      [2, 7],
      [0.5, 1],
    ],
  );
  assert.deepEqual(
    [s.indices?.data, s.data],
    [
      [2, 7],
      [0.5, 1],
    ],
  );
  assert.deepEqual(
    m.vector.value.vectors.map(({ data }) => data),
    [
      [1, 2],
      [3, 4],
    ],
  );
  assert.deepEqual([m.vectorsCount, m.data], [2, [1, 2, 3, 4]]);
  assert.deepEqual(result[0]?.orderValue?.variant, { case: 'int', value: 3n });
});

test('the value a record was ordered by goes out as the kind of number it was', () => {
  const point = { id: 1, version: sequence(1), score: 1 };
  for (const [orderValue, variant] of [
    [3, { case: 'int', value: 3n }],
    [2.5, { case: 'float', value: 2.5 }],
    [2n ** 60n + 1n, { case: 'int', value: 2n ** 60n + 1n }],
    [2 ** 60, { case: 'float', value: 2 ** 60 }],
    [new WholeFloat(3), { case: 'float', value: 3 }],
  ] as const) {
    const answer = scoredResponse([{ ...point, orderValue }], 0);
    const bytes = pointsService.query.responseSerialize(answer);
    const { result } = fromBinary(client.QueryResponseSchema, bytes);
    assert.deepEqual(result[0]?.orderValue?.variant, variant);
  }
});

function conditionSent(conditionOneOf: NonNullable<ConditionInit['conditionOneOf']>) {
  const filter = { must: [{ conditionOneOf }] };
  return countOf(sent(client.CountPointsSchema, { filter }, pointsService.count)).filter?.must?.[0];
}

function fieldSent(field: FieldInit) {
  return conditionSent({ case: 'field', value: { key: 'k', ...field } });
}

test('every condition on a field is read', () => {
  const center = { lon: 1, lat: 2 };
  const corner = { lon: 0, lat: 0 };
  const ring = [corner, { lon: 1, lat: 0 }, { lon: 1, lat: 1 }, corner];
  const key = 'k';
  const cases: readonly (readonly [FieldInit, object])[] = [
    [
      { match: { matchValue: { case: 'text', value: 'a' } } },
      { kind: 'matchText', key, text: 'a' },
    ],
    [
      { match: { matchValue: { case: 'textAny', value: 'a' } } },
      { kind: 'matchTextAny', key, text: 'a' },
    ],
    [
      { match: { matchValue: { case: 'phrase', value: 'a b' } } },
      { kind: 'matchPhrase', key, phrase: 'a b' },
    ],
    [
      { match: { matchValue: { case: 'exceptIntegers', value: { integers: [1n] } } } },
      { kind: 'matchExcept', key, except: [1] },
    ],
    [
      { datetimeRange: { gte: { seconds: 2n, nanos: 5_000 }, lt: { seconds: -1n } } },
      { kind: 'datetimeRange', key, range: { gte: 2_000_005, lt: -1_000_000 } },
    ],
    [{ geoRadius: { center, radius: 10 } }, { kind: 'geoRadius', key, center, radiusM: 10 }],
    [
      { geoBoundingBox: { topLeft: center, bottomRight: corner } },
      { kind: 'geoBoundingBox', key, topLeft: center, bottomRight: corner },
    ],
    [
      { geoPolygon: { exterior: { points: ring }, interiors: [{ points: ring }] } },
      { kind: 'geoPolygon', key, exterior: ring, interiors: [ring] },
    ],
    [{ valuesCount: { gte: 2n } }, { kind: 'valuesCount', key, range: { gte: 2 } }],
    [{ isEmpty: true }, { kind: 'isEmpty', key }],
  ];
  for (const [field, condition] of cases) assert.deepEqual(fieldSent(field), condition);
});

test('the key $version is the point itself', () => {
  const key = '$version';
  const version = { kind: 'version', range: { gte: 17, lte: 17 } };
  const asked = (field: FieldInit) => conditionSent({ case: 'field', value: { key, ...field } });
  const integer = { case: 'integer' as const, value: 17n };
  assert.deepEqual(asked({ match: { matchValue: integer } }), version);
  const except = { case: 'exceptIntegers' as const, value: { integers: [17n] } };
  assert.deepEqual(asked({ match: { matchValue: except } }), {
    kind: 'filter',
    filter: { mustNot: [version] },
  });
  assert.deepEqual(asked({ range: { lt: 17 } }), { kind: 'version', range: { lt: 17 } });
  const keyword = { case: 'keyword' as const, value: '17' };
  assert.throws(() => asked({ match: { matchValue: keyword } }), /matches integers/);
  assert.throws(() => asked({ isNull: true }), /At least one/);
  assert.throws(() => conditionSent({ case: 'isEmpty', value: { key } }), /matches integers/);
  const inner = { conditionOneOf: { case: 'field' as const, value: { key, range: { lt: 1 } } } };
  const value = { key: 'a', filter: { must: [inner] } };
  assert.throws(() => conditionSent({ case: 'nested', value }), /not allowed inside a nested/);
});

test('conditions on the point itself are read, and min_should', () => {
  assert.deepEqual(conditionSent({ case: 'hasVector', value: { hasVector: 'v' } }), {
    kind: 'hasVector',
    name: 'v',
  });
  const filter = {
    minShould: {
      conditions: [{ conditionOneOf: { case: 'isNull' as const, value: { key: 'a' } } }],
      minCount: 1n,
    },
  };
  const count = countOf(sent(client.CountPointsSchema, { filter }, pointsService.count));
  assert.deepEqual(count.filter, {
    minShould: { conditions: [{ kind: 'isNull', key: 'a' }], minCount: 1 },
  });
});

test('conditions that make no sense are refused', () => {
  const open = [1, 2, 3, 4].map((lon) => ({ lon, lat: 0 }));
  assert.throws(() => fieldSent({ geoPolygon: { exterior: { points: open } } }), /polygon/);
  assert.throws(() => fieldSent({ geoRadius: { radius: 1 } }), /expected a point/);
  assert.throws(() => fieldSent({ geoRadius: { center: { lon: 200 }, radius: 1 } }), /lon/);
  assert.throws(() => fieldSent({ valuesCount: {} }), /at least one/);
  const value = {
    key: 'a',
    filter: {
      must: [{ conditionOneOf: { case: 'hasVector' as const, value: { hasVector: '' } } }],
    },
  };
  assert.throws(() => conditionSent({ case: 'nested', value }), /not allowed inside a nested/);
});
