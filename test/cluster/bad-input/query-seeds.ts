// Good REST requests of every kind of query, from which bad ones are made. The field `rank` has an integer index.

import type { SeedRequest } from './seeds.ts';

const VECTOR = [1, 2, 3, 4];
const FILTER = { must: [{ key: 'rank', range: { gte: 3, lt: 50 } }] };

const PREFETCH = [
  { query: VECTOR, limit: 4, filter: FILTER, params: { hnsw_ef: 20 } },
  { query: 5, limit: 3, prefetch: { query: [4, 3, 2, 1], limit: 6 }, score_threshold: 0.1 },
];

const FORMULA = {
  sum: [
    '$score',
    { mult: [0.5, { key: 'tags', match: { any: ['x'] } }] },
    { div: { left: 'rank', right: { sqrt: { abs: -4 } }, by_zero_default: 1 } },
    { exp_decay: { x: 'rank', target: 3, scale: 2, midpoint: 0.4 } },
    { pow: { base: { neg: 2 }, exponent: 2 } },
    { ln: { exp: { log10: 10 } } },
    { max: [{ min: ['rank', 3] }, { acosh: 2 }] },
    { geo_distance: { origin: { lon: 1, lat: 2 }, to: 'place' } },
    { gauss_decay: { x: { datetime_key: 'at' }, target: { datetime: '2024-01-01' }, scale: 9 } },
  ],
};

const VARIANTS: readonly object[] = [
  { query: { nearest: VECTOR, mmr: { diversity: 0.5, candidates_limit: 20 } } },
  { query: { recommend: { positive: [1, VECTOR], negative: [2], strategy: 'average_vector' } } },
  { query: { recommend: { positive: [1], negative: [2, 3], strategy: 'best_score' } } },
  { query: { recommend: { negative: [2, 3], strategy: 'sum_scores' } } },
  { query: { discover: { target: 1, context: [{ positive: 2, negative: VECTOR }] } } },
  { query: { context: [{ positive: 2, negative: 3 }] } },
  { query: { order_by: { key: 'rank', direction: 'desc', start_from: 40 } } },
  { query: { sample: 'random' }, filter: FILTER },
  { query: { fusion: 'rrf' }, prefetch: PREFETCH },
  { query: { fusion: 'dbsf' }, prefetch: PREFETCH },
  { query: { rrf: { k: 3, weights: [1, 2] } }, prefetch: PREFETCH },
  {
    query: { formula: FORMULA, defaults: { place: { lon: 0, lat: 0 }, at: '2024-02-03' } },
    prefetch: PREFETCH,
  },
  {
    query: {
      relevance_feedback: {
        target: 1,
        feedback: [
          { example: 2, score: 0.9 },
          { example: VECTOR, score: 0.1 },
        ],
        strategy: { naive: { a: 1, b: 0.5, c: 0.2 } },
      },
    },
  },
];

/** Reads of the collection beyond plain ones: what they are turned into can change nothing. */
export function queriesOf(collection: string): SeedRequest[] {
  const post = (path: string, body: object) => {
    return { method: 'POST', path: `/collections/${collection}${path}`, body };
  };
  const lookup = { collection, with_payload: ['a'], with_vectors: false };
  const grouped = { group_by: 'rank', group_size: 2, limit: 3, with_lookup: lookup };
  const recommend = { positive: [1, 2], negative: [VECTOR], limit: 3, strategy: 'best_score' };
  const discover = { target: 1, context: [{ positive: 2, negative: 3 }], limit: 3 };
  const matrix = { sample: 6, limit: 2, filter: FILTER };
  return [
    ...VARIANTS.map((variant) => post('/points/query', { limit: 4, offset: 1, ...variant })),
    post('/points/query', { query: 1, lookup_from: { collection, vector: '' }, limit: 2 }),
    post('/points/query/groups', { query: VECTOR, ...grouped }),
    post('/points/search/groups', { vector: VECTOR, ...grouped }),
    post('/points/recommend', recommend),
    post('/points/recommend/batch', { searches: [recommend, { positive: [4], limit: 1 }] }),
    post('/points/recommend/groups', { ...recommend, ...grouped }),
    post('/points/discover', discover),
    post('/points/discover/batch', { searches: [discover] }),
    post('/points/search/matrix/pairs', matrix),
    post('/points/search/matrix/offsets', matrix),
    post('/points/scroll', { order_by: { key: 'rank', start_from: 5 }, limit: 3 }),
    post('/facet', { key: 'rank', limit: 5, filter: FILTER, exact: true }),
  ];
}

/** Changes of the collection beyond plain ones. */
export function changesOf(collection: string): SeedRequest[] {
  const path = (rest: string) => `/collections/${collection}${rest}`;
  const point = { id: 7, vector: VECTOR, payload: { a: 2 } };
  const operations = [
    { upsert: { points: [point], update_filter: FILTER } },
    { update_vectors: { points: [{ id: 7, vector: VECTOR }] } },
    { delete_vectors: { points: [7], vector: [''] } },
    { set_payload: { payload: { m: 1 }, points: [7], key: 'deep' } },
    { overwrite_payload: { payload: { m: 1 }, filter: FILTER } },
    { delete_payload: { keys: ['m'], points: [7] } },
    { clear_payload: { points: [7] } },
    { delete: { filter: FILTER } },
  ];
  const text = { type: 'text', tokenizer: 'word', min_token_len: 2, lowercase: true };
  const update = { points: [point], update_mode: 'update_only', update_filter: FILTER };
  return [
    { method: 'POST', path: path('/points/batch'), body: { operations } },
    { method: 'PUT', path: path('/points'), body: update },
    { method: 'PUT', path: path('/points/vectors'), body: { points: [{ id: 7, vector: VECTOR }] } },
    { method: 'POST', path: path('/points/vectors/delete'), body: { points: [8], vector: [''] } },
    { method: 'PUT', path: path('/index'), body: { field_name: 'm', field_schema: text } },
    { method: 'PUT', path: path('/index'), body: { field_name: 'm', field_schema: 'keyword' } },
    {
      method: 'POST',
      path: '/collections/aliases',
      body: {
        actions: [
          { create_alias: { collection_name: collection, alias_name: 'other' } },
          { rename_alias: { old_alias_name: 'other', new_alias_name: 'third' } },
          { delete_alias: { alias_name: 'third' } },
        ],
      },
    },
  ];
}
