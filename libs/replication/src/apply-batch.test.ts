import assert from 'node:assert/strict';
import test from 'node:test';
import {
  type Entry,
  type Filter,
  type PayloadSchema,
  type Point,
  type PointId,
  type PointOperation,
  payloadFromBytes,
  type Sequence,
  type StoredPoint,
  sequence,
  type TextIndex,
  type VectorValue,
} from '@tributary/model';
import fc from 'fast-check';
import { ApplyBatch, applyEntry, type PointReader } from './apply-batch.ts';
import type { CollectionShape } from './check-operation.ts';

const SHAPE: CollectionShape = {
  vectors: {
    '': { size: 2, distance: 'Dot' },
    rows: { size: 2, distance: 'Dot', multivector: { comparator: 'max_sim' } },
  },
  sparseVectors: { words: {} },
};

/** A store that keeps points in a map. */
class MapStore implements PointReader {
  readonly points = new Map<PointId, StoredPoint>();
  state: { readonly payloadSchema: PayloadSchema } = { payloadSchema: {} };

  get(ids: readonly PointId[]) {
    return ids.map((id) => this.points.get(id));
  }

  scan() {
    return this.points.values();
  }

  scanPayloads() {
    return this.points.values();
  }

  commit(batch: ApplyBatch): void {
    const { puts, deletes, payloadSchema } = batch.changes();
    if (payloadSchema !== undefined) this.state = { payloadSchema };
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

const WORDS: TextIndex = {
  type: 'text',
  tokenizer: 'word',
  lowercase: true,
  asciiFolding: false,
  phraseMatching: false,
  stopwords: [],
};
const sparse = (indices: number[], values: number[] = indices.map(() => 1)): VectorValue => ({
  indices: Uint32Array.from(indices),
  values: Float32Array.from(values),
});
const rows = (...values: number[]): VectorValue => ({ size: 2, rows: Float32Array.from(values) });

const ids = fc.integer({ min: 0, max: 5 });
const payloads = fc.record({
  a: fc.integer({ min: 0, max: 2 }),
  text: fc.constantFrom('red fox', 'Red foxes', 'a fox'),
});
const filters: fc.Arbitrary<Filter> = fc.oneof(
  fc.integer({ min: 0, max: 2 }).map((value) => ({
    must: [{ kind: 'match' as const, key: 'a', value }],
  })),
  fc.constantFrom('red', 'fox', 'ox').map((text) => ({
    must: [{ kind: 'matchText' as const, key: 'text', text }],
  })),
  fc.constantFrom('', 'words').map((name) => ({ must: [{ kind: 'hasVector' as const, name }] })),
);
const vectors = fc.record(
  {
    '': fc.integer().map((value) => Float32Array.of(value, 1)),
    words: fc.constantFrom(sparse([]), sparse([1, 9])),
    rows: fc.constantFrom(rows(1, 2), rows(1, 2, 3, 4)),
  },
  { requiredKeys: [], noNullPrototype: true },
);
const points = fc
  .tuple(ids, payloads, vectors)
  .map(([id, payload, named]) => ({ ...point(id, JSON.stringify(payload)), vectors: named }));
const selectors = fc.oneof(
  fc.array(ids, { maxLength: 3 }).map((list) => ({ kind: 'ids' as const, ids: list })),
  filters.map((filter) => ({ kind: 'filter' as const, filter })),
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
  fc.record(
    {
      kind: fc.constant('upsert' as const),
      points: fc.array(points, { maxLength: 3 }),
      mode: fc.constantFrom('upsert' as const, 'insertOnly', 'updateOnly'),
      updateFilter: filters,
    },
    { requiredKeys: ['kind', 'points'] },
  ),
  fc.record(
    {
      kind: fc.constant('updateVectors' as const),
      points: fc.array(fc.record({ id: ids, vectors }), { maxLength: 3 }),
      updateFilter: filters,
    },
    { requiredKeys: ['kind', 'points'] },
  ),
  fc.record({
    kind: fc.constant('deleteVectors' as const),
    selector: selectors,
    names: fc.constantFrom(['words'], ['', 'rows'], ['unknown']),
  }),
  fc.constant({ kind: 'createFieldIndex' as const, field: 'text', index: WORDS }),
  fc.constant({ kind: 'deleteFieldIndex' as const, field: 'text' }),
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
    [upsert({ ...point(1), vectors: { '': sparse([1]) } }), /unknown vector name ''/],
    [upsert({ ...point(1), vectors: { words: Float32Array.of(1) } }), /unknown .* 'words'/],
    [upsert({ ...point(1), vectors: { words: sparse([2, 1]) } }), /do not ascend/],
    [upsert({ ...point(1), vectors: { words: sparse([2, 2]) } }), /do not ascend/],
    [upsert({ ...point(1), vectors: { words: sparse([1, 2], [1]) } }), /2 indices, 1 values/],
    [upsert({ ...point(1), vectors: { words: sparse([1], [Number.NaN]) } }), /not finite/],
    [upsert({ ...point(1), vectors: { '': rows(1, 2) } }), /one of one row/],
    [upsert({ ...point(1), vectors: { rows: Float32Array.of(1, 2) } }), /one of several rows/],
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

test('an upsert inserts and replaces as its mode and condition say, point by point', () => {
  const isOld: Filter = { must: [{ kind: 'match', key: 'a', value: 1 }] };
  const cases: readonly (readonly [object, Record<number, number>])[] = [
    [{}, { 1: 9, 2: 9, 3: 8 }],
    [{ mode: 'insertOnly' }, { 1: 1, 2: 2, 3: 9 }],
    [{ mode: 'updateOnly' }, { 1: 9, 2: 9 }],
    [{ updateFilter: isOld }, { 1: 9, 2: 2, 3: 9 }],
    [
      { mode: 'updateOnly', updateFilter: isOld },
      { 1: 9, 2: 2 },
    ],
    [
      { mode: 'insertOnly', updateFilter: isOld },
      { 1: 1, 2: 2, 3: 9 },
    ],
  ];
  for (const [condition, expected] of cases) {
    const nines = [1, 2, 3].map((id) => point(id, '{"a":9}'));
    const operation = { kind: 'upsert' as const, points: [...nines, point(3, '{"a":8}')] };
    const store = new MapStore().applied([
      [sequence(1), entry(upsert(point(1, '{"a":1}'), point(2, '{"a":2}')))],
      [sequence(2), entry({ ...operation, ...condition })],
    ]);
    const found = [...store.points.values()].map((each) => [each.id, payloadOf(each)?.a]);
    assert.deepEqual(Object.fromEntries(found), expected, JSON.stringify(condition));
  }
});

test('vectors are replaced and deleted by name; the payload and the other vectors stay', () => {
  const both = { '': Float32Array.of(1, 2), words: sparse([1]) };
  const store = new MapStore().applied([
    [sequence(1), entry(upsert({ ...point(1, '{"a":1}'), vectors: both }, point(2, '{"a":2}')))],
    [
      sequence(2),
      entry({
        kind: 'updateVectors',
        points: [1, 2, 5].map((id) => ({ id, vectors: { words: sparse([7]) } })),
        updateFilter: { must: [{ kind: 'hasVector', name: 'words' }] },
      }),
    ],
  ]);
  assert.deepEqual(store.points.get(1)?.vectors, { ...both, words: sparse([7]) });
  assert.deepEqual(payloadOf(store.points.get(1)), { a: 1 });
  assert.deepEqual(
    [...store.points.values()].map(({ id, version }) => [id, version]),
    [
      [1, 2],
      [2, 1],
    ],
  );
  const remove: PointOperation = {
    kind: 'deleteVectors',
    selector: { kind: 'filter', filter: {} },
    names: ['words'],
  };
  const changes = applyEntry(entry(remove), sequence(3), store, SHAPE);
  assert('puts' in changes);
  assert.deepEqual(
    changes.puts.map(({ id, vectors: left }) => [id, left]),
    [[1, { '': both[''] }]],
  );
  assert.equal(changes.payloadOnly.size, 0);
});

test('a text index changes what filters mean from its place in the log on', () => {
  const hit: PointOperation = {
    kind: 'setPayload',
    selector: {
      kind: 'filter',
      filter: { must: [{ kind: 'matchText', key: 'text', text: 'RED' }] },
    },
    payload: { hit: true },
  };
  const make: PointOperation = { kind: 'createFieldIndex', field: 'text', index: WORDS };
  const drop: PointOperation = { kind: 'deleteFieldIndex', field: 'text' };
  const written = upsert(point(1, '{"text":"a red fox"}'));
  const isHit = (...done: PointOperation[]) => {
    const store = new MapStore().applied([[sequence(1), entry(written, ...done)]]);
    return payloadOf(store.points.get(1))?.hit === true;
  };
  assert.equal(isHit(hit), false);
  assert.equal(isHit(make, hit), true);
  assert.equal(isHit(hit, make), false);
  assert.equal(isHit(make, drop, hit), false);
});

test('the schema of a batch is told where it changed, and is as before after a refusal', () => {
  const store = new MapStore();
  const make: PointOperation = { kind: 'createFieldIndex', field: 'a', index: { type: 'float' } };
  const deepen: PointOperation = {
    kind: 'setPayload',
    selector: { kind: 'ids', ids: [1] },
    payload: {},
    key: Array.from({ length: 200 }, () => 'k').join('.'),
  };
  const refused = new ApplyBatch(store, SHAPE);
  assert.equal(refused.apply(entry(upsert(point(1)), make, deepen), sequence(1)).kind, 'refused');
  assert.equal(refused.changes().payloadSchema, undefined);
  const made = applyEntry(entry(make), sequence(1), store, SHAPE);
  assert('puts' in made);
  assert.deepEqual(made.payloadSchema, { a: { type: 'float' } });
});

test('what is at a key is overwritten whole, and the rest of the payload stays', () => {
  const store = new MapStore().applied([
    [sequence(1), entry(upsert(point(1, '{"a":{"b":{"c":1}},"d":2}')))],
    [
      sequence(2),
      entry({
        kind: 'overwritePayload',
        selector: { kind: 'ids', ids: [1] },
        payload: { e: 3 },
        key: 'a.b',
      }),
    ],
  ]);
  assert.deepEqual(payloadOf(store.points.get(1)), { a: { b: { e: 3 } }, d: 2 });
});
