import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { paths } from './arbitraries.ts';
import { filterPayloads, filtersOver } from './conformance.ts';
import { parseDatetime } from './datetime.ts';
import type { ExactNumber } from './exact-number.ts';
import type { Condition, Filter, GeoPoint, MatchValue, RangeBounds } from './filter.ts';
import { compileFilter, matchesFilter, meaningfulIndexesOf } from './filter-match.ts';
import { geoDistanceM, geoPointOf, isInBox, isInPolygon } from './geo.ts';
import { sliceOfId } from './id-slice.ts';
import { type Sequence, sequence } from './ids.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { type JsonPathStep, parseJsonPath } from './json-path.ts';
import { isJsonObject } from './payload-codec.ts';
import type { FieldIndex, TextIndex } from './payload-schema.ts';
import type { PointId } from './point-id.ts';
import { createTextAnalyser } from './text-tokens.ts';
import { WholeFloat } from './whole-float.ts';

// The naive evaluator: one rule a line, straight from the description of the language, nothing shared with the real one
// but the parsers of paths, times and tokens and the places of areas, which have tests of their own.

interface Subject {
  readonly id: PointId;
  readonly payload: JsonObject;
  readonly vectorNames: readonly string[];
  readonly version: Sequence;
}

function naive(filter: Filter, subject: Subject, prefix = ''): boolean {
  const holds = (condition: Condition) => naiveCondition(condition, subject, prefix);
  const { must = [], should = [], mustNot = [], minShould } = filter;
  const { conditions = [], minCount = 0 } = minShould ?? {};
  return (
    must.every(holds) &&
    (should.length === 0 || should.some(holds)) &&
    (conditions.length === 0 || conditions.filter(holds).length >= minCount) &&
    !mustNot.some(holds)
  );
}

function naiveCondition(condition: Condition, subject: Subject, prefix: string): boolean {
  const { id, payload, vectorNames, version } = subject;
  switch (condition.kind) {
    case 'hasId':
      return condition.ids.some((other) => other === id);
    case 'version':
      return isWithin(version, condition.range);
    case 'hasVector':
      return vectorNames.some((name) => name === condition.name);
    case 'slice':
      return sliceOfId(id, condition.total) === condition.index;
    case 'filter':
      return naive(condition.filter, subject, prefix);
    case 'nested': {
      const path = [...parseJsonPath(condition.key)];
      const brackets = path.at(-1)?.kind === 'elements' ? '' : '[]';
      if (brackets !== '') path.push({ kind: 'elements' });
      return walk(payload, path)
        .filter(isJsonObject)
        .some((element) =>
          naive(
            condition.filter,
            { ...subject, payload: element as JsonObject },
            `${prefix}${condition.key}${brackets}.`,
          ),
        );
    }
    default:
      return naiveValues(condition, walk(payload, parseJsonPath(condition.key)), prefix);
  }
}

type Keyed = Exclude<
  Condition,
  { readonly kind: 'hasId' | 'hasVector' | 'version' | 'slice' | 'filter' | 'nested' }
>;

function naiveValues(condition: Keyed, values: readonly JsonValue[], prefix: string): boolean {
  const elements = values.flatMap((value) => (Array.isArray(value) ? value : [value]));
  const texts = elements.filter((value) => typeof value === 'string');
  const ofField = INDEXES.get(prefix + condition.key);
  const index = ofField?.type === 'text' ? ofField : undefined;
  const integers = ofField?.type === 'integer';
  /** Under an index of integers a whole float is one. */
  const seen = integers ? elements.map((each) => integerIn(each) ?? each) : elements;
  const equals = (a: JsonValue, b: JsonValue) =>
    typeof a === typeof b && (a instanceof WholeFloat ? Object.is(a, b) : a === b);
  const tokens = (text: string) =>
    createTextAnalyser(index ?? assert.fail())
      .documentTokens(text)
      .join(' ')
      .split(' ');
  // A query without a token finds nothing.
  const text = 'text' in condition ? condition.text : 'phrase' in condition ? condition.phrase : '';
  if (index !== undefined && condition.kind.startsWith('match')) {
    const asksForText = 'text' in condition || 'phrase' in condition;
    if (asksForText && tokens(text).length === 0) return false;
  }
  switch (condition.kind) {
    case 'match':
      return seen.some((value) => equals(value, sameKind(condition.value)));
    case 'matchAny':
      return seen.some((value) => condition.any.some((any) => equals(value, sameKind(any))));
    case 'matchExcept':
      return (
        integers && /number|bigint/.test(typeof condition.except[0])
          ? seen.filter((value) => integerIn(value) !== undefined)
          : seen
      ).some((v) => v !== null && condition.except.every((except) => !equals(v, sameKind(except))));
    case 'matchPrefix':
      return texts.some((text) => text.slice(0, condition.prefix.length) === condition.prefix);
    case 'matchPhrase':
      if (index === undefined) return texts.some((text) => text.includes(condition.phrase));
      return texts.some((text) =>
        ` ${tokens(text).join(' ')} `.includes(` ${tokens(condition.phrase).join(' ')} `),
      );
    case 'matchText':
      if (index === undefined) return texts.some((text) => text.includes(condition.text));
      return texts.some((text) => tokens(condition.text).every((t) => tokens(text).includes(t)));
    case 'matchTextAny':
      if (index === undefined) {
        const words = condition.text.split(' ').filter((word) => word !== '');
        return texts.some((text) => words.some((word) => text.includes(word)));
      }
      return texts.some((text) => tokens(condition.text).some((t) => tokens(text).includes(t)));
    case 'range':
      return elements
        .map((value) => (integers ? integerIn(value) : numberIn(value)))
        .some((value) => value !== undefined && isWithin(value, condition.range));
    case 'datetimeRange':
      return texts
        .map(parseDatetime)
        .some((time) => time !== undefined && isWithin(time, condition.range));
    case 'valuesCount': {
      const counts = values.map((v) => (Array.isArray(v) ? v.length : Number(v !== null)));
      return (counts.length === 0 ? [0] : counts).some((c) => isWithin(c, condition.range));
    }
    case 'isEmpty':
      return values.every((value) => value === null || JSON.stringify(value, plain) === '[]');
    case 'isNull':
      return elements.some((value) => value === null);
    default:
      return elements.map(geoPointOf).some((place) => place && naiveArea(condition, place));
  }
}

function naiveArea(area: Extract<Condition, { kind: `geo${string}` }>, place: GeoPoint): boolean {
  switch (area.kind) {
    case 'geoBoundingBox':
      return isInBox(place, area.topLeft, area.bottomRight);
    case 'geoRadius':
      return geoDistanceM(area.center, place) < area.radiusM;
    case 'geoPolygon':
      return isInPolygon(place, area.exterior, area.interiors);
  }
}

function isWithin(number: ExactNumber, { lt, gt, lte, gte }: RangeBounds): boolean {
  const against = (bound: ExactNumber) => compared(number, bound);
  if (lt !== undefined && against(lt) >= 0n) return false;
  if (gt !== undefined && against(gt) <= 0n) return false;
  return (lte === undefined || against(lte) <= 0n) && (gte === undefined || against(gte) >= 0n);
}

/** The difference of two numbers with all of its digits, in units that every double here is a multiple of. */
function compared(a: ExactNumber, b: ExactNumber): bigint {
  const UNITS = 1_074n;
  const scaled = (value: ExactNumber): bigint => {
    if (typeof value === 'bigint') return value << UNITS;
    let [whole, places] = [value, 0n];
    while (!Number.isInteger(whole)) [whole, places] = [whole * 2, places + 1n];
    return BigInt(whole) << (UNITS - places);
  };
  return scaled(a) - scaled(b);
}

function numberIn(value: JsonValue): ExactNumber | undefined {
  if (value instanceof WholeFloat) return value.value;
  return typeof value === 'number' || typeof value === 'bigint' ? value : undefined;
}

/** An integer of 64 bits, in the form that a payload has it. */
function integerIn(value: JsonValue): ExactNumber | undefined {
  const number = numberIn(value);
  if (number === undefined || (typeof number === 'number' && number % 1 !== 0)) return undefined;
  const integer = BigInt(number);
  return BigInt.asIntN(64, integer) === integer ? sameKind(integer) : undefined;
}

function sameKind<T extends MatchValue>(value: T): T | number {
  if (typeof value !== 'bigint') return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
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
  ['a[].b', TEXT_INDEX],
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
        const expected = naive(filter, each);
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
    indexes: meaningfulIndexesOf({ [field]: { ...TEXT_INDEX, phraseMatching: true } }),
  });
  const subject = { id: 1, payload: { a: { b: 'Red fox' }, list: [{ b: 'Red fox' }] } };
  for (const key of ['a.b', '"a".b', 'a."b"']) {
    const filter: Filter = { must: [{ kind: 'matchText', key, text: 'FOX' }] };
    assert.ok(!matchesFilter(filter, subject));
    for (const field of ['a.b', '"a"."b"'])
      assert.ok(matchesFilter(filter, subject, indexed(field)));
  }
  for (const [key, inner] of [
    ['list', 'b'],
    ['"list"', '"b"'],
    ['list[]', 'b'],
  ] as const) {
    const must: Condition[] = [{ kind: 'matchText', key: inner, text: 'FOX' }];
    const filter: Filter = { must: [{ kind: 'nested', key, filter: { must } }] };
    assert.ok(!matchesFilter(filter, subject));
    assert.ok(matchesFilter(filter, subject, indexed('list[]."b"')));
  }
});
