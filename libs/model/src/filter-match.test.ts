import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { paths } from './arbitraries.ts';
import { filterPayloads, filtersOver } from './conformance.ts';
import type { Condition, Filter, MatchValue } from './filter.ts';
import { compileFilter, matchesFilter, meaningfulIndexesOf } from './filter-match.ts';
import { sequence } from './ids.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { naive } from './naive-filter.test-support.ts';
import type { FieldIndex, TextIndex } from './payload-schema.ts';
import type { PointId } from './point-id.ts';
import { WholeFloat } from './whole-float.ts';

const TEXT_INDEX: TextIndex = {
  type: 'text',
  tokenizer: 'word',
  lowercase: true,
  asciiFolding: false,
  phraseMatching: true,
  stopwords: [],
};
const INTEGER_INDEX = { type: 'integer', lookup: true, range: true } as const;
const INDEXES = new Map<string, FieldIndex>([
  ['b', TEXT_INDEX],
  ['a[].b', { ...TEXT_INDEX, nested: 'a' }],
  ['a[].a', { type: 'uuid', nested: 'a' }],
  ['a', INTEGER_INDEX],
  ['b[].a', INTEGER_INDEX],
]);
const ids = fc.constantFrom<PointId>(1, 2, 2n ** 63n, '550e8400-e29b-41d4-a716-446655440000');

test('a compiled filter says what the naive evaluator says', () => {
  let matched = 0;
  let refused = 0;
  const subject = fc.record({
    id: ids,
    payload: filterPayloads,
    vectorNames: fc.subarray(['', 'image']),
    version: fc.nat(9).map(sequence),
  });
  const points = fc.array(subject, { maxLength: 5 });
  fc.assert(
    fc.property(filtersOver(paths, ids), points, (filter, subjects) => {
      const matches = compileFilter(filter, { indexes: INDEXES });
      for (const each of subjects) {
        const expected = naive(filter, each, INDEXES);
        assert.equal(matches(each), expected);
        if (expected) matched++;
        else refused++;
      }
    }),
    { numRuns: 4_000, seed: 8 },
  );
  assert.ok(matched > 500 && refused > 500, `matched ${matched}, refused ${refused}`);
});

const matches = (condition: Condition, payload: JsonObject) =>
  matchesFilter({ must: [condition] }, { id: 1, payload });

test('a value condition holds for an array where it holds for an element, one level deep', () => {
  const red: Condition = { kind: 'match', key: 'colour', value: 'red' };
  assert.ok(matches(red, { colour: 'red' }));
  assert.ok(matches(red, { colour: ['blue', 'red'] }));
  assert.ok(!matches(red, { colour: [['red']] }));
  assert.ok(!matches(red, { colour: 'Red' }));
});

test('an integer matches integers only, and a range takes floats too', () => {
  const five: Condition = { kind: 'match', key: 'a', value: 5 };
  const any: Condition = { kind: 'matchAny', key: 'a', any: [5, 7] };
  const except: Condition = { kind: 'matchExcept', key: 'a', except: [5] };
  const range: Condition = { kind: 'range', key: 'a', range: { gte: 5, lt: 5.5 } };
  const holds = (a: JsonValue) =>
    [five, any, except, range].map((condition) =>
      matchesFilter({ must: [condition] }, { id: 1, payload: { a } }),
    );
  assert.deepEqual(holds(5), [true, true, false, true]);
  assert.deepEqual(holds(new WholeFloat(5)), [false, false, true, true]);
  assert.deepEqual(holds([new WholeFloat(5), 5]), [true, true, true, true]);
});

test('types do not mix', () => {
  const one: Condition = { kind: 'match', key: 'a', value: 1 };
  assert.ok(matches(one, { a: 1 }));
  assert.ok(matches({ ...one, value: 1n }, { a: 1 }));
  for (const a of ['1', true, 1.5]) assert.ok(!matches(one, { a }), String(a));
  assert.ok(!matches({ ...one, value: true }, { a: 1 }));
  assert.ok(!matches({ ...one, value: 2n ** 60n }, { a: 2 ** 60 }), 'a double is not an integer');
});

test('except holds for any value that is there and not listed, and never for a missing or null one', () => {
  const except = (...list: MatchValue[]): Condition => ({
    kind: 'matchExcept',
    key: 'a',
    except: list,
  });
  assert.ok(matches(except('x'), { a: 'y' }));
  assert.ok(matches(except('x'), { a: 5 }));
  assert.ok(matches(except('x'), { a: ['x', 'y'] }));
  assert.ok(matches(except(), { a: 0 }));
  for (const payload of [{}, { a: null }, { a: [] }, { a: [null] }]) {
    assert.ok(!matches(except('x'), payload));
    assert.ok(!matches(except(), payload));
  }
  assert.ok(!matches(except('x'), { a: 'x' }));
});

test('empty is missing, null or []; null must be there', () => {
  const isEmpty: Condition = { kind: 'isEmpty', key: 'a' };
  const isNull: Condition = { kind: 'isNull', key: 'a' };
  const cases: readonly (readonly [JsonObject, boolean, boolean])[] = [
    [{}, true, false],
    [{ a: null }, true, true],
    [{ a: [] }, true, false],
    [{ a: [null] }, false, true],
    [{ a: [1, null] }, false, true],
    [{ a: 0 }, false, false],
    [{ a: '' }, false, false],
    [{ a: {} }, false, false],
  ];
  for (const [payload, empty, isNullExpected] of cases) {
    assert.equal(matches(isEmpty, payload), empty, JSON.stringify(payload));
    assert.equal(matches(isNull, payload), isNullExpected, JSON.stringify(payload));
  }
});

test('a nested filter must hold for one element alone', () => {
  const diet: JsonObject = {
    diet: [
      { food: 'leaves', likes: false },
      { food: 'meat', likes: true },
    ],
  };
  const eats = (food: string, likes: boolean): Condition => ({
    kind: 'nested',
    key: 'diet',
    filter: {
      must: [
        { kind: 'match', key: 'food', value: food },
        { kind: 'match', key: 'likes', value: likes },
      ],
    },
  });
  assert.ok(matches(eats('meat', true), diet));
  assert.ok(!matches(eats('meat', false), diet));
  assert.ok(!matches(eats('meat', true), { diet: { food: 'meat', likes: true } }));
});

test('a filter without clauses holds', () => {
  assert.ok(matchesFilter({}, { id: 1, payload: {} }));
  assert.ok(matchesFilter({ must: [], should: [], mustNot: [] }, { id: 1, payload: {} }));
});

test('a nested filter whose whole path is longer than any has no text index, and matches as without', () => {
  const key = Array.from({ length: 100 }, () => 'a').join('.');
  const must: Condition[] = [{ kind: 'matchText', key, text: 'x' }];
  const filter: Filter = { must: [{ kind: 'nested', key, filter: { must } }] };
  const indexes = new Map([['a', TEXT_INDEX]]);
  assert.ok(!matchesFilter(filter, { id: 1, payload: { a: 1 } }, { indexes }));
});

test('a text index is meant by every text of its path, within nested filters too', () => {
  const indexed = (field: string) => ({
    indexes: meaningfulIndexesOf({ [field]: { ...TEXT_INDEX, tokenizer: 'prefix' } }),
  });
  const subject = { id: 1, payload: { a: { b: 'Red fox' }, list: [{ b: 'Red fox' }] } };
  for (const key of ['a.b', '"a".b', 'a."b"']) {
    const filter: Filter = { must: [{ kind: 'matchText', key, text: 'FO' }] };
    assert.ok(!matchesFilter(filter, subject));
    for (const field of ['a.b', '"a"."b"'])
      assert.ok(matchesFilter(filter, subject, indexed(field)));
  }
  for (const [key, inner] of [
    ['list', 'b'],
    ['"list"', '"b"'],
    ['list[]', 'b'],
  ] as const) {
    const must: Condition[] = [{ kind: 'matchText', key: inner, text: 'FO' }];
    const filter: Filter = { must: [{ kind: 'nested', key, filter: { must } }] };
    assert.ok(!matchesFilter(filter, subject));
    assert.ok(matchesFilter(filter, subject, indexed('list[]."b"')));
  }
});
