import assert from 'node:assert/strict';
import test from 'node:test';
import { type JsonObject, type PointOperation, sequence } from '@tributary/model';
import fc from 'fast-check';
import {
  applyEntry,
  entry,
  MapStore,
  payloadOf,
  point,
  rows,
  SHAPE,
  sparse,
  upsert,
} from './apply.test-support.ts';
import { ApplyBatch } from './apply-batch.ts';
import { logs } from './logs.test-support.ts';

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
      assert.deepEqual(together.state, oneByOne.state);
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
    [upsert({ ...point(1), vectors: { '': sparse([1]) } }), /'' is sparse/],
    [upsert({ ...point(1), vectors: { words: Float32Array.of(1) } }), /'words' is not sparse/],
    [upsert({ ...point(1), vectors: { words: sparse([2, 1]) } }), /do not ascend/],
    [upsert({ ...point(1), vectors: { words: sparse([2, 2]) } }), /do not ascend/],
    [upsert({ ...point(1), vectors: { words: sparse([1, 2], [1]) } }), /2 indices, 1 values/],
    [upsert({ ...point(1), vectors: { words: sparse([1], [Number.NaN]) } }), /not finite/],
    [upsert({ ...point(1), vectors: { '': rows(1, 2) } }), /several rows/],
    [upsert({ ...point(1), vectors: { rows: Float32Array.of(1, 2) } }), /not in rows/],
    [upsert({ ...point(1), vectors: { rows: rows() } }), /no rows/],
    [upsert({ ...point(1), vectors: { rows: rows(1, 2, 3) } }), /no rows of 2/],
    [upsert({ ...point(1), vectors: { rows: rows(1, Number.NaN) } }), /not finite/],
    [
      upsert({ ...point(1), vectors: { rows: { size: 3, rows: new Float32Array(3) } } }),
      /rows of 3 values, not 2/,
    ],
    [
      { kind: 'updateVectors', points: [{ id: 7, vectors: { '': Float32Array.of(1) } }] },
      /has 1 values, not 2/,
    ],
    [
      { kind: 'deleteVectors', selector: { kind: 'ids', ids: [7] }, names: ['other'] },
      /unknown vector name 'other'/,
    ],
    [{ kind: 'createFieldIndex', field: 'a..b', index: { type: 'float' } }, /JSON path/],
    [
      {
        kind: 'upsert',
        points: [],
        updateFilter: { must: [{ kind: 'isNull', key: 'a..b' }] },
      },
      /JSON path/,
    ],
    [
      {
        kind: 'overwritePayload',
        selector: { kind: 'ids', ids: [7] },
        payload: {},
        key: 'a..b',
      },
      /JSON path/,
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

test('an entry that is refused after some of its operations leaves nothing in the batch', () => {
  let payload: JsonObject = { a: 0 };
  for (let depth = 0; depth < 120; depth++) payload = { d: payload };
  const deepen: PointOperation = {
    kind: 'setPayload',
    selector: { kind: 'ids', ids: [1] },
    payload,
    key: 'k.k.k.k.k.k.k.k.k.k',
  };
  const batch = new ApplyBatch(new MapStore(), SHAPE);
  const others: PointOperation[] = [
    { kind: 'createFieldIndex', field: 'a', index: { type: 'keyword' } },
    {
      kind: 'createVectorName',
      name: 'late',
      shape: { kind: 'sparse' },
      revision: sequence(1),
    },
  ];
  const outcome = batch.apply(entry(upsert(point(1, '{}')), ...others, deepen), sequence(1));
  assert.equal(outcome.kind, 'refused');
  assert.deepEqual(batch.changes(), {
    puts: [],
    deletes: [],
    payloadOnly: new Set(),
    narrowed: new Set(),
  });
});
