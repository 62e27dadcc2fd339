import assert from 'node:assert/strict';
import test from 'node:test';
import { type Entry, NO_STAMP, type Sequence, stamp } from '@tributary/model';
import fc from 'fast-check';
import { MapStore, point, SHAPE, upsert } from './apply.test-support.ts';
import { ApplyBatch } from './apply-batch.ts';
import { logs } from './logs.test-support.ts';

test('the order of stamps is that of the log, however the clocks of gateways stand', () => {
  fc.assert(
    fc.property(logs, fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }), (log, isCut) => {
      const stamps = new Map<Sequence, number>();
      const store = new MapStore();
      let batch = new ApplyBatch(store, SHAPE);
      for (const [i, [at, each]] of log.entries()) {
        batch.apply(each, at);
        if (isCut[i] !== true && i < log.length - 1) continue;
        for (const { sequence, point: put } of batch.effects()) {
          if (put === undefined) continue;
          assert.equal(put.stamp, stamps.get(sequence) ?? put.stamp, 'an entry has one stamp');
          stamps.set(sequence, put.stamp);
        }
        store.commit(batch);
        batch = new ApplyBatch(store, SHAPE);
      }
      const inOrder = [...stamps].sort(([a], [b]) => a - b).map(([, each]) => each);
      assert.deepEqual(
        inOrder,
        [...new Set(inOrder)].sort((a, b) => a - b),
      );
      assert.ok(store.state.lastStamp >= (inOrder.at(-1) ?? 0));
    }),
    { numRuns: 500 },
  );
});

test('a refused entry leaves no stamp, and one without points does', () => {
  const store = new MapStore();
  const batch = new ApplyBatch(store, SHAPE);
  batch.apply(at(5_000, upsert(point(1, '', [1]))), 1 as Sequence);
  store.commit(batch);
  assert.equal(store.state.lastStamp, NO_STAMP);
  const next = new ApplyBatch(store, SHAPE);
  next.apply(at(5_000), 2 as Sequence);
  next.apply(at(1, upsert(point(1))), 3 as Sequence);
  store.commit(next);
  assert.equal(store.state.lastStamp, stamp(5_000 * 1_024 + 1));
  assert.equal(store.points.get(1)?.stamp, store.state.lastStamp);
});

test('a change made here takes over a point that came from another region', () => {
  const store = new MapStore();
  const old = { ...point(1), version: 1 as Sequence, stamp: stamp(1), origin: 'eu' };
  const selector = { kind: 'ids' as const, ids: [1] };
  const values = { '': Float32Array.of(1, 2) };
  for (const operation of [
    { kind: 'clearPayload' as const, selector },
    { kind: 'deleteVectors' as const, selector, names: [''] },
    { kind: 'updateVectors' as const, points: [{ id: 1, vectors: values }] },
    upsert(point(1)),
  ]) {
    store.points.set(1, old);
    store.applied([[2 as Sequence, at(9, operation)]]);
    assert.notEqual(store.points.get(1)?.stamp, 1);
    assert.equal(store.points.get(1)?.origin, undefined, operation.kind);
  }
});

function at(timeMs: number, ...operations: Entry['operations']): Entry {
  return { operationId: 'o', timeMs, operations };
}
