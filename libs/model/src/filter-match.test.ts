import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { paths, payloads, scalars } from './arbitraries.ts';
import type { Condition, Filter, MatchValue } from './filter.ts';
import { compileFilter, matchesFilter } from './filter-match.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { type JsonPathStep, parseJsonPath } from './json-path.ts';
import type { PointId } from './point-id.ts';

// The naive evaluator: one rule a line, straight from the description of the language, nothing shared with the real one
// but the parser of paths.

function naive(filter: Filter, id: PointId, payload: JsonObject): boolean {
  const holds = (condition: Condition) => naiveCondition(condition, id, payload);
  const { must = [], should = [], mustNot = [] } = filter;
  return must.every(holds) && (should.length === 0 || should.some(holds)) && !mustNot.some(holds);
}

function naiveCondition(condition: Condition, id: PointId, payload: JsonObject): boolean {
  if (condition.kind === 'hasId') return condition.ids.some((other) => other === id);
  if (condition.kind === 'filter') return naive(condition.filter, id, payload);
  if (condition.kind === 'nested') {
    const path = [...parseJsonPath(condition.key)];
    if (path.at(-1)?.kind !== 'elements') path.push({ kind: 'elements' });
    return walk(payload, path)
      .filter((element) => typeof element === 'object' && !Array.isArray(element))
      .some((element) => element !== null && naive(condition.filter, id, element as JsonObject));
  }
  const values = walk(payload, parseJsonPath(condition.key));
  const elements = values.flatMap((value) => (Array.isArray(value) ? value : [value]));
  switch (condition.kind) {
    case 'match':
      return elements.some((value) => value === condition.value);
    case 'matchAny':
      return elements.some((value) => condition.any.some((any) => any === value));
    case 'matchExcept':
      return elements.some((v) => v !== null && condition.except.every((except) => except !== v));
    case 'range': {
      const { lt, gt, lte, gte } = condition.range;
      return elements
        .filter((value) => typeof value === 'number' || typeof value === 'bigint')
        .map(Number)
        .filter((number) => lt === undefined || number < lt)
        .filter((number) => gt === undefined || number > gt)
        .filter((number) => lte === undefined || number <= lte)
        .some((number) => gte === undefined || number >= gte);
    }
    case 'isEmpty':
      return values.every((value) => value === null || JSON.stringify(value, plain) === '[]');
    case 'isNull':
      return elements.some((value) => value === null);
  }
}

function walk(value: JsonValue, [step, ...rest]: readonly JsonPathStep[]): JsonValue[] {
  if (step === undefined) return [value];
  if (typeof value !== 'object' || value === null) return [];
  if (step.kind === 'key') {
    if (Array.isArray(value)) return [];
    const entry = Object.entries(value).find(([key]) => key === step.key);
    return entry === undefined ? [] : walk(entry[1], rest);
  }
  if (!Array.isArray(value)) return [];
  const array = value as JsonValue[];
  return array
    .filter((_, index) => step.kind === 'elements' || index === step.index)
    .flatMap((element) => walk(element, rest));
}

function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? 0 : value;
}

const ids = fc.constantFrom<PointId>(1, 2, 2n ** 63n, '550e8400-e29b-41d4-a716-446655440000');
const matchValues = scalars.filter((value): value is MatchValue => value !== null);
const bound = fc.option(fc.integer({ min: -3, max: 3 }), { nil: undefined });
const ranges = fc
  .record({ lt: bound, gt: bound, lte: bound, gte: bound })
  .map((range) =>
    Object.fromEntries(Object.entries(range).filter(([, limit]) => limit !== undefined)),
  );

const { filter: filters } = fc.letrec<{ filter: Filter; condition: Condition }>((tie) => ({
  filter: fc.record(
    {
      must: fc.array(tie('condition'), { maxLength: 2 }),
      should: fc.array(tie('condition'), { maxLength: 2 }),
      mustNot: fc.array(tie('condition'), { maxLength: 2 }),
    },
    { requiredKeys: [] },
  ),
  condition: fc.oneof(
    { maxDepth: 4 },
    fc.record({ kind: fc.constant('match' as const), key: paths, value: matchValues }),
    fc.record({
      kind: fc.constant('matchAny' as const),
      key: paths,
      any: fc.array(matchValues, { maxLength: 3 }),
    }),
    fc.record({
      kind: fc.constant('matchExcept' as const),
      key: paths,
      except: fc.array(matchValues, { maxLength: 3 }),
    }),
    fc.record({ kind: fc.constant('range' as const), key: paths, range: ranges }),
    fc.record({ kind: fc.constant('isEmpty' as const), key: paths }),
    fc.record({ kind: fc.constant('isNull' as const), key: paths }),
    fc.record({ kind: fc.constant('hasId' as const), ids: fc.array(ids, { maxLength: 2 }) }),
    fc.record({ kind: fc.constant('nested' as const), key: paths, filter: tie('filter') }),
    fc.record({ kind: fc.constant('filter' as const), filter: tie('filter') }),
  ),
}));

test('a compiled filter says what the naive evaluator says', () => {
  let matched = 0;
  let refused = 0;
  fc.assert(
    fc.property(filters, fc.array(fc.tuple(ids, payloads), { maxLength: 5 }), (filter, points) => {
      const matches = compileFilter(filter);
      for (const [id, payload] of points) {
        const expected = naive(filter, id, payload);
        assert.equal(matches({ id, payload }), expected);
        if (expected) matched++;
        else refused++;
      }
    }),
    { numRuns: 3_000, seed: 7 },
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
