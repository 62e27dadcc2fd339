import assert from 'node:assert/strict';
import test from 'node:test';
import type { Filter } from '@tributary/model';
import { endInSlices, nextSlice } from '@tributary/runtime';
import { turnsDuring } from '@tributary/runtime/testing';
import { filterToText, keepTextSteps } from './filter-text.ts';
import { filterFromBytes, filterToBytes } from './json-field.ts';

function large(count: number): Filter {
  const values = Array.from({ length: count }, (_, i) => i);
  const any: Filter = { should: [{ kind: 'matchAny', key: 'n', any: values }] };
  return {
    must: [
      { kind: 'hasId', ids: values },
      { kind: 'filter', filter: any },
    ],
    mustNot: [{ kind: 'matchExcept', key: 'b', except: [2n ** 60n, 1] }],
    minShould: { conditions: [{ kind: 'isNull', key: 'x' }], minCount: 1 },
  };
}

test('a filter of very many values is written in steps, to the same text, and kept', () => {
  const [stepped, whole] = [large(50_000), large(50_000)];
  let steps = 0;
  for (const _ of { [Symbol.iterator]: () => keepTextSteps(stepped) }) steps++;
  assert.ok(steps >= 20, `${steps} steps`);
  assert.equal(filterToText(stepped), filterToText(whole));
  assert.deepEqual(filterFromBytes(filterToBytes(stepped)), whole);
  assert.equal([...{ [Symbol.iterator]: () => keepTextSteps(stepped) }].length, 0);
  assert.equal(endInSlices(keepTextSteps(large(10))), undefined);
});

test('others have their turns while it is written', async () => {
  await nextSlice();
  const { turns } = await turnsDuring(() => endInSlices(keepTextSteps(large(1_000_000))));
  assert.ok(turns > 2, `${turns} turns`);
});
