// Bad vectors, searches and queries.

import { FORMAT, filtered, ID_RULE, INVALID, type Row, search, upsert } from './rest-requests.ts';

export const VECTORS: readonly Row[] = [
  [
    'a vector too short',
    upsert('[1,2,3]'),
    400,
    'Wrong input: Vector dimension error: expected dim: 4, got 3',
  ],
  [
    'a vector too long',
    upsert('[1,2,3,4,5]'),
    400,
    'Wrong input: Vector dimension error: expected dim: 4, got 5',
  ],
  [
    'an empty vector',
    upsert('[]'),
    400,
    'Wrong input: Vector dimension error: expected dim: 4, got 0',
  ],
  [
    'null in a vector',
    upsert('[1,2,3,null]'),
    400,
    `${FORMAT}points[0].vector[3]: invalid type: null, expected a number`,
  ],
  ['text in a vector', upsert('[1,2,3,"4"]'), 400, /points\[0\]\.vector\[3\]: invalid type: "4"/],
  ['1e999 in a vector', upsert('[1,2,3,1e999]'), 400, /^Format error .*number out of range/],
  ['1e300 in a vector', upsert('[1,2,3,1e300]'), 400, /number out of range for float32/],
  ['NaN in a vector', upsert('[1,2,3,NaN]'), 400, /^Format error in JSON body: /],
  ['null for a vector', upsert('null'), 400, /points\[0\]\.vector: invalid type: null/],
  ['no vector', '{"points":[{"id":1}]}', 400, /^Format error in JSON body: /],
  [
    'an unknown vector name',
    upsert('{"foo":[1,2,3,4]}'),
    400,
    'Wrong input: Not existing vector name error: foo',
  ],
  ['an id of -1', upsert('[1,2,3,4]', '-1'), 400, `${FORMAT}points[0].id: value -1 ${ID_RULE}`],
  ['an id of 1.5', upsert('[1,2,3,4]', '1.5'), 400, `${FORMAT}points[0].id: value 1.5 ${ID_RULE}`],
  ['an id of 2^64', upsert('[1,2,3,4]', '18446744073709551616'), 400, /is not a valid point ID/],
  [
    'a bad UUID',
    upsert('[1,2,3,4]', '"5c56c793-69f3"'),
    400,
    `${FORMAT}points[0].id: value "5c56c793-69f3" ${ID_RULE}`,
  ],
  ['no id', '{"points":[{"vector":[1,2,3,4]}]}', 400, /is not a valid point ID/],
  [
    'a payload that is a list',
    '{"points":[{"id":1,"vector":[1,2,3,4],"payload":[]}]}',
    400,
    /payload: invalid type/,
  ],
  ['no points', '{"points":[]}', 400, 'Bad request: Empty update request'],
  ['an empty batch', '{"batch":{"ids":[],"vectors":[]}}', 400, 'Bad request: Empty update request'],
  [
    'columns of two lengths',
    '{"batch":{"ids":[1,2],"vectors":[[1,2,3,4]]}}',
    422,
    /^Validation error .*batch\.vectors/,
  ],
  [
    'a good point and a bad one',
    '{"points":[{"id":900,"vector":[1,2,3,4]},{"id":901,"vector":[1]}]}',
    400,
    /expected dim: 4, got 1/,
  ],
];

export const SEARCHES: readonly Row[] = [
  [
    'a query too short',
    '{"vector":[1,2,3],"limit":1}',
    400,
    'Wrong input: Vector dimension error: expected dim: 4, got 3',
  ],
  ['an empty query', '{"vector":[],"limit":1}', 400, /expected dim: 4, got 0/],
  ['null in a query', '{"vector":[1,2,3,null],"limit":1}', 400, /vector\[3\]: invalid type: null/],
  [
    'an unknown vector name',
    '{"vector":{"name":"foo","vector":[1,2,3,4]},"limit":1}',
    400,
    'Wrong input: Not existing vector name error: foo',
  ],
  ['no limit', '{"vector":[1,2,3,4]}', 400, /limit: invalid type: nothing/],
  [
    'a limit of 0',
    '{"vector":[1,2,3,4],"limit":0}',
    422,
    `${INVALID}[limit: value 0 invalid, must be 1 or larger]`,
  ],
  ['a limit of -1', '{"vector":[1,2,3,4],"limit":-1}', 400, /limit: invalid type: -1/],
  ['an offset of -1', search('"offset":-1'), 400, /offset: invalid type: -1/],
  [
    'a limit of 2^64',
    '{"vector":[1,2,3,4],"limit":18446744073709551616}',
    400,
    /limit: invalid type/,
  ],
  [
    'an ef of 0',
    search('"params":{"hnsw_ef":0}'),
    422,
    `${INVALID}[params.hnsw_ef: value 0 invalid, must be 1 or larger]`,
  ],
  [
    'a threshold of text',
    search('"score_threshold":"0.5"'),
    400,
    /score_threshold: invalid type: "0.5"/,
  ],
  ['with_payload of a number', search('"with_payload":5'), 400, /with_payload: invalid type: 5/],
  ['with_vector of a number', search('"with_vector":5'), 400, /with_vector: invalid type: 5/],
  ['parameters of text', search('"params":"fast"'), 400, /params: invalid type: "fast"/],
  [
    'a circle without a centre',
    filtered('{"key":"a","geo_radius":{}}'),
    400,
    /geo_radius\.center: invalid type: nothing/,
  ],
];

export const QUERIES: readonly Row[] = [
  [
    'a limit of 0',
    '{"query":[1,2,3,4],"limit":0}',
    422,
    `${INVALID}[internal.limit: value 0 invalid, must be 1 or larger]`,
  ],
  ['a query too long', '{"query":[1,2,3,4,5]}', 400, /expected dim: 4, got 5/],
  ['an id that is not there', '{"query":424242}', 404, 'Not found: No point with id 424242 found'],
  ['an id of -1', '{"query":-1}', 400, `${FORMAT}query: value -1 ${ID_RULE}`],
  ['a bad UUID', '{"query":"x"}', 400, `${FORMAT}query: value "x" ${ID_RULE}`],
  [
    'an unknown kind of query',
    '{"query":{"nearby":[1]}}',
    400,
    /^Format error in JSON body: query/,
  ],
  [
    'an unknown vector name',
    '{"query":[1,2,3,4],"using":"foo"}',
    400,
    'Wrong input: Not existing vector name error: foo',
  ],
  [
    'a threshold and no query',
    '{"score_threshold":0.5}',
    400,
    /^Bad request: A query is needed to use the score_threshold\./,
  ],
  [
    'prefetches and no query',
    '{"prefetch":{"query":[1,2,3,4]}}',
    400,
    "Bad request: A query is needed to merge the prefetches. Can't have prefetches without defining a query.",
  ],
];
