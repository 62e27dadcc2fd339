import assert from 'node:assert/strict';
import test from 'node:test';
import { hasOffset } from '@tributary/index';
import { compileFilter, type Filter, type Point, payloadToBytes, sequence } from '@tributary/model';
import { systemClock } from '@tributary/runtime';
import { FilterPlanner } from './plan-filter.ts';
import { ReplicaForTests } from './replica.test-support.ts';

const ONE_OF: Filter = { must: [{ kind: 'hasId', ids: [1, 2] }] };
const TAGGED: Filter = { must: [{ kind: 'match', key: 'tag', value: 'a' }] };

test('the least that has to be looked at is chosen', async () => {
  const { planner, replica } = await counted(0);
  replica.upsert(Array.from({ length: 100 }, (_, i) => pointOf(i, i % 10 === 0 ? 'a' : 'b')));
  const hasId = (ids: number[]) => ({ kind: 'hasId', ids }) as const;
  const nested = { kind: 'filter', filter: ONE_OF } as const;
  const tag = { kind: 'match', key: 'tag', value: 'a' } as const;
  const kindOf = (filter: Filter) => planner.plan(filter).kind;
  assert.deepEqual(planner.plan(ONE_OF), { kind: 'listed', ids: [1, 2] });
  assert.deepEqual(planner.plan({ must: [nested, tag, hasId([3, 2, 2])] }), {
    kind: 'listed',
    ids: [2],
  });
  assert.deepEqual(planner.plan({ must: [hasId([])] }), { kind: 'listed', ids: [] });
  assert.equal(kindOf({}), 'table');
  assert.equal(kindOf({ should: [hasId([1]), nested], mustNot: [hasId([2])] }), 'table');
  assert.equal(kindOf({ mustNot: [{ kind: 'hasVector', name: '' }] }), 'table');
  assert.equal(kindOf({ should: [hasId([1]), tag] }), 'scan');
  assert.equal(kindOf({ mustNot: [{ kind: 'filter', filter: TAGGED }] }), 'scan');
  replica.createPayloadIndexes({ tag: { type: 'keyword' } });
  assert.equal(kindOf({ should: [hasId([1]), tag] }), 'index');
  assert.equal(kindOf({ mustNot: [{ kind: 'filter', filter: TAGGED }] }), 'index');
  assert.equal(kindOf({ must: [tag, { kind: 'isNull', key: 'n' }] }), 'narrow');
  assert.equal(kindOf({ must: [{ kind: 'isNull', key: 'n' }] }), 'scan');
});

test('an explanation says the plan, what it expects and what it looks at', async () => {
  const { planner, replica } = await counted(0);
  replica.upsert(Array.from({ length: 100 }, (_, i) => pointOf(i, i % 10 === 0 ? 'a' : 'b')));
  assert.deepEqual(planner.explain(TAGGED), {
    plan: 'scan',
    estimated: { min: 0, expected: 50, max: 100 },
    candidates: 100,
    unindexed: [{ key: 'tag', asks: 'match', helps: 'keyword' }],
  });
  planner.select(TAGGED);
  replica.upsert([pointOf(100, 'b')]);
  const evaluated = planner.explain(TAGGED);
  assert.equal(evaluated.matched, 10);
  assert.ok((evaluated.tookMs ?? -1) >= 0);
  replica.createPayloadIndexes({ tag: { type: 'keyword' } });
  const { tookMs: _, ...indexed } = planner.explain(TAGGED);
  assert.deepEqual(indexed, {
    plan: 'index',
    estimated: { min: 10, expected: 10, max: 10 },
    candidates: 0,
    matched: 10,
    unindexed: [],
  });
  const narrowed = planner.explain({
    must: [...(TAGGED.must ?? []), { kind: 'isEmpty', key: 'n' }],
  });
  assert.equal(narrowed.plan, 'narrow');
  assert.equal(narrowed.candidates, 10);
});

test('what indexes narrow is read in part, what they know not at all', async () => {
  const { planner, replica, scans } = await counted(0);
  replica.upsert(Array.from({ length: 100 }, (_, i) => pointOf(i, i % 10 === 0 ? 'a' : 'b')));
  replica.createPayloadIndexes({ tag: { type: 'keyword' } });
  const before = scans();
  assert.equal(planner.select(TAGGED).count, 10);
  const also = { kind: 'isEmpty', key: 'n' } as const;
  assert.equal(planner.select({ must: [...(TAGGED.must ?? []), also] }).count, 10);
  assert.equal(scans(), before);
  assert.equal(planner.select({ mustNot: TAGGED.must ?? [], must: [also] }).count, 90);
  assert.equal(scans(), before + 1);
});

test('a filter is evaluated once between two commits, and again after each', async () => {
  const { replica, planner, scans } = await counted(1 << 20);
  replica.upsert([pointOf(1, 'a'), pointOf(2, 'b')]);
  assert.equal(planner.select(TAGGED).count, 1);
  assert.equal(planner.select(structuredClone(TAGGED)).count, 1);
  assert.equal(scans(), 1);
  replica.upsert([pointOf(2, 'a')]);
  assert.equal(planner.select(TAGGED).count, 2);
  assert.equal(scans(), 2);
});

test('filters that JSON cannot tell apart are not taken for one another', async () => {
  const { replica, planner } = await counted(1 << 20);
  replica.upsert([pointOf(1, '9007199254740993'), pointOf(2, 2n ** 53n + 1n), pointOf(3, 5)]);
  const equals = (value: string | bigint): Filter => ({
    must: [{ kind: 'match', key: 'tag', value }],
  });
  const above = (gt: number): Filter => ({ must: [{ kind: 'range', key: 'tag', range: { gt } }] });
  assert.equal(planner.select(equals('9007199254740993')).offsets[0], 0b001);
  assert.equal(planner.select(equals(2n ** 53n + 1n)).offsets[0], 0b010);
  assert.equal(planner.select(above(Number.NEGATIVE_INFINITY)).offsets[0], 0b110);
  assert.equal(planner.select(above(Number.POSITIVE_INFINITY)).count, 0);
});

test('the answers kept stay within their bytes, the newest used of them', async () => {
  const { replica, planner, scans } = await counted(400);
  replica.upsert(Array.from({ length: 320 }, (_, i) => pointOf(i, `${i % 4}`)));
  const tagged = (value: string): Filter => ({ must: [{ kind: 'match', key: 'tag', value }] });
  for (const value of ['0', '1', '0', '2', '0'])
    assert.equal(planner.select(tagged(value)).count, 80);
  assert.equal(scans(), 3);
  planner.select(tagged('1'));
  assert.equal(scans(), 4);
});

test('ids alone need no payload', async () => {
  const { replica, planner, scans } = await counted(1 << 20);
  replica.upsert([pointOf(1, 'a'), pointOf(2, 'b'), pointOf(3, 'c')]);
  replica.delete([2]);
  const notOne: Filter = { mustNot: [{ kind: 'hasId', ids: [1] }] };
  assert.deepEqual(planner.select(notOne), { offsets: Uint32Array.of(0b100), count: 1 });
  assert.equal(planner.select({}).count, 2);
  assert.equal(planner.select(ONE_OF).count, 1);
  assert.equal(scans(), 0);
});

test('ids, slices, versions and vectors are evaluated without a payload, of few points and of many', async () => {
  const { replica, planner, scans } = await counted(1 << 20);
  const all = Array.from({ length: 300 }, (_, id) => pointOf(id, 'a'));
  replica.upsert(all.slice(0, 200));
  replica.upsert(all.slice(200).map((point) => ({ ...point, vectors: {} })));
  const ids = all.slice(0, 30).map(({ id }) => id);
  const filters: readonly Filter[] = [
    { mustNot: [{ kind: 'hasId', ids }] },
    { must: [{ kind: 'version', range: { gte: 2 } }] },
    { must: [{ kind: 'hasVector', name: '' }], mustNot: [{ kind: 'hasId', ids }] },
    {
      should: [
        { kind: 'hasId', ids },
        { kind: 'slice', total: 3, index: 1 },
      ],
    },
    {
      must: [
        { kind: 'version', range: { gte: 2 } },
        { kind: 'slice', total: 3, index: 1 },
      ],
    },
    {
      minShould: {
        conditions: [
          { kind: 'hasId', ids },
          { kind: 'hasVector', name: '' },
          { kind: 'slice', total: 3, index: 1 },
        ],
        minCount: 2,
      },
    },
  ];
  for (const filter of filters) {
    const holds = compileFilter(filter);
    const expected = all.filter(({ id }) => {
      const isOld = Number(id) < 200;
      const version = sequence(isOld ? 1 : 2);
      return holds({ id, version, payload: {}, vectorNames: isOld ? [''] : [] });
    });
    const { offsets, count } = planner.select(filter);
    assert.equal(count, expected.length, JSON.stringify(filter));
    for (const { id } of expected) {
      assert.ok(hasOffset(offsets, replica.table.resolve(id) ?? assert.fail()));
    }
  }
  assert.equal(scans(), 0);
});

/** A planner over a store that counts its scans. */
async function counted(cacheBytesMax: number) {
  const replica = await ReplicaForTests.open({ '': { size: 1, distance: 'Dot' } });
  const { store, table, indexes, payloadIndexes } = replica;
  let scans = 0;
  const scanPayloads = store.scanPayloads.bind(store);
  store.scanPayloads = (from) => {
    scans++;
    return scanPayloads(from);
  };
  const planner = new FilterPlanner({
    store,
    table,
    indexes,
    payloadIndexes,
    cacheBytesMax,
    clock: systemClock,
  });
  return { replica, planner, scans: () => scans };
}

function pointOf(id: number, tag: string | number | bigint): Point {
  return { id, vectors: { '': Float32Array.of(1) }, payload: payloadToBytes({ tag }) };
}
