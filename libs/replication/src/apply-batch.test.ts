import assert from 'node:assert/strict';
import test from 'node:test';
import {
  type Entry,
  type Point,
  type PointId,
  type PointOperation,
  payloadFromBytes,
  type Sequence,
  type StoredPoint,
  sequence,
} from '@tributary/model';
import fc from 'fast-check';
import { ApplyBatch, applyEntry, type CollectionShape, type PointReader } from './apply-batch.ts';

const SHAPE: CollectionShape = { vectors: { '': { size: 2, distance: 'Dot' } } };

/** A store that keeps points in a map. */
class MapStore implements PointReader {
  readonly points = new Map<PointId, StoredPoint>();

  get(ids: readonly PointId[]) {
    return ids.map((id) => this.points.get(id));
  }

  scanPayloads() {
    return this.points.values();
  }

  commit(batch: ApplyBatch): void {
    const { puts, deletes } = batch.changes();
    for (const id of deletes) this.points.delete(id);
    for (const point of puts) this.points.set(point.id, point);
  }

  applied(entries: readonly (readonly [Sequence, Entry])[]): this {
    for (const [at, entry] of entries) {
      const batch = new ApplyBatch(this, SHAPE);
      batch.apply(entry, at);
      this.commit(batch);
    }
    return this;
  }
}

const point = (id: PointId, payload = '', vector = [1, 2]): Point => ({
  id,
  vectors: { '': Float32Array.from(vector) },
  payload: new TextEncoder().encode(payload),
});
const upsert = (...points: Point[]): PointOperation => ({ kind: 'upsert', points });
const entry = (...operations: PointOperation[]): Entry => ({
  operationId: 'o',
  timeMs: 1,
  operations,
});
const payloadOf = (stored: StoredPoint | undefined) =>
  stored === undefined ? undefined : payloadFromBytes(stored.payload);

const ids = fc.integer({ min: 0, max: 5 });
const payloads = fc.record({ a: fc.integer({ min: 0, max: 2 }) });
const selectors = fc.oneof(
  fc.array(ids, { maxLength: 3 }).map((list) => ({ kind: 'ids' as const, ids: list })),
  fc.integer({ min: 0, max: 2 }).map((value) => ({
    kind: 'filter' as const,
    filter: { must: [{ kind: 'match' as const, key: 'a', value }] },
  })),
);
const operations: fc.Arbitrary<PointOperation> = fc.oneof(
  fc.tuple(ids, payloads).map(([id, payload]) => upsert(point(id, JSON.stringify(payload)))),
  fc.constant(upsert(point(1, '', [1, 2, 3]))),
  fc.constant(upsert(point(1, '{"a":'))),
  selectors.map((selector) => ({ kind: 'delete' as const, selector })),
  fc
    .tuple(selectors, payloads)
    .map(([selector, payload]) => ({ kind: 'setPayload' as const, selector, payload, key: 'k' })),
  fc
    .tuple(selectors, payloads)
    .map(([selector, payload]) => ({ kind: 'overwritePayload' as const, selector, payload })),
  selectors.map((selector) => ({ kind: 'clearPayload' as const, selector })),
);
const logs = fc
  .array(fc.array(operations, { minLength: 1, maxLength: 3 }), { maxLength: 12 })
  .map((list) => list.map((each, i) => [sequence(i + 1), entry(...each)] as const));

test('entries in one batch do what they do one by one', () => {
  fc.assert(
    fc.property(logs, (log) => {
      const together = new MapStore();
      const batch = new ApplyBatch(together, SHAPE);
      for (const [at, each] of log) batch.apply(each, at);
      together.commit(batch);
      const oneByOne = new MapStore().applied(log);
      assert.deepEqual(
        [...together.points].sort(([a], [b]) => Number(a) - Number(b)),
        [...oneByOne.points].sort(([a], [b]) => Number(a) - Number(b)),
      );
    }),
    { numRuns: 500 },
  );
});

test('a refused entry leaves the batch as it was, also after one that was applied', () => {
  fc.assert(
    fc.property(logs, (log) => {
      const batch = new ApplyBatch(new MapStore(), SHAPE);
      for (const [at, each] of log) {
        const before = structuredClone(batch.changes());
        const outcome = batch.apply(each, at);
        if (outcome.kind === 'refused') assert.deepEqual(structuredClone(batch.changes()), before);
      }
    }),
    { numRuns: 500 },
  );
});

test('what breaks a rule is refused whole, with the reason', () => {
  const cases: readonly (readonly [PointOperation, RegExp])[] = [
    [upsert(point(1, '', [1, 2, 3])), /has 3 values, not 2/],
    [upsert(point(1, '', [1, Number.NaN])), /not finite/],
    [upsert(point(1, '', [Number.POSITIVE_INFINITY, 0])), /not finite/],
    [
      upsert({ id: 1, vectors: { other: new Float32Array(2) }, payload: new Uint8Array(0) }),
      /unknown vector name 'other'/,
    ],
    [
      upsert({ id: 1, vectors: { toString: new Float32Array(2) }, payload: new Uint8Array(0) }),
      /unknown vector name/,
    ],
    [upsert(point(1, '[1]')), /object/],
    [upsert(point(1, '{"a":1e999}')), /range/],
    [{ kind: 'deletePayload', selector: { kind: 'ids', ids: [1] }, keys: ['a..b'] }, /JSON path/],
  ];
  for (const [operation, reason] of cases) {
    const outcome = applyEntry(
      entry(upsert(point(7)), operation),
      sequence(1),
      new MapStore(),
      SHAPE,
    );
    assert('refused' in outcome);
    assert.match(outcome.refused, reason);
  }
});

test('a later operation of an entry sees what an earlier one did', () => {
  const store = new MapStore().applied([
    [sequence(1), entry(upsert(point(1, '{"a":1}'), point(2, '{"a":2}')))],
    [
      sequence(2),
      entry(
        { kind: 'overwritePayload', selector: { kind: 'ids', ids: [2] }, payload: { a: 1 } },
        {
          kind: 'delete',
          selector: { kind: 'filter', filter: { must: [{ kind: 'match', key: 'a', value: 1 }] } },
        },
        upsert(point(3)),
      ),
    ],
  ]);
  assert.deepEqual([...store.points.keys()], [3]);
});

test('a payload operation on a point that is not there makes none', () => {
  const store = new MapStore().applied([
    [
      sequence(1),
      entry({ kind: 'setPayload', selector: { kind: 'ids', ids: [5] }, payload: { a: 1 } }),
    ],
  ]);
  assert.equal(store.points.size, 0);
});

test('a change of payload keeps the vectors and says so, a new upsert does not', () => {
  const store = new MapStore().applied([[sequence(1), entry(upsert(point(1, '{"b":2}')))]]);
  const set: PointOperation = {
    kind: 'setPayload',
    selector: { kind: 'ids', ids: [1, 1] },
    payload: { a: 1 },
  };
  const changes = applyEntry(entry(set), sequence(2), store, SHAPE);
  assert('puts' in changes);
  assert.deepEqual(payloadOf(changes.puts[0]), { b: 2, a: 1 });
  assert.equal(changes.puts[0]?.version, 2);
  assert(changes.payloadOnly.has(1));
  const both = applyEntry(entry(upsert(point(1)), set), sequence(2), store, SHAPE);
  assert('puts' in both && !both.payloadOnly.has(1));
});

test('a payload that grew too deep to be read back is refused', () => {
  const key = Array.from({ length: 120 }, () => 'k').join('.');
  const deepen: PointOperation = {
    kind: 'setPayload',
    selector: { kind: 'ids', ids: [1] },
    payload: { a: [[[[[[[[[[1]]]]]]]]]] },
    key,
  };
  const outcome = applyEntry(entry(upsert(point(1)), deepen), sequence(1), new MapStore(), SHAPE);
  assert('refused' in outcome);
});
