import assert from 'node:assert/strict';
import test from 'node:test';
import {
  type Distance,
  isDense,
  NO_PAYLOAD,
  type Point,
  type PointOperation,
} from '@tributary/model';
import { atOnce } from '@tributary/runtime';
import { prepareSteps, prepareVector } from './prepare.ts';
import { refusalOf } from './refusal.test-support.ts';
import { parseCreateCollection } from './requests/create-collection.ts';

const config = parseCreateCollection(
  {
    vectors: {
      a: { size: 2, distance: 'Cosine' },
      b: { size: 3, distance: 'Dot' },
      m: { size: 2, distance: 'Cosine', multivector_config: { comparator: 'max_sim' } },
    },
    sparse_vectors: { s: {} },
  },
  { shardNumber: 1, replicationFactor: 1, writeConsistencyFactor: 1 },
);

const sparse = { indices: Uint32Array.of(1), values: Float32Array.of(3) };

function point(vectors: Point['vectors']): Point {
  return { id: 1, vectors, payload: NO_PAYLOAD };
}

function prepareOperation(operation: PointOperation): PointOperation {
  return atOnce(prepareSteps(operation, config));
}

function preparePoint(given: Point): Point | undefined {
  const prepared = prepareOperation({ kind: 'upsert', points: [given] });
  return prepared.kind === 'upsert' ? prepared.points[0] : undefined;
}

test('cosine vectors are normalised once and the others left as they are', () => {
  const given = {
    a: Float32Array.of(3, 4),
    b: Float32Array.of(3, 4, 0),
    m: { size: 2, rows: Float32Array.of(3, 4, 0, 2) },
    s: sparse,
  };
  const prepared = preparePoint(point(given));
  assert.deepEqual(prepared?.vectors, {
    a: Float32Array.of(0.6, 0.8),
    b: given.b,
    m: { size: 2, rows: Float32Array.of(0.6, 0.8, 0, 1) },
    s: sparse,
  });
  assert.deepEqual(preparePoint(prepared), prepared);
  const points = [{ id: 1, vectors: given }];
  const update = prepareOperation({ kind: 'updateVectors', points });
  assert.deepEqual(update, {
    kind: 'updateVectors',
    points: [{ id: 1, vectors: prepared.vectors }],
  });
});

test('one dense vector for a multivector is its only row', () => {
  assert.deepEqual(prepareVector(Float32Array.of(3, 4), 'm', config), {
    size: 2,
    rows: Float32Array.of(0.6, 0.8),
  });
});

test('values become those of the datatype after they are of length 1, but for bytes', () => {
  const stored = (distance: Distance, datatype: string, ...values: number[]) => {
    const vectors = { v: { size: 2, distance, datatype } };
    const vector = prepareVector(Float32Array.from(values), 'v', { ...config, vectors });
    assert.ok(isDense(vector));
    return [...vector];
  };
  assert.deepEqual(stored('Dot', 'uint8', 3.9, -1), [3, 0]);
  assert.deepEqual(stored('Cosine', 'uint8', 300, 4.2), [255, 4]);
  assert.deepEqual(stored('Cosine', 'float16', 3, 4), [Math.f16round(0.6), Math.f16round(0.8)]);
  assert.deepEqual(stored('Dot', 'float16', 0.1, 1e9), [Math.f16round(0.1), 65_504]);
  assert.deepEqual(stored('Dot', 'turbo4', 0.25, 1e9), [0.25, 1e9]);
  const rows = { multivector: { comparator: 'max_sim' as const }, datatype: 'uint8' };
  const vectors = { v: { size: 2, distance: 'Cosine' as const, ...rows } };
  assert.deepEqual(prepareVector(Float32Array.of(3.5, 4), 'v', { ...config, vectors }), {
    size: 2,
    rows: Float32Array.of(3, 4),
  });
});

test('a point may lack vectors, but not have one of a wrong kind, dimension or name', () => {
  const prepare = (vectors: Point['vectors']) => () => preparePoint(point(vectors));
  const unknown = '400 Wrong input: Not existing vector name error: ';
  const dimension = '400 Wrong input: Vector dimension error: expected dim: ';
  assert.equal(refusalOf(prepare({})), 'none');
  assert.equal(refusalOf(prepare({ b: Float32Array.of(1, 2) })), `${dimension}3, got 2`);
  assert.equal(refusalOf(prepare({ a: new Float32Array(0) })), `${dimension}2, got 0`);
  assert.equal(
    refusalOf(prepare({ m: { size: 1, rows: Float32Array.of(1) } })),
    `${dimension}2, got 1`,
  );
  assert.equal(refusalOf(prepare({ c: Float32Array.of(1) })), `${unknown}c`);
  assert.equal(refusalOf(prepare({ '': Float32Array.of(1) })), unknown);
  assert.equal(refusalOf(prepare({ constructor: Float32Array.of(1) })), `${unknown}constructor`);
  assert.match(refusalOf(prepare({ a: sparse })), /^400 .*vector a must be a dense vector$/);
  assert.match(refusalOf(prepare({ s: Float32Array.of(1) })), /^400 .*must be a sparse vector$/);
  const rows = { size: 2, rows: Float32Array.of(1, 2) };
  assert.match(refusalOf(prepare({ a: rows })), /^400 .*must be one dense vector, not several$/);
});

test('a vector that the collection has not cannot be taken from its points', () => {
  const remove = (name: string) => () =>
    prepareOperation({
      kind: 'deleteVectors',
      selector: { kind: 'ids', ids: [1] },
      names: [name],
    });
  assert.equal(refusalOf(remove('s')), 'none');
  assert.equal(refusalOf(remove('x')), '400 Wrong input: Not existing vector name error: x');
});
