import assert from 'node:assert/strict';
import test from 'node:test';
import { ID_ONLY, NO_PAYLOAD } from '@tributary/model';
import { MemoryShards } from '../testing/memory-shards.ts';
import { CONFIG, ids, POINTS, RANK_INDEX, rankOf } from '../testing/naive-query.ts';

async function filled() {
  const shards = new MemoryShards();
  const collection = await shards.create('c', CONFIG);
  await shards.apply(collection, { kind: 'upsert', points: POINTS });
  await shards.apply(collection, RANK_INDEX);
  await shards.apply(collection, {
    kind: 'createFieldIndex',
    field: 'color',
    index: { type: 'keyword' },
  });
  return { shards, collection };
}

test('facets count over all shards, most frequent first, equal counts by value', async () => {
  const { shards, collection } = await filled();
  await using _ = shards;
  const filter = { must: [{ kind: 'range', key: 'rank', range: { lt: 20 } }] } as const;
  const counts = new Map<string, number>();
  for (const { id } of POINTS) {
    const value = ['red', 'green', 'blue'][Number(id) % 3] ?? '';
    if (rankOf(Number(id)) < 20) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  const expected = [...counts]
    .map(([value, count]) => ({ value, count }))
    .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
  const asked = { key: 'color', filter, exact: true };
  for (const limit of [2, 10]) {
    const hits = await shards.reader.facet(collection, { ...asked, limit }, {});
    assert.deepEqual(hits, expected.slice(0, limit));
  }
  await assert.rejects(shards.reader.facet(collection, { ...asked, key: 'rank', limit: 1 }, {}), {
    code: 'bad_request',
  });
});

test('a matrix holds the nearest of each sampled point within the sample, and never the point itself', async () => {
  const { shards, collection } = await filled();
  await using _ = shards;
  const asked = { sample: 6, limit: 3, using: 'far' };
  const matrix = await shards.reader.matrix(collection, asked, {});
  assert.equal(matrix.ids.length, 6);
  const at = (id: unknown) => POINTS[Number(id)]?.vectors.far ?? assert.fail(`${id} has it`);
  const distance = (a: unknown, b: unknown) => {
    const [from, to] = [at(a), at(b)];
    assert.ok(from instanceof Float32Array && to instanceof Float32Array);
    return Math.fround(Math.hypot(...from.map((value, i) => value - (to[i] ?? 0))));
  };
  for (const [i, id] of matrix.ids.entries()) {
    const others = matrix.ids.filter((other) => other !== id);
    const expected = others
      .map((other) => distance(id, other))
      .sort((a, b) => a - b)
      .slice(0, 3);
    assert.deepEqual(
      matrix.rows[i]?.map(({ score }) => score),
      expected,
    );
  }
  assert.equal(matrix.rows.flat().length, 18);
  const small = await shards.reader.matrix(collection, { ...asked, sample: 2, limit: 9 }, {});
  assert.deepEqual(
    small.rows.map((row) => row.length),
    [1, 1],
  );
  const nothing = { must: [{ kind: 'hasId', ids: [1] }] } as const;
  const none = await shards.reader.matrix(collection, { ...asked, filter: nothing }, {});
  assert.deepEqual(none, { ids: [], rows: [] });
});

test('a large sample is searched in several calls, and every point of it has its neighbours', async () => {
  await using shards = new MemoryShards();
  const vectors = { '': { size: 1, distance: 'Euclid' as const } };
  const collection = await shards.create('c', { vectors, shardNumber: 1 });
  const points = Array.from({ length: 300 }, (_, id) => {
    return { id, vectors: { '': Float32Array.of(id) }, payload: NO_PAYLOAD };
  });
  await shards.apply(collection, { kind: 'upsert', points });
  const asked = { sample: points.length, limit: 1, using: '' };
  const { ids: sampled, rows } = await shards.reader.matrix(collection, asked, {});
  assert.equal(sampled.length, points.length);
  assert.ok(rows.every(([nearest]) => nearest?.score === 1));
  assert.deepEqual(shards.calls, ['sample', 'search', 'search']);
});

test('a scroll by a value is in its order over all shards and says no next page', async () => {
  const { shards, collection } = await filled();
  await using _ = shards;
  const orderBy = { key: 'rank', direction: 'desc', startFrom: 20 } as const;
  const page = await shards.reader.scroll(
    collection,
    { limit: 4, projection: ID_ONLY, orderBy },
    {},
  );
  const expected = POINTS.filter(({ id }) => rankOf(Number(id)) <= 20)
    .sort((a, b) => rankOf(Number(b.id)) - rankOf(Number(a.id)))
    .slice(0, 4);
  assert.deepEqual(ids(page.points), ids(expected));
  assert.deepEqual(
    page.points.map(({ orderValue }) => orderValue),
    expected.map(({ id }) => rankOf(Number(id))),
  );
  assert.equal(page.nextPageOffset, undefined);
});
