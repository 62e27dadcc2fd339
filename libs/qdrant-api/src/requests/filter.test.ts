import assert from 'node:assert/strict';
import test from 'node:test';
import type { Filter } from '@tributary/model';
import { refusalOf } from '../refusal.test-support.ts';
import { readFilter } from './filter.ts';
import { parseBody } from './json-reader.ts';

function read(text: string): Filter {
  return readFilter(parseBody(text), 'filter');
}

function refusal(text: string): string {
  return refusalOf(() => read(text));
}

test('every condition of a filter becomes the one the model knows', () => {
  const filter = read(`{
    "must": [{"key":"a","match":{"value":"x"}}, {"key":"a","match":{"value":9007199254740993}},
             {"key":"a","match":{"value":true}}, {"has_id":[1,18446744073709551615]}],
    "should": {"key":"a","match":{"any":[1,2]}},
    "must_not": [{"key":"a","match":{"except":["x"]}}, {"key":"a[].b","range":{"gte":1,"lt":2.5,"gt":null}},
                 {"is_empty":{"key":"a"}}, {"is_null":{"key":"a"}}]
  }`);
  assert.deepEqual(filter, {
    must: [
      { kind: 'match', key: 'a', value: 'x' },
      { kind: 'match', key: 'a', value: 9007199254740993n },
      { kind: 'match', key: 'a', value: true },
      { kind: 'hasId', ids: [1, 18446744073709551615n] },
    ],
    should: [{ kind: 'matchAny', key: 'a', any: [1, 2] }],
    mustNot: [
      { kind: 'matchExcept', key: 'a', except: ['x'] },
      { kind: 'range', key: 'a[].b', range: { gte: 1, lt: 2.5 } },
      { kind: 'isEmpty', key: 'a' },
      { kind: 'isNull', key: 'a' },
    ],
  });
});

test('texts, times, places, counts, vectors and slices become the conditions the model knows', () => {
  const corner = (lon: number, lat: number) => ({ lon, lat });
  const ring = [corner(0, 0), corner(1, 0), corner(1, 1), corner(0, 0)];
  const points = JSON.stringify({ points: ring });
  const place = '{"lon":1,"lat":2}';
  for (const [text, condition] of [
    ['"match":{"text":"x y"}', { kind: 'matchText', text: 'x y' }],
    ['"match":{"text_any":"x y"}', { kind: 'matchTextAny', text: 'x y' }],
    ['"match":{"phrase":"x y"}', { kind: 'matchPhrase', phrase: 'x y' }],
    ['"match":{"prefix":"x"}', { kind: 'matchPrefix', prefix: 'x' }],
    [
      '"range":{"gte":"1970-01-01T00:00:01Z","lt":null}',
      { kind: 'datetimeRange', range: { gte: 1e6 } },
    ],
    [
      `"geo_radius":{"center":${place},"radius":5}`,
      { kind: 'geoRadius', center: corner(1, 2), radiusM: 5 },
    ],
    [
      `"geo_bounding_box":{"top_left":${place},"bottom_right":${place}}`,
      { kind: 'geoBoundingBox', topLeft: corner(1, 2), bottomRight: corner(1, 2) },
    ],
    [
      `"geo_polygon":{"exterior":${points},"interiors":[${points}]}`,
      { kind: 'geoPolygon', exterior: ring, interiors: [ring] },
    ],
    ['"values_count":{"gt":1},"is_null":true', { kind: 'valuesCount', range: { gt: 1 } }],
  ] as const) {
    assert.deepEqual(read(`{"must":{"key":"a",${text}}}`), { must: [{ ...condition, key: 'a' }] });
  }
  assert.deepEqual(
    read(
      '{"min_should":{"conditions":[{"has_vector":""},{"slice":{"total":3,"index":2}}],"min_count":1}}',
    ),
    {
      minShould: {
        conditions: [
          { kind: 'hasVector', name: '' },
          { kind: 'slice', total: 3, index: 2 },
        ],
        minCount: 1,
      },
    },
  );
});

test('filters nest, as conditions and inside arrays', () => {
  const text = '{"must":[{"should":[{"nested":{"key":"a","filter":{"must":[]}}}]}]}';
  const nested = { kind: 'nested', key: 'a', filter: { must: [] } };
  assert.deepEqual(read(text), { must: [{ kind: 'filter', filter: { should: [nested] } }] });
});

test('is_empty and is_null of a field condition may be false, and several predicates mean any of them', () => {
  const isEmpty = { kind: 'isEmpty', key: 'a' };
  assert.deepEqual(read('{"must":{"key":"a","is_empty":true}}'), { must: [isEmpty] });
  assert.deepEqual(read('{"must":{"key":"a","is_empty":false}}'), {
    must: [{ kind: 'valuesCount', key: 'a', range: { gte: 1 } }],
  });
  const both = read('{"must":{"key":"a","match":{"value":1},"range":{"gt":5}}}');
  const either = [
    { kind: 'match', key: 'a', value: 1 },
    { kind: 'range', key: 'a', range: { gt: 5 } },
  ];
  assert.deepEqual(both, { must: [{ kind: 'filter', filter: { should: either } }] });
});

const OPEN_RING = [0, 1, 2, 3].map((n) => `{"lon":${n},"lat":${n}}`).join();

test('a filter that is misspelt or unreadable is refused, never ignored', () => {
  const refusals: readonly (readonly [string, RegExp])[] = [
    ['{"musst":[]}', /^400 Format error in JSON body: filter: unknown field `musst`/],
    ['[]', /^400 .*filter: invalid type: a list/],
    ['{"must":[5]}', /^400 .*filter\.must\[0\]: Expected some form of condition/],
    ['{"must":[{}]}', /^400 .*Expected some form of condition, which can be a field condition/],
    ['{"must":[{"must":[],"x":1}]}', /^400 .*unknown field `x`/],
    ['{"must":[{"key":"a"}]}', /^422 .*At least one field condition must be specified/],
    ['{"must":[{"key":"","match":{"value":1}}]}', /^400 .*key/],
    ['{"must":[{"key":"a","match":{}}]}', /^400 .*expected one of `value`, `text`/],
    ['{"must":[{"key":"a","match":{"value":1.5}}]}', /^400 .*value: invalid type: 1\.5/],
    ['{"must":[{"key":"a","match":{"value":18446744073709551615}}]}', /^400 .*64-bit integer/],
    ['{"must":[{"key":"a","match":{"any":[1,"x"]}}]}', /^400 .*strings or of 64-bit integers/],
    ['{"must":[{"key":"a","match":{"any":[true]}}]}', /^400 .*strings or of 64-bit integers/],
    ['{"must":[{"has_id":["x"]}]}', /^400 .*has_id\[0\]: value "x" is not a valid point ID/],
    [
      '{"must":[{"nested":{"key":"a","filter":{"must":{"has_id":[1]}}}}]}',
      /^422 .*not allowed inside/,
    ],
    ['{"must":[{"key":"a","match":{"text":5}}]}', /^400 .*match\.text: invalid type: 5/],
    ['{"must":[{"key":"a","range":{"gt":"soon"}}]}', /^400 .*range\.gt: "soon" is not a datetime/],
    ['{"must":[{"key":"a","range":{"gt":"2020-01-01","lt":5}}]}', /^400 .*range\.lt: invalid type/],
    ['{"must":[{"key":"a","geo_radius":{}}]}', /^400 .*geo_radius\.center: invalid type: nothing/],
    [
      '{"must":[{"key":"a","geo_radius":{"center":{"lon":181,"lat":0},"radius":1}}]}',
      /^422 .*center\.lon: value 181/,
    ],
    [
      '{"must":[{"key":"a","geo_polygon":{"exterior":{"points":[{"lon":0,"lat":0}]}}}]}',
      /^422 .*at least 4 points are required/,
    ],
    [
      `{"must":[{"key":"a","geo_polygon":{"exterior":{"points":[${OPEN_RING}]}}}]}`,
      /^422 .*the first and the last point must be the same/,
    ],
    [
      '{"must":[{"key":"a","values_count":{"gt":-1}}]}',
      /^400 .*values_count\.gt: invalid type: -1/,
    ],
    ['{"must":[{"key":"a","values_count":{}}]}', /^422 .*at least one of lt, gt, gte, lte/],
    ['{"must":[{"has_vector":1}]}', /^400 .*has_vector: invalid type: 1/],
    ['{"must":[{"slice":{"total":0,"index":0}}]}', /^422 .*slice\.total: value 0/],
    ['{"must":[{"slice":{"total":2,"index":2}}]}', /^422 .*slice\.index: value 2/],
    ['{"min_should":{"conditions":[]}}', /^400 .*min_should\.min_count: invalid type: nothing/],
    [
      '{"min_should":{"conditions":[],"min_count":0}}',
      /^422 .*min_should\.min_count: value 0 invalid, must be 1 or larger/,
    ],
    ['{"min_should":{"min_count":1}}', /^400 .*min_should\.conditions: invalid type: nothing/],
  ];
  for (const [text, expected] of refusals) assert.match(refusal(text), expected, text);
});

test('a filter nested too deep is refused before it can exhaust the stack', () => {
  const text = (levels: number) =>
    `${'{"must":'.repeat(levels)}{"has_id":[1]}${'}'.repeat(levels)}`;
  assert.equal(refusal(text(32)), 'none');
  assert.match(refusal(text(33)), /^4\d\d .*nested/);
});

test('a key is read as the canonical text of its path', () => {
  assert.deepEqual(read('{"must":[{"is_null":{"key":"\\"a\\".\\"b c\\".\\"d.e\\"[007]"}}]}'), {
    must: [{ kind: 'isNull', key: 'a."b c"."d.e"[7]' }],
  });
});

test('the key $version is the point itself, and in quotes a field of the payload', () => {
  const is = (version: number) => ({ kind: 'version', range: { gte: version, lte: version } });
  const cases: readonly (readonly [string, object])[] = [
    ['"match":{"value":17}', is(17)],
    ['"match":{"value":9223372036854775807}', is(2 ** 63)],
    ['"match":{"any":[17]}', is(17)],
    ['"match":{"any":[17,18]}', { kind: 'filter', filter: { should: [is(17), is(18)] } }],
    ['"match":{"any":[]}', { kind: 'version', range: { lt: 0 } }],
    ['"match":{"except":[17]}', { kind: 'filter', filter: { mustNot: [is(17)] } }],
    ['"range":{"gt":17,"lte":20.5}', { kind: 'version', range: { gt: 17, lte: 20.5 } }],
  ];
  for (const [text, condition] of cases) {
    assert.deepEqual(read(`{"must":{"key":"$version",${text}}}`).must, [condition], text);
  }
  assert.deepEqual(read('{"must":{"key":"\\"$version\\"","match":{"value":17}}}').must, [
    { kind: 'match', key: '"$version"', value: 17 },
  ]);
});

test('what versions cannot be asked is refused', () => {
  for (const condition of [
    '"key":"$version","match":{"value":"17"}',
    '"key":"$version","match":{"text":"17"}',
    '"key":"$version","match":{"any":["17"]}',
    '"key":"$version","values_count":{"gte":1}',
    '"key":"$version","range":{"gte":"2024-02-29T00:00:00Z"}',
    '"is_empty":{"key":"$version"}',
    '"is_null":{"key":"$version"}',
    '"nested":{"key":"$version","filter":{}}',
    '"nested":{"key":"a","filter":{"must":{"key":"$version","match":{"value":17}}}}',
  ]) {
    assert.match(refusal(`{"must":{${condition}}}`), /^422 /, condition);
  }
  assert.match(
    refusal('{"must":{"key":"$version","match":{"value":5.0}}}'),
    /^400 .*invalid type: 5\.0/,
  );
});
