import assert from 'node:assert/strict';
import test from 'node:test';
import type { Condition, Filter, PayloadSchema } from '@tributary/model';
import { missingIndexOf } from './indexed-filters.ts';

const SCHEMA: PayloadSchema = {
  word: { type: 'keyword' },
  id: { type: 'uuid' },
  count: { type: 'integer', lookup: true, range: true },
  rank: { type: 'integer', lookup: false, range: true },
  price: { type: 'float' },
  place: { type: 'geo' },
  isOpen: { type: 'bool' },
  at: { type: 'datetime' },
  note: {
    type: 'text',
    tokenizer: 'word',
    lowercase: true,
    asciiFolding: false,
    phraseMatching: false,
    stopwords: [],
  },
  'lines[].word': { type: 'keyword' },
};

function missing(condition: Condition) {
  return missingIndexOf({ must: [condition] }, SCHEMA)?.types;
}

test('a condition is answered by an index of its own kind only', () => {
  const uuid = '550e8400-e29b-41d4-a716-446655440000';
  const range = { gt: 1 };
  const answered: Condition[] = [
    { kind: 'match', key: 'word', value: 'x' },
    { kind: 'match', key: 'id', value: uuid },
    { kind: 'match', key: 'count', value: 1 },
    { kind: 'match', key: 'isOpen', value: true },
    { kind: 'matchAny', key: 'count', any: [1, 2] },
    { kind: 'range', key: 'rank', range },
    { kind: 'range', key: 'price', range },
    { kind: 'datetimeRange', key: 'at', range },
    { kind: 'matchText', key: 'note', text: 'x' },
    { kind: 'isEmpty', key: 'place' },
    { kind: 'valuesCount', key: 'word', range },
    { kind: 'hasId', ids: [1] },
    { kind: 'match', key: '"word"', value: 'x' },
  ];
  for (const condition of answered) assert.equal(missing(condition), undefined, condition.kind);
  assert.deepEqual(missing({ kind: 'match', key: 'count', value: 'x' }), ['keyword']);
  assert.deepEqual(missing({ kind: 'match', key: 'none', value: uuid }), ['keyword', 'uuid']);
  assert.deepEqual(missing({ kind: 'match', key: 'rank', value: 1 }), ['integer']);
  assert.deepEqual(missing({ kind: 'range', key: 'word', range }), ['float', 'integer']);
  assert.deepEqual(missing({ kind: 'isNull', key: 'none' })?.length, 8);
  assert.deepEqual(missing({ kind: 'matchPhrase', key: 'note', phrase: 'x y' }), [
    'text (with phrase_matching: true)',
  ]);
});

test('conditions are looked at wherever they stand in a filter', () => {
  const unindexed: Condition = { kind: 'match', key: 'none', value: 'x' };
  const filters: Filter[] = [
    { should: [unindexed] },
    { mustNot: [unindexed] },
    { minShould: { conditions: [unindexed], minCount: 1 } },
    { must: [{ kind: 'filter', filter: { should: [unindexed] } }] },
  ];
  for (const filter of filters) assert.equal(missingIndexOf(filter, SCHEMA)?.key, 'none');
});

test('the keys of a nested filter are looked up below the elements', () => {
  const nested = (key: string, inner: string): Filter => ({
    must: [{ kind: 'nested', key, filter: { must: [{ kind: 'match', key: inner, value: 'x' }] } }],
  });
  assert.equal(missingIndexOf(nested('lines', 'word'), SCHEMA), undefined);
  assert.equal(missingIndexOf(nested('lines[]', 'word'), SCHEMA), undefined);
  assert.equal(missingIndexOf(nested('lines', 'other'), SCHEMA)?.key, 'lines[].other');
});
