// Bad bodies, each with the status and the text that comes back, and good ones in the forms clients send them in.

import assert from 'node:assert/strict';
import test from 'node:test';
import { atOnce } from '@tributary/runtime';
import {
  assertRefused,
  FORMAT,
  ID_RULE,
  type Parse,
  type Refusal,
  UNSUPPORTED,
} from '../refusal.test-support.ts';
import { parseAliasActions } from './aliases.ts';
import { parseFacet, parseMatrix } from './facet.ts';
import { parseCreateFieldIndex } from './field-index.ts';
import { parseBody } from './json-reader.ts';
import {
  parseDiscover,
  parseRecommend,
  parseSearch,
  parseSearchBatch,
  parseSearchGroups,
} from './legacy-query.ts';
import { parseQueryGroups } from './query.ts';
import { parseCount, parsePointIdText, parseRetrieve, parseScroll } from './read.ts';
import {
  clearPayloadSteps,
  deletePayloadSteps,
  deletePointsSteps,
  deleteVectorsSteps,
  overwritePayloadSteps,
  setPayloadSteps,
  updateVectorsSteps,
} from './update.ts';
import { updateBatchSteps } from './update-batch.ts';
import { upsertSteps } from './upsert.ts';

const UUID = '550e8400-e29b-41d4-a716-446655440000';

const pointWith = (vector: string) => `{"points":[{"id":1,"vector":${vector}}]}`;

test('an upsert that cannot be taken is refused with the status and text of its reason', () => {
  const refusals: readonly Refusal[] = [
    ['{"points":[]}', 400, 'Bad request: Empty update request'],
    ['{}', 400, /^Format error in JSON body: expected `points`/],
    ['[1]', 400, `${FORMAT}invalid type: a list, expected an object`],
    ['{"points":[{"id":-1,"vector":[1]}]}', 400, `${FORMAT}points[0].id: value -1 ${ID_RULE}`],
    ['{"points":[{"id":"x","vector":[1]}]}', 400, `${FORMAT}points[0].id: value "x" ${ID_RULE}`],
    ['{"points":[{"id":1.5,"vector":[1]}]}', 400, `${FORMAT}points[0].id: value 1.5 ${ID_RULE}`],
    ['{"points":[{"id":18446744073709551616,"vector":[1]}]}', 400, /is not a valid point ID/],
    [pointWith('null'), 400, /points\[0\]\.vector: invalid type: null/],
    [
      pointWith('[1,null]'),
      400,
      `${FORMAT}points[0].vector[1]: invalid type: null, expected a number`,
    ],
    [pointWith('[1,"2"]'), 400, /points\[0\]\.vector\[1\]: invalid type: "2", expected a number/],
    [pointWith('[1e999]'), 400, /^Format error in JSON body: number out of range/],
    [
      pointWith('[0,1e39]'),
      400,
      /points\[0\]\.vector\[1\]: number out of range for float32: 1e\+39/,
    ],
    [pointWith('[[1],[2,3]]'), 422, /points\[0\]\.vector: all vectors must have the same size/],
    [pointWith('[[],[]]'), 422, /the vectors of a multivector must not be empty/],
    [pointWith('[[1],2]'), 400, /points\[0\]\.vector\[1\]: invalid type: 2, expected a list/],
    [pointWith('[1,[2]]'), 400, /points\[0\]\.vector\[1\]: invalid type: a list, expected a num/],
    [
      pointWith('{"s":{"indices":[1,2],"values":[1]}}'),
      422,
      'Validation error in JSON body: [points[0].vector.?.values: Validation error: must be the same length as indices [{}]]',
    ],
    [
      pointWith('{"s":{"indices":[1,1],"values":[1,2]}}'),
      422,
      'Validation error in JSON body: [points[0].vector.?.indices: Validation error: must be unique [{}]]',
    ],
    [pointWith('{"s":{"indices":[-1],"values":[1]}}'), 400, /indices\[0\]: invalid type: -1/],
    [pointWith('{"s":{"indices":[4294967296],"values":[1]}}'), 400, /indices\[0\]: invalid type/],
    [pointWith('{"s":{"indices":[1]}}'), 400, /values: invalid type: nothing, expected a list/],
    [pointWith('{"s":{"indices":[1],"values":[1e39]}}'), 400, /out of range for float32/],
    [pointWith('{"image":"a","model":"m"}'), 400, /does not support inference/],
    [pointWith('{"a":{"object":{},"model":"m"}}'), 400, /does not support inference/],
    [pointWith('{"text":1,"model":"m"}'), 400, /vector\.text: invalid type: 1/],
    [
      pointWith('{"a":{"text":"a","model":"m","options":[]}}'),
      400,
      /options: invalid type: a list/,
    ],
    [pointWith('{"a":{"text":"a","model":"m","k":1}}'), 400, /k: invalid type: 1, expected only/],
    [pointWith('{"text":"a"}'), 400, /vector\.text: invalid type: "a", expected a vector/],
    [pointWith('{"__proto__":[1]}'), 400, 'Wrong input: Not existing vector name error: __proto__'],
    ['{"points":[{"id":1,"vector":[1],"payload":[]}]}', 400, /points\[0\]\.payload: invalid type/],
    [
      '{"batch":{"ids":[1,2],"vectors":[[1]]}}',
      422,
      /batch\.vectors: number of items \(1\) must be/,
    ],
    ['{"batch":{"ids":[1],"vectors":{"a":[[1],[2]]}}}', 422, /batch\.vectors\.a: number of items/],
    [
      '{"batch":{"ids":[1],"vectors":[[1]],"payloads":[]}}',
      422,
      /batch\.payloads: number of items/,
    ],
    ['{"points":[{"id":1,"vector":[1]}],"shard_key":"a"}', 400, `${UNSUPPORTED}shard keys`],
    ['{"points":[{"id":1,"vector":[1]}],"update_mode":"x"}', 400, /update_mode: invalid type: "x"/],
    ['{"points":[{"id":1,"vector":[1]}],"update_filter":{"a":1}}', 400, /unknown field `a`/],
    ['{"points":', 400, /^Format error in JSON body: /],
    ['['.repeat(100_000), 400, /nested deeper than/],
  ];
  for (const refusal of refusals) assertRefused(upsertSteps, refusal);
});

test('both forms of an upsert become the same points, ids exact', () => {
  const rows = `{"points":[
    {"id":18446744073709551615,"vector":[1,0.5],"payload":{"n":9007199254740993}},
    {"id":"${UUID.toUpperCase()}","vector":{"":[0,2]},"payload":null}]}`;
  const columns = `{"batch":{"ids":[18446744073709551615,"${UUID}"],
    "vectors":[[1,0.5],[0,2]],"payloads":[{"n":9007199254740993},null]}}`;
  const upsert = atOnce(upsertSteps(parseBody(rows)));
  assert.deepEqual(upsert, atOnce(upsertSteps(parseBody(columns))));
  const [first, second] = upsert.points;
  assert.equal(first?.id, 18446744073709551615n);
  assert.equal(second?.id, UUID);
  assert.deepEqual(first.vectors, { '': Float32Array.of(1, 0.5) });
  assert.equal(Buffer.from(first.payload).toString(), '{"n":9007199254740993}');
  assert.equal(second.payload.length, 0);
});

test('named vectors come in rows and in columns, and integers beyond 2^53 are numbers like others', () => {
  const [row] = atOnce(upsertSteps(parseBody(pointWith('{"a":[9007199254740993],"b":[]}')))).points;
  assert.deepEqual(row?.vectors, { a: Float32Array.of(2 ** 53), b: new Float32Array(0) });
  const columns = '{"batch":{"ids":[1,2],"vectors":{"a":[[1],[2]],"b":[[3],[4]]}}}';
  const [, second] = atOnce(upsertSteps(parseBody(columns))).points;
  assert.deepEqual(second?.vectors, { a: Float32Array.of(2), b: Float32Array.of(4) });
});

test('an update without points, or with what is not served, is refused', () => {
  const refusals: readonly (readonly [Parse, Refusal])[] = [
    [deletePointsSteps, ['{}', 400, /expected `points` \(a list of ids\) or `filter`/]],
    [deletePointsSteps, ['{"points":[]}', 400, 'Bad request: Empty update request']],
    [deletePointsSteps, ['{"points":[-1]}', 400, `${FORMAT}points[0]: value -1 ${ID_RULE}`]],
    [deletePointsSteps, ['{"filter":{"muts":[]}}', 400, /filter: unknown field `muts`/]],
    [deletePointsSteps, ['{"points":[1],"shard_key":[1]}', 400, `${UNSUPPORTED}shard keys`]],
    [setPayloadSteps, ['{"points":[1]}', 400, /payload: invalid type: nothing/]],
    [setPayloadSteps, ['{"points":[1],"payload":{},"key":"a..b"}', 400, /key: invalid JSON path/]],
    [overwritePayloadSteps, ['{"points":[1],"payload":{},"key":"["}', 400, /key: invalid JSON/]],
    [updateVectorsSteps, ['{"points":[]}', 422, /\[points: must not be empty\]/]],
    [updateVectorsSteps, ['{"points":[{"id":1}]}', 400, /points\[0\]\.vector: invalid type/]],
    [deleteVectorsSteps, ['{"points":[1],"vector":[]}', 422, /vector names to delete/]],
    [deleteVectorsSteps, ['{"points":[1]}', 400, /vector: invalid type: nothing/]],
    [deleteVectorsSteps, ['{"vector":["a"]}', 400, /expected `points`/]],
    [updateBatchSteps, ['{}', 400, /operations: invalid type: nothing/]],
    [updateBatchSteps, ['{"operations":[{"upset":{}}]}', 400, /operations\[0\]: invalid type/]],
    [updateBatchSteps, ['{"operations":[{"delete":{"points":[]}}]}', 400, /Empty update request/]],
    [updateBatchSteps, ['{"operations":[{"constructor":{}}]}', 400, /operations\[0\]: invalid/]],
    [
      setPayloadSteps,
      [
        `{"points":[1],"key":"${'a.'.repeat(99)}a","payload":${'{"a":'.repeat(29)}1${'}'.repeat(29)}}`,
        400,
        `${FORMAT}payload: nested deeper than 128 levels under its key`,
      ],
    ],
    [deletePayloadSteps, ['{"points":[1],"keys":"a"}', 400, /keys: invalid type: "a"/]],
    [clearPayloadSteps, ['{}', 400, /expected `points`/]],
  ];
  for (const [parse, refusal] of refusals) assertRefused(parse, refusal);
});

test('an update becomes one operation', () => {
  const byIds = { kind: 'ids', ids: [1, UUID] };
  const ids = `"points":[1,"${UUID}"]`;
  assert.deepEqual(atOnce(deletePointsSteps(parseBody(`{${ids}}`))), {
    kind: 'delete',
    selector: byIds,
  });
  assert.deepEqual(atOnce(setPayloadSteps(parseBody(`{${ids},"payload":{"a":1},"key":"b"}`))), {
    kind: 'setPayload',
    selector: byIds,
    payload: { a: 1 },
    key: 'b',
  });
  assert.deepEqual(
    atOnce(overwritePayloadSteps(parseBody(`{${ids},"filter":null,"payload":{}}`))),
    {
      kind: 'overwritePayload',
      selector: byIds,
      payload: {},
    },
  );
  assert.deepEqual(atOnce(deletePayloadSteps(parseBody(`{${ids},"keys":["a","b.c"]}`))), {
    kind: 'deletePayload',
    selector: byIds,
    keys: ['a', 'b.c'],
  });
  assert.deepEqual(atOnce(clearPayloadSteps(parseBody('{"filter":{"must":[]}}'))), {
    kind: 'clearPayload',
    selector: { kind: 'filter', filter: { must: [] } },
  });
});

test('a read that cannot be answered is refused', () => {
  const refusals: readonly (readonly [Parse, Refusal])[] = [
    [parseRetrieve, ['{}', 400, /ids: invalid type: nothing, expected a list/]],
    [parseRetrieve, ['{"ids":[1],"with_payload":5}', 400, /with_payload: invalid type: 5/]],
    [parseScroll, ['{"limit":0}', 422, /limit: value 0 invalid, must be 1 or larger\]$/]],
    [parseScroll, ['{"limit":-1}', 400, /limit: invalid type: -1/]],
    [parseScroll, ['{"limit":18446744073709551616}', 400, /limit: invalid type/]],
    [parseScroll, ['{"order_by":"a..b"}', 400, /order_by: invalid JSON path/]],
    [parseScroll, ['{"order_by":{"key":"a","direction":"up"}}', 400, /`asc` or `desc`/]],
    [parseScroll, ['{"order_by":{"key":"a","start_from":"soon"}}', 400, /is not a datetime/]],
    [parseScroll, ['{"order_by":"a","offset":1}', 400, /Cannot use an `offset` when using/]],
    [parseFacet, ['{}', 400, /key: invalid type: nothing/]],
    [parseFacet, ['{"key":"a","limit":0}', 422, /limit: value 0 invalid, must be 1 or larger/]],
    [parseMatrix, ['{"sample":1}', 422, /sample: value 1 invalid, must be 2 or larger/]],
    [parseMatrix, ['{"limit":0}', 422, /limit: value 0 invalid, must be 1 or larger/]],
    [parseQueryGroups, ['{"query":[1]}', 400, /group_by: invalid type: nothing/]],
    [parseQueryGroups, ['{"query":[1],"group_by":""}', 400, /group_by: invalid JSON path/]],
    [parseQueryGroups, ['{"query":[1],"group_by":"a","group_size":0}', 422, /group_size: value 0/]],
    [parseQueryGroups, ['{"group_by":"a","with_lookup":5}', 400, /with_lookup: invalid type: 5/]],
    [parseSearchGroups, ['{"vector":[1],"limit":1,"group_by":"a"}', 400, /group_size: invalid/]],
    [parseRecommend, ['{"limit":1}', 422, /At least one positive example is required/]],
    [
      parseRecommend,
      ['{"limit":1,"strategy":"best_score"}', 422, /At least one example is required/],
    ],
    [
      parseRecommend,
      ['{"limit":1,"positive":[-1]}', 400, /positive\[0\]: value -1 is not a valid/],
    ],
    [parseDiscover, ['{"limit":1}', 400, /expected a target, a context or both/]],
    [parseDiscover, ['{"limit":1,"context":[{"positive":1}]}', 400, /context\[0\]\.negative/]],
    [parseAliasActions, ['{}', 400, /actions: invalid type: nothing/]],
    [parseAliasActions, ['{"actions":[{"make":{}}]}', 400, /actions\[0\]: invalid type/]],
    [
      parseAliasActions,
      ['{"actions":[{"create_alias":{"alias_name":"a"}}]}', 400, /create_alias\.collection_name/],
    ],
    [parseCreateFieldIndex, ['{"field_schema":"keyword"}', 400, /field_name: invalid type/]],
    [parseCreateFieldIndex, ['{"field_name":"a"}', 400, /expected the kind of index/]],
    [
      parseCreateFieldIndex,
      ['{"field_name":"a","field_schema":"word"}', 400, /field_schema: invalid type: "word"/],
    ],
    [
      parseCreateFieldIndex,
      ['{"field_name":"a","field_schema":{"type":"text","tokenizer":"x"}}', 400, /tokenizer: inv/],
    ],
    [
      parseCreateFieldIndex,
      [
        '{"field_name":"a","field_schema":{"type":"integer","lookup":false,"range":false}}',
        422,
        /at least one of lookup and range/,
      ],
    ],
    [parseScroll, ['{"offset":"x"}', 400, `${FORMAT}offset: value "x" ${ID_RULE}`]],
    [parseCount, ['{"exact":1}', 400, /exact: invalid type: 1, expected a boolean/]],
    [
      parseSearch,
      ['{"vector":[1],"limit":0}', 422, /\[limit: value 0 invalid, must be 1 or larger\]/],
    ],
    [parseSearch, ['{"vector":[1]}', 400, /limit: invalid type: nothing/]],
    [parseSearch, ['{"limit":1}', 400, /vector: invalid type: nothing, expected a vector/]],
    [parseSearch, ['{"vector":[null],"limit":1}', 400, /vector\[0\]: invalid type: null/]],
    [
      parseSearch,
      ['{"vector":{"name":"s","vector":{"indices":[1],"values":[]}},"limit":1}', 422, /values: /],
    ],
    [
      parseSearch,
      ['{"vector":[1],"limit":1,"params":{"hnsw_ef":0}}', 422, /params\.hnsw_ef: value 0/],
    ],
    [parseSearchBatch, ['{"searches":[{"vector":[1],"limit":0}]}', 422, /searches\[0\]\.limit/]],
  ];
  for (const [parse, refusal] of refusals) assertRefused(parse, refusal);
});

test('payloads and vectors come back as asked for: all by default in reads, none in searches', () => {
  const projection = (text: string) => parseRetrieve(parseBody(text)).projection;
  const { payload, vectors } = projection('{"ids":[1]}');
  assert.deepEqual([payload.kind, vectors.kind], ['all', 'none']);
  assert.deepEqual(projection('{"ids":[],"with_payload":["a"],"with_vectors":true}'), {
    payload: { kind: 'include', keys: ['a'] },
    vectors: { kind: 'all' },
  });
  assert.deepEqual(projection('{"ids":[],"with_payload":{"exclude":["a"]},"with_vector":["b"]}'), {
    payload: { kind: 'exclude', keys: ['a'] },
    vectors: { kind: 'names', names: ['b'] },
  });
  assert.equal(parseScroll({}).projection.payload.kind, 'all');
  assert.equal(parseCount({}).exact, true);
});

test('the id in a path is a u64 or a UUID', () => {
  assert.equal(parsePointIdText('7'), 7);
  assert.equal(parsePointIdText('18446744073709551615'), 2n ** 64n - 1n);
  assert.equal(parsePointIdText(UUID), UUID);
  for (const text of ['-1', '1.5', 'x', '', '18446744073709551616']) {
    assert.throws(() => parsePointIdText(text), /is not a valid point ID/);
  }
});
