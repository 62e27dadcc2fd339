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

test('filters nest, as conditions and inside arrays', () => {
  const text = '{"must":[{"should":[{"nested":{"key":"a","filter":{"must":[]}}}]}]}';
  const nested = { kind: 'nested', key: 'a', filter: { must: [] } };
  assert.deepEqual(read(text), { must: [{ kind: 'filter', filter: { should: [nested] } }] });
});

test('is_empty and is_null of a field condition may be false, and several predicates mean any of them', () => {
  const isEmpty = { kind: 'isEmpty', key: 'a' };
  assert.deepEqual(read('{"must":{"key":"a","is_empty":true}}'), { must: [isEmpty] });
  assert.deepEqual(read('{"must":{"key":"a","is_empty":false}}'), {
    must: [{ kind: 'filter', filter: { mustNot: [isEmpty] } }],
  });
  const both = read('{"must":{"key":"a","match":{"value":1},"range":{"gt":5}}}');
  const either = [
    { kind: 'match', key: 'a', value: 1 },
    { kind: 'range', key: 'a', range: { gt: 5 } },
  ];
  assert.deepEqual(both, { must: [{ kind: 'filter', filter: { should: either } }] });
});

test('a filter that is misspelt, unreadable or not served is refused, never ignored', () => {
  const refusals: readonly (readonly [string, RegExp])[] = [
    ['{"musst":[]}', /^400 Format error in JSON body: filter: unknown field `musst`/],
    ['[]', /^400 .*filter: invalid type: a list/],
    ['{"must":[5]}', /^400 .*filter\.must\[0\]: Expected some form of condition/],
    ['{"must":[{}]}', /^400 .*Expected some form of condition, which can be a field condition/],
    ['{"must":[{"must":[],"x":1}]}', /^400 .*unknown field `x`/],
    ['{"must":[{"key":"a"}]}', /^422 .*At least one field condition must be specified/],
    ['{"must":[{"key":"","match":{"value":1}}]}', /^400 .*key/],
    ['{"must":[{"key":"a","match":{}}]}', /^400 .*expected one of `value`, `any`, `except`/],
    ['{"must":[{"key":"a","match":{"value":1.5}}]}', /^400 .*value: invalid type: 1\.5/],
    ['{"must":[{"key":"a","match":{"value":18446744073709551615}}]}', /^400 .*64-bit integer/],
    ['{"must":[{"key":"a","match":{"any":[1,"x"]}}]}', /^400 .*strings or of 64-bit integers/],
    ['{"must":[{"key":"a","match":{"any":[true]}}]}', /^400 .*strings or of 64-bit integers/],
    ['{"must":[{"has_id":["x"]}]}', /^400 .*has_id\[0\]: value "x" is not a valid point ID/],
    [
      '{"must":[{"nested":{"key":"a","filter":{"must":{"has_id":[1]}}}}]}',
      /^422 .*not allowed inside/,
    ],
    ['{"must":[{"key":"a","match":{"text":"x"}}]}', /^400 Bad request: .*full-text match/],
    ['{"must":[{"key":"a","match":{"prefix":"x"}}]}', /^400 Bad request: .*prefix match/],
    ['{"must":[{"key":"a","range":{"gt":"2020-01-01"}}]}', /^400 Bad request: .*datetime range/],
    ['{"must":[{"key":"a","geo_radius":{}}]}', /^400 Bad request: .*geo conditions/],
    ['{"must":[{"key":"a","values_count":{"gt":1}}]}', /^400 Bad request: .*values_count/],
    ['{"must":[{"has_vector":"a"}]}', /^400 Bad request: .*has_vector/],
    ['{"min_should":{"conditions":[],"min_count":1}}', /^400 Bad request: .*min_should/],
  ];
  for (const [text, expected] of refusals) assert.match(refusal(text), expected, text);
});

test('a filter nested too deep is refused before it can exhaust the stack', () => {
  const text = (levels: number) =>
    `${'{"must":'.repeat(levels)}{"has_id":[1]}${'}'.repeat(levels)}`;
  assert.equal(refusal(text(32)), 'none');
  assert.match(refusal(text(33)), /^4\d\d .*nested/);
});
