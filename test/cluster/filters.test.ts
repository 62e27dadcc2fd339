// Filters over two peers that hold the same points: what indexes answer is what payloads say, paths may be written in
// any way, a formula's condition is a filter, and updates by filter leave the same points on both.

import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { type PeerProcess, ProcessCluster, removeFolder } from '@tributary/infra';
import { hashesOf, replicasOn } from './replica-hashes.ts';

const COUNT = 1_500;

interface Point {
  readonly id: number;
  readonly vector: Readonly<Record<string, readonly number[]>>;
  readonly payload: {
    readonly a: { readonly b: string };
    readonly list: readonly { readonly k: number; readonly v?: number }[];
    readonly tags?: readonly string[];
    readonly n: number;
  };
}

const POINTS: readonly Point[] = Array.from({ length: COUNT }, (_, id) => ({
  id,
  vector: { text: [1, id], ...(id % 2 === 0 && { image: [id, 1] }) },
  payload: {
    a: { b: `Red fox ${id % 50}` },
    list: [{ k: id % 5, v: id % 3 }, { k: (id + 1) % 5 }],
    ...(id % 4 !== 3 && { tags: Array.from({ length: id % 4 }, (_, i) => `t${i}`) }),
    n: id % 100,
  },
}));

const match = (key: string, value: unknown) => ({ key, match: { value } });
type Row = readonly [filter: object, holds: (point: Point) => boolean];
const ROWS: readonly Row[] = [
  [{ must: match('a.b', 'Red fox 7') }, ({ payload }) => payload.a.b === 'Red fox 7'],
  [{ must: match('"a"."b"', 'Red fox 7') }, ({ payload }) => payload.a.b === 'Red fox 7'],
  [{ must: { key: 'n', range: { gte: 10, lt: 30 } } }, ({ payload: { n } }) => n >= 10 && n < 30],
  [{ must: { key: 'tags', values_count: { gte: 2 } } }, ({ id }) => id % 4 === 2],
  [{ must: { key: 'tags', values_count: { lt: 1 } } }, ({ id }) => id % 4 === 0 || id % 4 === 3],
  [{ must: { is_empty: { key: 'tags' } } }, ({ id }) => id % 4 === 0 || id % 4 === 3],
  [{ must_not: { has_vector: 'image' } }, ({ id }) => id % 2 === 1],
  [{ must: [{ has_vector: 'image' }, match('n', 12)] }, ({ id }) => id % 100 === 12],
  [
    { must: { nested: { key: 'list', filter: { must: [match('k', 1), match('v', 0)] } } } },
    ({ id }) => id % 5 === 1 && id % 3 === 0,
  ],
  [
    {
      must: { nested: { key: '"list"', filter: { must: match('k', 1), must_not: match('v', 0) } } },
    },
    ({ id }) => (id % 5 === 1 && id % 3 !== 0) || id % 5 === 0,
  ],
  [
    {
      min_should: {
        conditions: [match('n', 4), { has_vector: 'image' }, match('list[].k', 4)],
        min_count: 2,
      },
    },
    ({ id }) =>
      Number(id % 100 === 4) + Number(id % 2 === 0) + Number(id % 5 === 4 || id % 5 === 3) >= 2,
  ],
];

let folder: string;
let cluster: ProcessCluster;
let peers: readonly PeerProcess[];

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-filters-'));
  cluster = await ProcessCluster.start({ folder, servers: 1, peers: 2 });
  peers = cluster.peers;
  await rest('PUT', '/collections/c', {
    vectors: { text: { size: 2, distance: 'Dot' }, image: { size: 2, distance: 'Dot' } },
    shard_number: 2,
    replication_factor: 2,
    write_consistency_factor: 2,
  });
  for (let from = 0; from < COUNT; from += 500) {
    await rest('PUT', '/collections/c/points?wait=true', {
      points: POINTS.slice(from, from + 500),
    });
  }
});

after(async () => {
  await cluster?.[Symbol.asyncDispose]();
  removeFolder(folder);
});

test('filters hold for the same points without indexes and with them, however their paths are written', async () => {
  const assertCounts = async (when: string) => {
    for (const [filter, holds] of ROWS) {
      for (const peer of peers) {
        const { count } = await rest('POST', '/collections/c/points/count', { filter }, peer);
        const expected = POINTS.filter(holds).length;
        assert.equal(count, expected, `${JSON.stringify(filter)} ${when} on ${peer.name}`);
      }
    }
  };
  await assertCounts('without indexes');
  for (const [field, type] of [
    ['"a"."b"', 'keyword'],
    ['"list"[].k', 'integer'],
    ['tags', 'keyword'],
    ['n', 'integer'],
  ]) {
    await createIndex({ field_name: field, field_schema: type });
  }
  assert.deepEqual(await indexedFields(), ['a.b', 'list[].k', 'n', 'tags']);
  await assertCounts('with indexes');
  const slices = await Promise.all(
    [0, 1, 2].map(async (index) => {
      const filter = { must: [{ slice: { total: 3, index } }] };
      return (await rest('POST', '/collections/c/points/count', { filter })).count;
    }),
  );
  assert.equal(
    slices.reduce((sum: number, count: number) => sum + count, 0),
    COUNT,
  );
});

test('a condition in a formula holds for the points that the filter finds, by tokens where there is a text index', async () => {
  const condition = { key: 'a."b"', match: { text: 'FO 8' } };
  const scored = async () => {
    const { points } = await rest('POST', '/collections/c/points/query', {
      prefetch: { limit: COUNT },
      query: { formula: condition },
      limit: COUNT,
    });
    assert.equal(points.length, COUNT);
    return points.filter(({ score }: { score: number }) => score === 1).length;
  };
  assert.equal(await scored(), 0, 'without an index it is whole words');
  await createIndex({ field_name: 'a.b', field_schema: { type: 'text', tokenizer: 'prefix' } });
  assert.equal(await scored(), COUNT / 50);
  const { count } = await rest('POST', '/collections/c/points/count', {
    filter: { must: condition },
  });
  assert.equal(count, COUNT / 50);
});

test('updates by filter change the points that it holds for, alike on both peers', async () => {
  const nested = { nested: { key: 'list', filter: { must: [match('k', 1), match('v', 0)] } } };
  await rest('POST', '/collections/c/points/payload?wait=true', {
    payload: { seen: true },
    filter: { must: [{ key: 'a.b', match: { text: 'fox 8' } }, { has_vector: 'image' }] },
  });
  await rest('POST', '/collections/c/points/delete?wait=true', { filter: { must: nested } });
  await rest('POST', '/collections/c/points/vectors/delete?wait=true', {
    filter: { must: [match('seen', true), match('n', 8)] },
    vector: ['image'],
  });
  const left = POINTS.filter(({ id }) => !(id % 5 === 1 && id % 3 === 0));
  const seen = left.filter(({ id }) => id % 50 === 8);
  const images = left.filter(({ id }) => id % 2 === 0 && id % 100 !== 8);
  for (const [filter, expected] of [
    [{}, left],
    [{ must: match('seen', true) }, seen],
    [{ must: { has_vector: 'image' } }, images],
  ] as const) {
    const { count } = await rest('POST', '/collections/c/points/count', { filter });
    assert.equal(count, expected.length, JSON.stringify(filter));
  }
  const [first, second] = await Promise.all(peers.map((peer) => hashesOf(replicasOn(peer))));
  assert.equal(first?.size, 2);
  assert.deepEqual(first, second);
  await rest('DELETE', `/collections/c/index/${encodeURIComponent('a."b"')}?wait=true`);
  assert.deepEqual(await indexedFields(), ['list[].k', 'n', 'tags']);
});

test('what an index makes of words, UUIDs and elements is alike on both peers, in reads and in updates', async () => {
  const uuid = '550e8400-e29b-41d4-a716-446655440000';
  const payloads = [
    { t: ['red', 'fox'], u: uuid.toUpperCase(), offers: [{ t: 'red fox', p: 1 }, { t: 'x' }] },
    {
      t: 'Red fox',
      u: `{${uuid}}`,
      offers: [
        { t: 'red', p: 2 },
        { t: 'fox', p: 3 },
      ],
    },
    { t: 'redfox', u: 'x', offers: [] },
    { t: 'getFoxName', u: uuid.replaceAll('-', '') },
  ];
  await rest('PUT', '/collections/w', {
    vectors: {},
    replication_factor: 2,
    write_consistency_factor: 2,
  });
  const points = payloads.map((payload, id) => ({ id, vector: {}, payload }));
  await rest('PUT', '/collections/w/points?wait=true', { points });
  const text = { key: 't', match: { text: 'RED fox' } };
  const rows: readonly (readonly [object, readonly number[], readonly number[]])[] = [
    [text, [1], [0, 1]],
    [{ key: 't', match: { substring: 'dfo' } }, [2], [2]],
    [{ key: 't', match: { prefix: 'red' } }, [0, 2], [0, 2]],
    [{ key: 'u', match: { value: uuid } }, [], [0, 1, 3]],
    [{ key: 'offers[].t', match: { text: 'fox red' } }, [0], [0]],
    [{ is_empty: { key: 'offers[].p' } }, [2, 3], [0]],
    [{ min_should: { conditions: [], min_count: 1 } }, [], []],
  ];
  const assertRows = async (expected: (row: (typeof rows)[number]) => readonly number[]) => {
    for (const row of rows) {
      for (const peer of peers) {
        const body = { filter: { must: [row[0]] }, limit: 10 };
        const { points: found } = await rest('POST', '/collections/w/points/scroll', body, peer);
        const ids = found.map(({ id }: { readonly id: number }) => id);
        assert.deepEqual(ids, expected(row), JSON.stringify(row[0]));
      }
    }
  };
  await assertRows(([, without]) => without);
  for (const [field_name, field_schema] of [
    ['t', { type: 'text' }],
    ['u', { type: 'uuid' }],
    ['offers[].t', { type: 'text', nested: 'offers' }],
    ['offers[].p', { type: 'integer', nested: 'offers' }],
  ] as const) {
    await rest('PUT', '/collections/w/index?wait=true', { field_name, field_schema });
  }
  await assertRows(([, , indexed]) => indexed);
  const { payload_schema: schema } = await rest('GET', '/collections/w');
  assert.equal(schema['offers[].p'].params.nested, 'offers');
  const { hits } = await rest('POST', '/collections/w/facet', { key: 'u' });
  assert.deepEqual(hits, [{ value: uuid, count: 3 }]);
  const filter = { must: [{ key: 'u', match: { value: uuid } }, text] };
  await rest('POST', '/collections/w/points/delete?wait=true', { filter });
  for (const peer of peers) {
    const { points: left } = await rest('POST', '/collections/w/points/scroll', {}, peer);
    assert.deepEqual(
      left.map(({ id }: { readonly id: number }) => id),
      [2, 3],
    );
  }
});

async function createIndex(body: object): Promise<void> {
  await rest('PUT', '/collections/c/index?wait=true', body);
}

async function indexedFields(): Promise<string[]> {
  const { payload_schema: schema } = await rest('GET', '/collections/c');
  return Object.keys(schema).sort();
}

async function rest(method: string, path: string, body?: object, peer = peers[0]) {
  const response = await fetch(`${peer?.url}${path}`, {
    method,
    ...(body !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
  const answer = JSON.parse(await response.text());
  assert.equal(response.status, 200, JSON.stringify(answer.status));
  return answer.result;
}
