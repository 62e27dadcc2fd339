import assert from 'node:assert/strict';
import test from 'node:test';
import type { Condition, Filter } from './filter.ts';
import { asksForVectors } from './filter-walk.ts';

test('a filter asks for vectors where any condition does, however deep and in whatever clause', () => {
  const about: Condition = { kind: 'hasVector', name: '' };
  const other: Condition = { kind: 'isNull', key: 'a' };
  const filters = (condition: Condition): Filter[] => [
    { must: [other, condition] },
    { should: [condition] },
    { mustNot: [condition] },
    { minShould: { conditions: [condition], minCount: 1 } },
    { must: [{ kind: 'filter', filter: { should: [condition] } }] },
    { must: [{ kind: 'nested', key: 'a', filter: { must: [condition] } }] },
  ];
  for (const filter of filters(about)) assert.ok(asksForVectors(filter), JSON.stringify(filter));
  for (const filter of filters(other)) assert.ok(!asksForVectors(filter), JSON.stringify(filter));
  assert.ok(!asksForVectors({}));
});
