import assert from 'node:assert/strict';
import test from 'node:test';
import type { Condition, FieldIndex, Filter, PayloadSchema } from '@tributary/model';
import { unindexedConditions } from './unindexed-conditions.ts';

const place = { lon: 1, lat: 2 };
const text = {
  type: 'text',
  tokenizer: 'word',
  lowercase: true,
  asciiFolding: false,
  phraseMatching: false,
  stopwords: [],
} as const;

function told(conditions: readonly Condition[], schema: PayloadSchema = {}): string[] {
  return unindexedConditions({ must: conditions }, schema).map(
    ({ key, helps, option, has }) =>
      `${key}: ${helps}${option ? ` ${option}` : ''}${has ? ` instead of ${has}` : ''}`,
  );
}

test('every kind of condition on a field without an index names the index that would answer it', () => {
  const cases: readonly [Condition, string | undefined][] = [
    [{ kind: 'match', key: 'a', value: 'x' }, 'keyword'],
    [{ kind: 'match', key: 'a', value: 5 }, 'integer'],
    [{ kind: 'match', key: 'a', value: 2n ** 60n }, 'integer'],
    [{ kind: 'match', key: 'a', value: true }, 'bool'],
    [{ kind: 'matchAny', key: 'a', any: ['x'] }, 'keyword'],
    [{ kind: 'matchAny', key: 'a', any: [] }, undefined],
    [{ kind: 'matchExcept', key: 'a', except: [1] }, 'integer'],
    [{ kind: 'matchPrefix', key: 'a', prefix: 'x' }, 'keyword prefix'],
    [{ kind: 'matchText', key: 'a', text: 'x' }, 'text'],
    [{ kind: 'matchTextAny', key: 'a', text: 'x' }, 'text'],
    [{ kind: 'matchPhrase', key: 'a', phrase: 'x' }, 'text phrase_matching'],
    [{ kind: 'range', key: 'a', range: { gte: 1 } }, 'integer'],
    [{ kind: 'range', key: 'a', range: { gte: 1.5 } }, 'float'],
    [{ kind: 'datetimeRange', key: 'a', range: { gte: 1 } }, 'datetime'],
    [{ kind: 'geoRadius', key: 'a', center: place, radiusM: 1 }, 'geo'],
    [{ kind: 'geoBoundingBox', key: 'a', topLeft: place, bottomRight: place }, 'geo'],
    [{ kind: 'geoPolygon', key: 'a', exterior: [], interiors: [] }, 'geo'],
    [{ kind: 'isEmpty', key: 'a' }, 'keyword'],
    [{ kind: 'isNull', key: 'a' }, 'keyword'],
    [{ kind: 'hasId', ids: [1] }, undefined],
    [{ kind: 'hasVector', name: '' }, undefined],
    [{ kind: 'slice', total: 2, index: 0 }, undefined],
  ];
  for (const [condition, helps] of cases) {
    const expected = helps === undefined ? [] : [`a: ${helps}`];
    assert.deepEqual(told([condition]), expected, condition.kind);
  }
});

test('an index of a type that answers is enough, one that does not is named', () => {
  const conditions: readonly Condition[] = [
    { kind: 'match', key: 'k', value: 'x' },
    { kind: 'range', key: 'n', range: { lt: 3 } },
    { kind: 'matchText', key: 't', text: 'x' },
    { kind: 'isNull', key: 't' },
  ];
  const right: PayloadSchema = { k: { type: 'keyword' }, n: { type: 'float' }, t: text };
  assert.deepEqual(told(conditions, right), []);
  const wrong: PayloadSchema = {
    k: { type: 'uuid' },
    n: { type: 'integer', lookup: true, range: false },
    t: { type: 'keyword' },
  };
  assert.deepEqual(told(conditions, wrong), [
    'k: keyword instead of uuid',
    'n: integer range instead of integer',
    't: text instead of keyword',
  ]);
});

test('an index of numbers is named where it was not made for what is asked', () => {
  const conditions: readonly Condition[] = [
    { kind: 'match', key: 'n', value: 1 },
    { kind: 'matchAny', key: 'n', any: [1, 2] },
    { kind: 'matchExcept', key: 'n', except: [1] },
    { kind: 'range', key: 'n', range: { lt: 3 } },
    { kind: 'isNull', key: 'n' },
  ];
  const asked = (index: FieldIndex) =>
    unindexedConditions({ must: conditions }, { n: index }).map(({ asks }) => asks);
  assert.deepEqual(asked({ type: 'integer', lookup: true, range: true }), []);
  assert.deepEqual(asked({ type: 'integer', lookup: false, range: true }), ['matchAny']);
  assert.deepEqual(asked({ type: 'integer', lookup: true, range: false }), ['range']);
  assert.deepEqual(asked({ type: 'float' }), ['matchAny']);
});

test('an index is found by every text of its path, and named by the one it would have', () => {
  const schema: PayloadSchema = { 'a.b': { type: 'keyword' } };
  const match = (key: string): Condition => ({ kind: 'match', key, value: 'x' });
  assert.deepEqual(told([match('"a".b'), match('a."b"')], schema), []);
  assert.deepEqual(told([match('"a"."c"')], schema), ['a.c: keyword']);
});

test('every clause is looked at, however deep, and a field is reported once', () => {
  const match = (key: string): Condition => ({ kind: 'match', key, value: 'x' });
  const filter: Filter = {
    must: [match('a'), match('a'), { kind: 'filter', filter: { mustNot: [match('b')] } }],
    should: [{ kind: 'nested', key: 'list', filter: { must: [match('c')] } }],
    minShould: { conditions: [match('d')], minCount: 1 },
  };
  const keys = unindexedConditions(filter, { 'list[].e': { type: 'bool' } }).map(({ key }) => key);
  assert.deepEqual(keys, ['a', 'b', 'list[].c', 'd']);
});
