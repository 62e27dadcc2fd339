import assert from 'node:assert/strict';
import test from 'node:test';
import {
  type PointOperation,
  sequence,
  type VectorShape,
  type VectorValue,
  vectorEntryOf,
} from '@tributary/model';
import { applyEntry, entry, MapStore, point, SHAPE, sparse, upsert } from './apply.test-support.ts';
import { ApplyBatch } from './apply-batch.ts';

const SMALL: VectorShape = { kind: 'dense', size: 2, distance: 'Dot' };
const LARGE: VectorShape = { kind: 'dense', size: 3, distance: 'Dot' };

const create = (revision: number, shape: VectorShape, name = 'late'): PointOperation => {
  return { kind: 'createVectorName', name, shape, revision };
};
const drop = (revision: number, name = 'late'): PointOperation => {
  return { kind: 'deleteVectorName', name, revision };
};
const late = (id: number, ...values: number[]): PointOperation =>
  upsert({ ...point(id), vectors: { ...point(id).vectors, late: Float32Array.from(values) } });

/** The store after an entry for each list of operations. */
function after(...entries: readonly (readonly PointOperation[])[]): MapStore {
  return new MapStore().applied(
    entries.map((operations, i) => [sequence(i + 1), entry(...operations)]),
  );
}

function namesIn(store: MapStore, id: number): string[] {
  return Object.keys(store.points.get(id)?.vectors ?? {}).sort();
}

function refusalOf(store: MapStore, operation: PointOperation): string | undefined {
  const outcome = applyEntry(entry(operation), sequence(99), store, SHAPE);
  return 'refused' in outcome ? outcome.refused : undefined;
}

test('a vector may be written from the entry on that makes its name', () => {
  assert.match(refusalOf(new MapStore(), late(1, 1, 2)) ?? '', /unknown vector name 'late'/);
  const store = after([create(5, SMALL), late(1, 1, 2)]);
  assert.deepEqual(namesIn(store, 1), ['', 'late']);
  assert.match(refusalOf(store, late(2, 1, 2, 3)) ?? '', /has 3 values, not 2/);
});

test('deleting a name takes its vector from every point that has one, and nothing else', () => {
  const store = after([create(5, SMALL)], [late(1, 1, 2), upsert(point(2, '{"a":1}'))], [drop(6)]);
  assert.deepEqual(namesIn(store, 1), ['']);
  assert.equal(store.points.get(1)?.version, 3);
  assert.equal(store.points.get(2)?.version, 2);
  const removed = after([create(5, SMALL)], [late(1, 1, 2)]);
  const changes = applyEntry(entry(drop(6)), sequence(3), removed, SHAPE);
  assert.ok('puts' in changes);
  assert.deepEqual([...changes.narrowed], [1]);
  assert.equal(changes.payloadOnly.size, 0);
});

test('a write that comes after the deletion keeps its point and loses the vector', () => {
  const deleted = after([create(5, SMALL)], [drop(6)]);
  deleted.applied([[sequence(3), entry(late(1, 1, 2))]]);
  assert.deepEqual(namesIn(deleted, 1), ['']);
  const update: PointOperation = {
    kind: 'updateVectors',
    points: [{ id: 1, vectors: { late: Float32Array.of(1, 2) } }],
  };
  assert.equal(refusalOf(deleted, update), undefined);
  const remove: PointOperation = {
    kind: 'deleteVectors',
    selector: { kind: 'filter', filter: {} },
    names: ['late'],
  };
  assert.equal(refusalOf(deleted, remove), undefined);
});

test('a name made again has nothing of what it had, also where its deletion never came', () => {
  for (const between of [[drop(6)], []]) {
    const store = after([create(5, SMALL)], [late(1, 1, 2)], between, [create(7, LARGE)]);
    assert.deepEqual(namesIn(store, 1), ['']);
    // Meant for the vector that was: it goes, the point stays.
    store.applied([[sequence(9), entry(late(2, 1, 2), late(3, 1, 2, 3))]]);
    assert.deepEqual(namesIn(store, 2), ['']);
    assert.deepEqual(namesIn(store, 3), ['', 'late']);
  }
});

test('values that are not finite are refused under any name', () => {
  const store = after([create(5, SMALL), drop(6), create(7, LARGE)]);
  assert.match(refusalOf(store, late(1, 1, 2, Number.NaN)) ?? '', /not finite/);
});

test('values that the datatype of a name does not have are refused, or late where there was another', () => {
  const bytes: VectorShape = { ...SMALL, datatype: 'uint8' };
  const store = after([create(5, bytes)]);
  assert.match(refusalOf(store, late(1, 1, 0.5)) ?? '', /'late' has values that are no uint8/);
  assert.equal(refusalOf(store, late(1, 1, 255)), undefined);
  // Converted for the vector that was.
  const again = after([create(5, SMALL)], [create(7, bytes)], [late(1, 1, 0.5), late(2, 1, 2)]);
  assert.deepEqual(namesIn(again, 1), ['']);
  assert.deepEqual(namesIn(again, 2), ['', 'late']);
});

test('a decision older than what the log has changes nothing', () => {
  const store = after([create(7, LARGE)], [late(1, 1, 2, 3)], [drop(6)], [create(5, SMALL)]);
  assert.deepEqual(namesIn(store, 1), ['', 'late']);
  assert.deepEqual(vectorEntryOf(store.state.vectorSchema ?? {}, 'late'), {
    revision: 7,
    shape: LARGE,
  });
});

test('a vector of the collection as it was created goes like any other', () => {
  const words: VectorValue = sparse([1, 2]);
  const store = after([upsert({ ...point(1), vectors: { words } })], [drop(3, 'words')]);
  assert.deepEqual(namesIn(store, 1), []);
  assert.equal(refusalOf(store, upsert({ ...point(1), vectors: { words } })), undefined);
});

test('where the entry is refused, names and points are as before', () => {
  const store = after([create(5, SMALL)], [late(1, 1, 2)]);
  const deepen: PointOperation = {
    kind: 'setPayload',
    selector: { kind: 'ids', ids: [1] },
    payload: {},
    key: Array.from({ length: 200 }, () => 'k').join('.'),
  };
  const batch = new ApplyBatch(store, SHAPE);
  assert.equal(batch.apply(entry(drop(6), deepen), sequence(3)).kind, 'refused');
  const { puts, vectorSchema } = batch.changes();
  assert.deepEqual(puts, []);
  assert.equal(vectorSchema, undefined);
});

test('a point that is written again after the deletion is no longer the narrowed one', () => {
  const store = after([create(5, SMALL)], [late(1, 1, 2), late(2, 1, 2)]);
  const again = upsert(point(1, '', [7, 7]));
  const changes = applyEntry(entry(drop(6), again), sequence(3), store, SHAPE);
  assert.ok('puts' in changes);
  assert.deepEqual([...changes.narrowed], [2]);
});
