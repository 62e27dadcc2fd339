import assert from 'node:assert/strict';
import test from 'node:test';
import { type Filter, type PointOperation, sequence } from '@tributary/model';
import {
  applyEntry,
  entry,
  MapStore,
  payloadOf,
  point,
  SHAPE,
  sparse,
  upsert,
  WORDS,
} from './apply.test-support.ts';
import { ApplyBatch } from './apply-batch.ts';

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

test('of writes on the condition of one version the first takes effect, in one batch or several', () => {
  const ofVersion = (version: number): Filter => ({
    must: [{ kind: 'version', range: { gte: version, lte: version } }],
  });
  const writeAt = (version: number, a: number): PointOperation => ({
    kind: 'upsert',
    points: [point(1, `{"a":${a}}`)],
    mode: 'updateOnly',
    updateFilter: ofVersion(version),
  });
  const clearAt = (version: number): PointOperation => ({
    kind: 'setPayload',
    selector: { kind: 'filter', filter: ofVersion(version) },
    payload: { b: version },
  });
  const log = [
    entry(upsert(point(1, '{"a":0}'), point(2, '{"a":0}'))),
    entry(writeAt(1, 10)),
    entry(writeAt(1, 11)),
    entry(writeAt(2, 12), writeAt(2, 13), writeAt(4, 14)),
    entry(clearAt(1), clearAt(4)),
  ].map((each, i) => [sequence(i + 1), each] as const);
  const apart = new MapStore().applied(log);
  const together = new MapStore();
  const batch = new ApplyBatch(together, SHAPE);
  for (const [at, each] of log) batch.apply(each, at);
  together.commit(batch);
  for (const store of [together, apart]) {
    const found = [...store.points.values()].map((each) => [each.version, payloadOf(each)]);
    assert.deepEqual(found, [
      [5, { a: 14, b: 4 }],
      [5, { a: 0, b: 1 }],
    ]);
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
      filter: { must: [{ kind: 'matchText', key: 'text', text: 'RED fox' }] },
    },
    payload: { hit: true },
  };
  const make: PointOperation = { kind: 'createFieldIndex', field: 'text', index: WORDS };
  const drop: PointOperation = { kind: 'deleteFieldIndex', field: 'text' };
  const written = upsert(point(1, '{"text":["a red","fox"]}'));
  const isHit = (...done: PointOperation[]) => {
    const store = new MapStore().applied([[sequence(1), entry(written, ...done)]]);
    return payloadOf(store.points.get(1))?.hit === true;
  };
  assert.equal(isHit(hit), false);
  assert.equal(isHit(make, hit), true);
  assert.equal(isHit(hit, make), false);
  assert.equal(isHit(make, drop, hit), false);
});

test('the schema of a batch is reported where it changed, and is as before after a refusal', () => {
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

test('an index is made and deleted by any text of its path', () => {
  const store = new MapStore();
  const make: PointOperation = { kind: 'createFieldIndex', field: '"a"."b"', index: WORDS };
  const drop: PointOperation = { kind: 'deleteFieldIndex', field: 'a."b"' };
  const made = applyEntry(entry(make), sequence(1), store, SHAPE);
  assert.deepEqual('payloadSchema' in made && made.payloadSchema, { 'a.b': WORDS });
  store.applied([[sequence(1), entry(make)]]);
  const dropped = applyEntry(entry(drop), sequence(2), store, SHAPE);
  assert.deepEqual('payloadSchema' in dropped && dropped.payloadSchema, {});
});
