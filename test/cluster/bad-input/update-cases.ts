// Bad changes and reads of points, and bad configurations of collections.

import {
  CLEAR,
  COUNT,
  DELETE,
  DELETE_KEYS,
  FORMAT,
  ID_RULE,
  INVALID,
  OVERWRITE,
  QUERY_BATCH,
  RETRIEVE,
  type Row,
  SCROLL,
  SEARCH_BATCH,
  SET_PAYLOAD,
  search,
  UPDATE,
} from './rest-requests.ts';

export const CONFIGURATIONS: readonly Row[] = [
  ['vectors that are a list', '{"vectors":[]}', 400, /vectors: invalid type: a list/],
  [
    'a size of 0',
    '{"vectors":{"size":0,"distance":"Dot"}}',
    422,
    `${INVALID}[vectors.size: value 0 invalid, must be from 1 to 65536]`,
  ],
  [
    'a size of 65537',
    '{"vectors":{"size":65537,"distance":"Dot"}}',
    422,
    /vectors\.size: value 65537 invalid/,
  ],
  [
    'a size of -1',
    '{"vectors":{"size":-1,"distance":"Dot"}}',
    400,
    /^Format error .*vectors\.size/,
  ],
  [
    'a size of 1.5',
    '{"vectors":{"size":1.5,"distance":"Dot"}}',
    400,
    /^Format error .*vectors\.size/,
  ],
  [
    'an unknown distance',
    '{"vectors":{"size":4,"distance":"Hamming"}}',
    400,
    /vectors\.distance: invalid type: "Hamming"/,
  ],
  ['no distance', '{"vectors":{"size":4}}', 400, /vectors\.distance/],
  ...(['shard_number', 'replication_factor', 'write_consistency_factor'] as const).flatMap(
    (key): Row[] => {
      const body = (value: number) => `{"vectors":{"size":4,"distance":"Dot"},"${key}":${value}}`;
      const zero = `${INVALID}[${key}: value 0 invalid, must be 1 or larger]`;
      return [
        [`a ${key} of 0`, body(0), 422, zero],
        [`a ${key} of -1`, body(-1), 400, new RegExp(`^Format error .*${key}`)],
        [`a ${key} of 2^32`, body(2 ** 32), 400, new RegExp(`^Format error .*${key}`)],
      ];
    },
  ),
  [
    '4 billion shards',
    '{"vectors":{"size":4,"distance":"Dot"},"shard_number":4000000000}',
    422,
    /shard_number/,
  ],
  [
    'an ef_construct of 3',
    '{"vectors":{"size":4,"distance":"Dot"},"hnsw_config":{"ef_construct":3}}',
    422,
    /hnsw_config\.ef_construct: value 3 invalid/,
  ],
  [
    'an m of 2^40',
    '{"vectors":{"size":4,"distance":"Dot"},"hnsw_config":{"m":1099511627776}}',
    422,
    /hnsw_config\.m: value 1099511627776 invalid/,
  ],
  [
    'a threshold of 2',
    '{"vectors":{"size":4,"distance":"Dot"},"optimizers_config":{"deleted_threshold":2}}',
    422,
    /deleted_threshold/,
  ],
];

export const UPDATES: readonly (readonly [request: string, ...Row])[] = [
  [
    DELETE,
    'neither points nor filter',
    '{}',
    400,
    /expected `points` \(a list of ids\) or `filter`/,
  ],
  [DELETE, 'no ids', '{"points":[]}', 400, 'Bad request: Empty update request'],
  [DELETE, 'an id of -1', '{"points":[-1]}', 400, `${FORMAT}points[0]: value -1 ${ID_RULE}`],
  [DELETE, 'points of text', '{"points":"1"}', 400, /points: invalid type: "1"/],
  [SET_PAYLOAD, 'no payload', '{"points":[1]}', 400, /payload: invalid type: nothing/],
  [
    SET_PAYLOAD,
    'a payload of text',
    '{"payload":"x","points":[1]}',
    400,
    /payload: invalid type: "x"/,
  ],
  [SET_PAYLOAD, 'nobody to set it for', '{"payload":{"x":1}}', 400, /expected `points`/],
  [
    SET_PAYLOAD,
    'a point that is not there',
    '{"payload":{"x":1},"points":[424242]}',
    404,
    'Not found: No point with id 424242 found',
  ],
  [
    SET_PAYLOAD,
    'a bad key',
    '{"payload":{"x":1},"points":[1],"key":"a..b"}',
    400,
    /key: invalid JSON path/,
  ],
  [OVERWRITE, 'no payload', '{"points":[1]}', 400, /payload: invalid type: nothing/],
  [DELETE_KEYS, 'no keys', '{"points":[1]}', 400, /keys: invalid type: nothing/],
  [DELETE_KEYS, 'keys of numbers', '{"points":[1],"keys":[1]}', 400, /keys\[0\]: invalid type: 1/],
  [CLEAR, 'neither points nor filter', '{}', 400, /expected `points`/],
  [RETRIEVE, 'no ids', '{}', 400, /ids: invalid type: nothing/],
  [RETRIEVE, 'an id of 1.5', '{"ids":[1.5]}', 400, `${FORMAT}ids[0]: value 1.5 ${ID_RULE}`],
  [
    SCROLL,
    'a limit of 0',
    '{"limit":0}',
    422,
    `${INVALID}[limit: value 0 invalid, must be 1 or larger]`,
  ],
  [SCROLL, 'a limit of -1', '{"limit":-1}', 400, /limit: invalid type: -1/],
  [SCROLL, 'a bad offset', '{"offset":"x"}', 400, `${FORMAT}offset: value "x" ${ID_RULE}`],
  [COUNT, 'exactness of a number', '{"exact":1}', 400, /exact: invalid type: 1/],
  [SEARCH_BATCH, 'no searches', '{}', 400, /searches: invalid type: nothing/],
  [
    SEARCH_BATCH,
    'one bad search of two',
    `{"searches":[${search('"offset":0')},{"vector":[1],"limit":1}]}`,
    400,
    /expected dim: 4, got 1/,
  ],
  [
    QUERY_BATCH,
    'a query of no object',
    '{"searches":[1]}',
    400,
    /searches\[0\]: invalid type: 1|invalid type: 1/,
  ],
  [UPDATE, 'an m of text', '{"hnsw_config":{"m":"16"}}', 400, /hnsw_config\.m: invalid type: "16"/],
  [
    UPDATE,
    'an unknown vector name',
    '{"vectors":{"foo":{"on_disk":true}}}',
    400,
    'Wrong input: Not existing vector name error: foo',
  ],
  [
    UPDATE,
    'a replication_factor of 0',
    '{"params":{"replication_factor":0}}',
    422,
    /replication_factor: value 0 invalid/,
  ],
];
