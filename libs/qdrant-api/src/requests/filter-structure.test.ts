// The filter language sentence by sentence: what is there, where it is, how conditions go together, points themselves.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { PointId } from '@tributary/model';
import { compiled, contradictions, type Row, subject } from './filter-language.test-support.ts';

const SHAPES: readonly Row[] = [
  [
    'values_count is the length of an array',
    '{"key":"a","values_count":{"gte":2}}',
    ['{"a":[1,2]}', '{"a":[null,null]}', '{"a":[[],[]]}'],
    ['{"a":[1]}', '{"a":"xx"}'],
  ],
  [
    'values_count of a scalar is 1',
    '{"key":"a","values_count":{"gt":0,"lt":2}}',
    ['{"a":5}', '{"a":{"b":1,"c":2}}', '{"a":[9]}'],
    ['{"a":[1,2]}', '{}'],
  ],
  [
    'values_count of null, missing and [] is 0',
    '{"key":"a","values_count":{"lt":1}}',
    ['{}', '{"a":null}', '{"a":[]}'],
    ['{"a":0}'],
  ],
  [
    'is_empty is missing, null or []',
    '{"is_empty":{"key":"a"}}',
    ['{}', '{"a":null}', '{"a":[]}'],
    ['{"a":[null]}', '{"a":""}', '{"a":{}}', '{"a":0}'],
  ],
  [
    'is_empty may be a predicate of a field',
    '{"key":"a","is_empty":true}',
    ['{}', '{"a":[]}'],
    ['{"a":1}'],
  ],
  [
    'is_empty may be false',
    '{"key":"a","is_empty":false}',
    ['{"a":1}'],
    ['{}', '{"a":null}', '{"a":[]}'],
  ],
  [
    'is_null is null or an array with one',
    '{"is_null":{"key":"a"}}',
    ['{"a":null}', '{"a":[1,null]}'],
    ['{}', '{"a":[]}', '{"a":[[null]]}', '{"a":0}'],
  ],
  ['is_null may be a predicate of a field', '{"key":"a","is_null":true}', ['{"a":null}'], ['{}']],
  [
    'several predicates of a field are or-ed',
    '{"key":"a","match":{"value":1},"range":{"gt":5}}',
    ['{"a":1}', '{"a":6}'],
    ['{"a":2}'],
  ],
  [
    'values_count stands before all other predicates',
    '{"key":"a","values_count":{"gt":1},"is_empty":true,"match":{"value":1}}',
    ['{"a":[1,2]}'],
    ['{}', '{"a":1}'],
  ],
  [
    'is_empty stands before is_null and the rest',
    '{"key":"a","is_empty":true,"is_null":true,"match":{"value":1}}',
    ['{}', '{"a":null}'],
    ['{"a":1}', '{"a":[null]}'],
  ],
  [
    'is_null stands before values',
    '{"key":"a","is_null":true,"match":{"value":1}}',
    ['{"a":[null]}'],
    ['{"a":1}'],
  ],
];

const PATHS: readonly Row[] = [
  [
    'a dot goes into an object',
    '{"key":"a.b","match":{"value":1}}',
    ['{"a":{"b":1}}', '{"a":{"b":[1]}}'],
    ['{"a.b":1}', '{"a":[{"b":1}]}'],
  ],
  [
    '[] goes through all elements',
    '{"key":"a[].b","match":{"value":1}}',
    ['{"a":[{"b":0},{"b":1}]}'],
    ['{"a":{"b":1}}', '{"a":[{"c":1}]}'],
  ],
  [
    '[n] is one element',
    '{"key":"a[1].b","match":{"value":1}}',
    ['{"a":[{"b":0},{"b":1}]}'],
    ['{"a":[{"b":1},{"b":0}]}'],
  ],
  [
    'a quoted key may hold a dot',
    '{"key":"\\"a.b\\".c","match":{"value":1}}',
    ['{"a.b":{"c":1}}'],
    ['{"a":{"b":{"c":1}}}'],
  ],
  [
    'quotes that are not needed change nothing',
    '{"key":"\\"a\\".\\"b\\"","match":{"value":1}}',
    ['{"a":{"b":1}}'],
    ['{"a.b":1}'],
  ],
  [
    'one element meets a nested filter whole',
    '{"nested":{"key":"a","filter":{"must":[{"key":"b","match":{"value":1}},{"key":"c","match":{"value":2}}]}}}',
    ['{"a":[{"b":0},{"b":1,"c":2}]}'],
    ['{"a":[{"b":1},{"c":2}]}', '{"a":{"b":1,"c":2}}', '{}'],
  ],
  [
    'the key of nested may say [] itself',
    '{"nested":{"key":"a[]","filter":{"must":{"key":"b","match":{"value":1}}}}}',
    ['{"a":[{"b":1}]}'],
    ['{"a":{"b":1}}'],
  ],
  [
    'must_not in nested is of one element',
    '{"nested":{"key":"a","filter":{"must_not":[{"key":"b","match":{"value":1}}]}}}',
    ['{"a":[{"b":1},{"b":2}]}', '{"a":[{}]}'],
    ['{"a":[{"b":1}]}', '{"a":[]}', '{}'],
  ],
  [
    'nested goes into arrays of elements',
    '{"nested":{"key":"a","filter":{"must":{"nested":{"key":"b","filter":{"must":{"key":"c","match":{"value":1}}}}}}}}',
    ['{"a":[{"b":[{"c":1}]}]}'],
    ['{"a":[{"b":{"c":1}}]}'],
  ],
];

const one = '{"key":"a","match":{"value":1}}';
const two = '{"key":"b","match":{"value":1}}';
const three = '{"key":"c","match":{"value":1}}';
const CLAUSES: readonly Row[] = [
  ['a clause may be one condition', `{"must":${one}}`, ['{"a":1}'], ['{}']],
  ['must is all of them', `{"must":[${one},${two}]}`, ['{"a":1,"b":1}'], ['{"a":1}', '{"b":1}']],
  ['should is one of them', `{"should":[${one},${two}]}`, ['{"a":1}', '{"b":1}'], ['{}']],
  [
    'must_not is none of them',
    `{"must_not":[${one},${two}]}`,
    ['{}'],
    ['{"a":1}', '{"b":1,"a":1}'],
  ],
  [
    'min_should is as many of them',
    `{"min_should":{"conditions":[${one},${two},${three}],"min_count":2}}`,
    ['{"a":1,"c":1}', '{"a":1,"b":1,"c":1}'],
    ['{"b":1}', '{}'],
  ],
  [
    'more than there are is none',
    `{"min_should":{"conditions":[${one}],"min_count":2}}`,
    [],
    ['{"a":1}'],
  ],
  [
    'of no conditions none holds',
    '{"min_should":{"conditions":[],"min_count":1}}',
    [],
    ['{"a":1}'],
  ],
  [
    'clauses hold together',
    `{"must":[${one}],"should":[${two}],"must_not":[${three}]}`,
    ['{"a":1,"b":1}'],
    ['{"a":1}', '{"b":1}', '{"a":1,"b":1,"c":1}'],
  ],
  [
    'an empty clause is as good as absent',
    `{"must":[${one}],"should":[],"must_not":[]}`,
    ['{"a":1}'],
    ['{}'],
  ],
  ['an empty filter holds', '{"must":[]}', ['{}'], []],
  [
    'filters nest',
    `{"must":[{"should":[${one},{"must_not":[${two}]}]}]}`,
    ['{"a":1,"b":1}', '{}'],
    ['{"b":1}'],
  ],
];

test('what is not there, null or of many values is distinguished', () =>
  assert.deepEqual(contradictions(SHAPES), []));

test('a key leads where its path says, and nested looks at one element', () =>
  assert.deepEqual(contradictions(PATHS), []));

test('clauses hold together and nest', () => assert.deepEqual(contradictions(CLAUSES), []));

test('conditions on the point itself look at its id and its vectors', () => {
  const uuid = '550e8400-e29b-41d4-a716-446655440000';
  const rows: readonly (readonly [string, readonly PointId[], readonly PointId[]])[] = [
    ['{"has_id":[1,18446744073709551615]}', [1, 2n ** 64n - 1n], [2, 2n ** 63n]],
    [`{"has_id":["${uuid.toUpperCase()}"]}`, [uuid], [1]],
    ['{"has_id":[]}', [], [1, uuid]],
    ['{"slice":{"total":1,"index":0}}', [1, uuid], []],
  ];
  for (const [condition, holding, failing] of rows) {
    const holds = compiled(condition);
    for (const id of holding) assert.ok(holds({ ...subject('{}'), id }), `${condition}: ${id}`);
    for (const id of failing)
      assert.ok(!holds({ ...subject('{}'), id }), `${condition}: not ${id}`);
  }
  for (const name of ['', 'image']) {
    const holds = compiled(`{"has_vector":"${name}"}`);
    assert.ok(holds({ ...subject('{}'), vectorNames: [name, 'other'] }));
    assert.ok(!holds({ ...subject('{}'), vectorNames: ['other'] }));
  }
});

test('each point is in exactly one slice of a total', () => {
  for (const total of [2, 7]) {
    const slices = Array.from({ length: total }, (_, index) =>
      compiled(`{"slice":{"total":${total},"index":${index}}}`),
    );
    for (let id = 0; id < 200; id++) {
      assert.equal(slices.filter((holds) => holds({ ...subject('{}'), id })).length, 1);
    }
  }
});
