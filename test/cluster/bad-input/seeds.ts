// Good REST requests from which bad ones are made.

import type { Random } from '@tributary/runtime';
import { mutatedJson } from './mutations.ts';

export interface SeedRequest {
  readonly method: string;
  readonly path: string;
  readonly body: object;
}

const VECTOR = [1, 2, 3, 4];

const FILTER = {
  must: [
    { key: 'a', range: { gte: 3, lt: 50 } },
    { key: 'tags', match: { any: ['x', 'y1'] } },
    { nested: { key: 'parts', filter: { must: [{ key: 'n', match: { value: 1 } }] } } },
  ],
  should: [{ has_id: [1, 2, '5c56c793-69f3-4fbf-87e6-c4bf54c28c26'] }, { is_empty: { key: 'z' } }],
  must_not: [{ is_null: { key: 'a' } }, { key: 'deep.b', match: { value: false } }],
};

/** Reads of the collection: what they are turned into can change nothing. */
export function readsOf(collection: string): SeedRequest[] {
  const points = `/collections/${collection}/points`;
  const search = {
    vector: VECTOR,
    limit: 3,
    offset: 1,
    filter: FILTER,
    params: { hnsw_ef: 50, exact: false },
    with_payload: { include: ['a', 'deep.b'] },
    with_vector: true,
    score_threshold: 0.1,
  };
  const query = { query: VECTOR, limit: 3, filter: FILTER, with_payload: ['a'] };
  const post = (path: string, body: object) => ({ method: 'POST', path: points + path, body });
  return [
    post('', { ids: [1, 2, 3], with_payload: true, with_vector: [''] }),
    post('/scroll', { limit: 5, offset: 10, filter: FILTER, with_payload: { exclude: ['a'] } }),
    post('/count', { filter: FILTER, exact: true }),
    post('/search', search),
    post('/search/batch', { searches: [search, { vector: VECTOR, limit: 1 }] }),
    post('/query', query),
    post('/query', { query: { nearest: 5 }, using: '', limit: 2 }),
    post('/query/batch', { searches: [query, { query: 7 }] }),
  ];
}

/** Changes of the collection. */
export function writesOf(collection: string): SeedRequest[] {
  const points = `/collections/${collection}/points`;
  const point = { id: 5, vector: VECTOR, payload: { a: 1, tags: ['x'], deep: { b: true } } };
  const batch = { ids: [6, 7], vectors: [VECTOR, VECTOR], payloads: [{ a: 1 }, null] };
  return [
    { method: 'PUT', path: `${points}?wait=true`, body: { points: [point, { ...point, id: 8 }] } },
    { method: 'PUT', path: points, body: { batch } },
    { method: 'POST', path: `${points}/delete`, body: { points: [9, 10] } },
    { method: 'POST', path: `${points}/delete?wait=true`, body: { filter: FILTER } },
    { method: 'POST', path: `${points}/payload`, body: { payload: { n: 1 }, filter: FILTER } },
    {
      method: 'POST',
      path: `${points}/payload?wait=true`,
      body: { payload: { n: 1 }, points: [1, 2], key: 'deep.c' },
    },
    { method: 'PUT', path: `${points}/payload`, body: { payload: { n: 1 }, points: [3] } },
    { method: 'POST', path: `${points}/payload/delete`, body: { keys: ['n'], points: [1, 3] } },
    { method: 'POST', path: `${points}/payload/clear`, body: { points: [4] } },
  ];
}

/** An upsert whose last point no one can take: nothing of it may be written, whatever becomes of the others. */
export function poisonedUpsert(random: Random): string {
  const good = { id: 5, vector: VECTOR, payload: { a: 1, tags: ['x'], deep: { b: true } } };
  return `{"points":[${mutatedJson(good, random)},{"id":99,"vector":[1,2,3]}]}`;
}

/** A collection that no one can make. */
export function poisonedCollection(random: Random): string {
  const config = {
    shard_number: 1,
    replication_factor: 1,
    optimizers_config: { deleted_threshold: 0.2, indexing_threshold: 1_000 },
    hnsw_config: { m: 16, ef_construct: 100 },
    metadata: { a: 1 },
  };
  const rest = mutatedJson(config, random).slice(1, -1);
  return `{${rest},"vectors":{"size":0,"distance":"Dot"}}`;
}

export const PATCH = {
  hnsw_config: { m: 16, ef_construct: 100 },
  optimizers_config: { deleted_threshold: 0.2 },
  params: { replication_factor: 1, on_disk_payload: true },
  metadata: { a: { b: [1, 2] } },
};
