import assert from 'node:assert/strict';
import test from 'node:test';
import {
  type GroupKey,
  type GroupsRequest,
  type JsonObject,
  type JsonValue,
  type Point,
  payloadToBytes,
  type Query,
} from '@tributary/model';
import fc from 'fast-check';
import { MemoryShards } from '../testing/memory-shards.ts';
import { request, stageOf, vector } from '../testing/naive-query.ts';

const CONFIG = { shardNumber: 3, vectors: { '': { size: 1, distance: 'Dot' } } } as const;
const best: Query = { kind: 'nearest', target: vector(1) };

/** Points whose ids descend with their scores. */
function filled(payloads: readonly JsonObject[]) {
  const shards = new MemoryShards();
  const collection = shards.create('c', CONFIG);
  const points = payloads.map((payload, id): Point => {
    return {
      id,
      vectors: { '': Float32Array.of(payloads.length - id) },
      payload: payloadToBytes(payload),
    };
  });
  shards.apply(collection, { kind: 'upsert', points });
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
        const { shards, groups } = filled(keys.map((value) => ({ key: value })));
        using _ = shards;
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
  const { shards, groups } = filled([
    { key: 'first' },
    ...common,
    { key: 'rare' },
    { key: 'first' },
    { key: 'rarer' },
    { key: 'rare' },
  ]);
  using _ = shards;
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

test('a fusion is grouped over prefetches that reach far enough', async () => {
  const { shards, groups } = filled(
    Array.from({ length: 30 }, (_, id) => ({ key: id < 20 ? 'a' : 'b' })),
  );
  using _ = shards;
  const prefetch = [stageOf({ query: best, limit: 5 })];
  const query = request({ prefetch, query: { kind: 'rrf', k: 2 }, limit: 2 });
  const found = await groups({ query, groupSize: 1 });
  assert.deepEqual(
    found.map(({ id, hits }) => [id, hits]),
    [
      ['a', [0]],
      ['b', [20]],
    ],
  );
});

test('groups come with the points of another collection that have their ids', async () => {
  const { shards, groups } = filled([{ key: 7 }, { key: 'no id' }, { key: 8 }]);
  using _ = shards;
  const other = shards.create('other', { vectors: {} });
  const payload = payloadToBytes({ name: 'seven' });
  shards.apply(other, { kind: 'upsert', points: [{ id: 7, vectors: {}, payload }] });
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
