import assert from 'node:assert/strict';
import test from 'node:test';
import {
  type GroupKey,
  type GroupsRequest,
  type JsonObject,
  type JsonValue,
  type Point,
  payloadFromBytes,
  payloadToBytes,
  type Query,
  type QueryStage,
} from '@tributary/model';
import type { Ranked } from '@tributary/ranking';
import fc from 'fast-check';
import { MemoryShards } from '../testing/memory-shards.ts';
import {
  naive,
  POINTS,
  CONFIG as POINTS_CONFIG,
  RANK_INDEX,
  request,
  stageOf,
  vector,
} from '../testing/naive-query.ts';
import { tree } from '../testing/query-trees.test-support.ts';

const CONFIG = { shardNumber: 3, vectors: { '': { size: 1, distance: 'Dot' } } } as const;
const best: Query = { kind: 'nearest', target: vector(1) };

/** Points whose ids descend with their scores. */
async function filled(payloads: readonly JsonObject[]) {
  const shards = new MemoryShards();
  const collection = await shards.create('c', CONFIG);
  const points = payloads.map((payload, id): Point => {
    return {
      id,
      vectors: { '': Float32Array.of(payloads.length - id) },
      payload: payloadToBytes(payload),
    };
  });
  await shards.apply(collection, { kind: 'upsert', points });
  const groups = async (asked: Partial<GroupsRequest> & { readonly limit?: number }) => {
    const { limit = 10, ...rest } = asked;
    const query = request({ query: best, limit });
    const found = await shards.reader.groups(
      collection,
      { query, groupBy: 'key', groupSize: 3, ...rest },
      {},
    );
    return found.map(({ id, hits, lookup }) => ({ id, hits: hits.map((hit) => hit.id), lookup }));
  };
  return { shards, groups };
}

const key: fc.Arbitrary<JsonValue> = fc.oneof(
  fc.constantFrom('a', 'b', 'c', 1, 2),
  fc.array(fc.constantFrom('a', 'b', 3), { maxLength: 3 }),
  fc.constantFrom(null, true, 1.5),
);

test('groups are those of all points in one ranking', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(key, { maxLength: 40 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 3 }),
      async (keys, limit, groupSize) => {
        const { shards, groups } = await filled(keys.map((value) => ({ key: value })));
        await using _ = shards;
        const expected = new Map<GroupKey, number[]>();
        for (const [id, value] of keys.entries()) {
          for (const each of new Set(Array.isArray(value) ? value : [value])) {
            const isInteger = typeof each === 'number' && Number.isInteger(each);
            if (typeof each !== 'string' && !isInteger) continue;
            expected.set(each, [...(expected.get(each) ?? []), id]);
          }
        }
        const actual = await groups({ limit, groupSize });
        assert.deepEqual(
          actual.map(({ id, hits }) => [id, hits]),
          [...expected].slice(0, limit).map(([id, hits]) => [id, hits.slice(0, groupSize)]),
        );
      },
    ),
    { numRuns: 60 },
  );
});

test('groups behind thousands of points of one value are found and filled all the same', async () => {
  const common = Array.from({ length: 4_200 }, () => ({ key: 'common' }));
  const { shards, groups } = await filled([
    { key: 'first' },
    ...common,
    { key: 'rare' },
    { key: 'first' },
    { key: 'rarer' },
    { key: 'rare' },
  ]);
  await using _ = shards;
  const found = await groups({ limit: 3, groupSize: 2 });
  assert.deepEqual(
    found.map(({ id, hits }) => [id, hits]),
    [
      ['first', [0, 4_202]],
      ['common', [1, 2]],
      ['rare', [4_201, 4_204]],
    ],
  );
});

test('a grouped query groups what it finds without groups, with any prefetches', async () => {
  await using shards = new MemoryShards();
  const collection = await shards.create('p', POINTS_CONFIG);
  await shards.apply(collection, { kind: 'upsert', points: POINTS });
  await shards.apply(collection, RANK_INDEX);
  await fc.assert(
    fc.asyncProperty(
      tree,
      fc.constantFrom('tag', 'color', 'rank'),
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 3 }),
      async (stage, groupBy, limit, groupSize) => {
        const query = request({ ...stage, limit });
        const asked = { query, groupBy, groupSize };
        const found = await shards.reader.groups(collection, asked, {});
        assert.deepEqual(
          found.map(({ id, hits }) => [id, hits.map((hit) => [hit.id, hit.score])]),
          grouped(naive(stage, [], Infinity), groupBy)
            .slice(0, limit)
            .map(([id, hits]) => [id, hits.slice(0, groupSize).map((hit) => [hit.id, hit.score])]),
        );
      },
    ),
    { numRuns: 200 },
  );
});

/** The hits by the value that their points have, in the order of the first of each. */
function grouped(hits: readonly Ranked[], groupBy: string): [GroupKey, Ranked[]][] {
  const groups = new Map<GroupKey, Ranked[]>();
  for (const hit of hits) {
    const payload = payloadFromBytes(POINTS[Number(hit.id)]?.payload ?? new Uint8Array(0));
    const key = payload[groupBy];
    if (typeof key !== 'string' && typeof key !== 'number') continue;
    groups.set(key, [...(groups.get(key) ?? []), hit]);
  }
  return [...groups];
}

test('formulas, samples, rescoring and diversity are grouped among their candidates alone', async () => {
  const { shards, groups } = await filled(
    // Every third point is in no group, and takes a place in a prefetch all the same.
    Array.from({ length: 30 }, (_, id) => (id % 3 === 0 ? {} : { key: id })),
  );
  await using _ = shards;
  const first = (limit: number) => [stageOf({ query: best, limit })];
  const score: Query = {
    kind: 'formula',
    formula: { kind: 'neg', operand: { kind: 'variable', name: '$score' } },
    defaults: {},
  };
  const worst: Query = { kind: 'nearest', target: vector(-1) };
  const diverse: Query = { ...best, mmr: { diversity: 0, candidatesLimit: 5 } };
  const ofPrefetch = async (query: Query, prefetch: readonly QueryStage[]) => {
    const found = await groups({ query: request({ prefetch, query }), groupSize: 1 });
    return found.map(({ id }) => id);
  };
  assert.deepEqual(await ofPrefetch(score, first(6)), [5, 4, 2, 1]);
  assert.deepEqual(await ofPrefetch(worst, first(6)), [5, 4, 2, 1]);
  assert.deepEqual(await ofPrefetch({ kind: 'dbsf' }, first(4)), [1, 2]);
  assert.deepEqual(await ofPrefetch(diverse, []), [1, 2, 4]);
  const nested = [stageOf({ prefetch: first(6), query: worst, limit: 2 })];
  assert.deepEqual(await ofPrefetch({ kind: 'rrf', k: 2 }, nested), [5, 4]);
  const sampled = await ofPrefetch({ kind: 'sample' }, first(6));
  assert.deepEqual(new Set(sampled), new Set([1, 2, 4, 5]));
});

test('a group key that every point has does not reach behind the limit of a prefetch', async () => {
  await using shards = new MemoryShards();
  const vectors = { a: { size: 2, distance: 'Dot' }, b: { size: 2, distance: 'Dot' } } as const;
  const collection = await shards.create('two', { shardNumber: 3, vectors });
  const points = Array.from({ length: 10 }, (_, id): Point => {
    const payload = payloadToBytes({ key: id });
    return { id, payload, vectors: { a: Float32Array.of(id, 0), b: Float32Array.of(0, 10 - id) } };
  });
  await shards.apply(collection, { kind: 'upsert', points });
  const prefetch = [
    stageOf({ query: { kind: 'nearest', target: vector(1, 0) }, using: 'a', limit: 3 }),
  ];
  const query = request({ prefetch, query: { kind: 'nearest', target: vector(0, 1) }, using: 'b' });
  const found = await shards.reader.groups(collection, { query, groupBy: 'key', groupSize: 1 }, {});
  assert.deepEqual(
    found.map(({ id }) => id),
    [7, 8, 9],
  );
});

test('groups come with the points of another collection that have their ids', async () => {
  const { shards, groups } = await filled([{ key: 7 }, { key: 'no id' }, { key: 8 }]);
  await using _ = shards;
  const other = await shards.create('other', { vectors: {} });
  const payload = Uint8Array.from(payloadToBytes({ name: 'seven' }));
  await shards.apply(other, { kind: 'upsert', points: [{ id: 7, vectors: {}, payload }] });
  const projection = { payload: { kind: 'all' }, vectors: { kind: 'none' } } as const;
  const found = await groups({ withLookup: { collection: 'other', projection } });
  assert.deepEqual(
    found.map(({ id, lookup }) => [id, lookup?.payload]),
    [
      [7, payload],
      ['no id', undefined],
      [8, undefined],
    ],
  );
  await assert.rejects(groups({ withLookup: { collection: 'gone', projection } }), {
    code: 'not_found',
  });
});
