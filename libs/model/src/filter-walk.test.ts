import assert from 'node:assert/strict';
import test from 'node:test';
import type { Condition, Filter } from './filter.ts';
import {
  asksForPayload,
  asksForVectors,
  asksForVersion,
  filterKey,
  listedIds,
} from './filter-walk.ts';

const CASES: readonly [(filter: Filter) => boolean, sought: Condition, other: Condition][] = [
  [asksForVectors, { kind: 'hasVector', name: '' }, { kind: 'isNull', key: 'a' }],
  [asksForVersion, { kind: 'version', range: { lt: 3 } }, { kind: 'isNull', key: 'a' }],
  [asksForPayload, { kind: 'isNull', key: 'a' }, { kind: 'hasId', ids: [1] }],
];

test('a filter asks for what any condition does, however deep and in every clause', () => {
  const filters = (condition: Condition, other: Condition): Filter[] => [
    { must: [other, condition] },
    { should: [condition] },
    { mustNot: [condition] },
    { minShould: { conditions: [condition], minCount: 1 } },
    { must: [{ kind: 'filter', filter: { should: [condition] } }] },
  ];
  for (const [asks, sought, other] of CASES) {
    for (const filter of filters(sought, other)) assert.ok(asks(filter), JSON.stringify(filter));
    for (const filter of filters(other, other)) assert.ok(!asks(filter), JSON.stringify(filter));
    assert.ok(!asks({}));
  }
});

test('a nested filter asks for what is in it, and always for the payload', () => {
  const nested = (condition: Condition): Filter => ({
    must: [{ kind: 'nested', key: 'a', filter: { must: [condition] } }],
  });
  for (const [asks, sought] of CASES) assert.ok(asks(nested(sought)));
  assert.ok(asksForPayload(nested({ kind: 'hasVector', name: '' })));
});

test('the ids a filter lists are those that every demand for ids names', () => {
  const hasId = (...ids: number[]): Condition => ({ kind: 'hasId', ids });
  assert.equal(listedIds({ should: [hasId(1)], mustNot: [hasId(2)] }), undefined);
  assert.deepEqual(listedIds({ must: [hasId(1, 2), hasId(2, 3)] }), new Set([2]));
  const inner: Condition = { kind: 'filter', filter: { must: [hasId(4)] } };
  assert.deepEqual(listedIds({ must: [inner, hasId(3, 4)] }), new Set([4]));
});

test('filters have one key only where they are the same', () => {
  const keys = [5n, '5n', 5, '5', true, 'true'].map((value) =>
    filterKey({ must: [{ kind: 'match', key: 'a', value }] }),
  );
  const ranges = [{ lt: 1 }, { lt: Infinity }, { lt: -Infinity }, {}].map((range) =>
    filterKey({ must: [{ kind: 'range', key: 'a', range }] }),
  );
  assert.equal(new Set([...keys, ...ranges]).size, keys.length + ranges.length);
});
