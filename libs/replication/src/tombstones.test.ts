import assert from 'node:assert/strict';
import test from 'node:test';
import { type Entry, sequence, stamp } from '@tributary/model';
import { entry, MapStore, point, SHAPE, upsert } from './apply.test-support.ts';
import { ApplyBatch } from './apply-batch.ts';

const KEEPING = { ...SHAPE, tombstones: true };

function removal(...ids: number[]): Entry['operations'][number] {
  return { kind: 'delete', selector: { kind: 'ids', ids } };
}

test('a delete leaves a tombstone with the stamp of its entry, of a point that was not there too', () => {
  const store = new MapStore().applied([[sequence(1), entry(upsert(point(1), point(2)))]]);
  const batch = new ApplyBatch(store, KEEPING);
  batch.apply({ ...entry(removal(1, 9)), timeMs: 5 }, sequence(4));
  const matching = { must: [{ kind: 'hasId' as const, ids: [2, 7] }] };
  const filtered = {
    kind: 'delete' as const,
    selector: { kind: 'filter' as const, filter: matching },
  };
  batch.apply({ ...entry(filtered), timeMs: 6 }, sequence(5));
  assert.deepEqual(batch.changes().tombstones, [
    { id: 1, version: 4, stamp: stamp(5 * 1_024) },
    { id: 9, version: 4, stamp: stamp(5 * 1_024) },
    { id: 2, version: 5, stamp: stamp(6 * 1_024) },
  ]);
  assert.deepEqual(
    batch.effects().map(({ id, deleted }) => [id, deleted?.stamp]),
    [
      [1, 5 * 1_024],
      [9, 5 * 1_024],
      [2, 6 * 1_024],
    ],
  );
});

test('what is put again has no tombstone, what is deleted again has the later one, a refused entry leaves none', () => {
  const batch = new ApplyBatch(new MapStore(), KEEPING);
  batch.apply({ ...entry(removal(1, 2, 3)), timeMs: 5 }, sequence(1));
  batch.apply({ ...entry(upsert(point(1))), timeMs: 6 }, sequence(2));
  batch.apply({ ...entry(removal(2)), timeMs: 7 }, sequence(3));
  const refused = batch.apply(entry(removal(4), upsert(point(5, '', [1]))), sequence(4));
  assert.equal(refused.kind, 'refused');
  const left = batch.changes().tombstones?.map(({ id, version }) => [id, version]);
  assert.deepEqual(left, [
    [2, 3],
    [3, 1],
  ]);
});

test('a collection that keeps none is left none', () => {
  const batch = new ApplyBatch(new MapStore(), SHAPE);
  batch.apply(entry(removal(1)), sequence(1));
  assert.equal(batch.changes().tombstones, undefined);
});
