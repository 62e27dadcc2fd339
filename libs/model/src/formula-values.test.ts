import assert from 'node:assert/strict';
import test from 'node:test';
import { compileFormulaValues } from './formula-values.ts';
import type { JsonObject, JsonValue } from './json.ts';
import type { FieldIndex } from './payload-schema.ts';
import { WholeFloat } from './whole-float.ts';

const INTEGER: FieldIndex = { type: 'integer', lookup: true, range: true };
const place = { lon: 1, lat: 2 };

function valuesOf(value: JsonValue, index?: FieldIndex): JsonValue | undefined {
  const read = compileFormulaValues(['n'], index === undefined ? {} : { n: index });
  return read({ n: value }).n;
}

test('without an index a formula sees what is there, with one what the index takes', () => {
  const seven = new WholeFloat(7);
  for (const [value, index, expected] of [
    [null, undefined, [null]],
    [[null, 7], undefined, [[null, 7]]],
    [null, INTEGER, []],
    [[null, 7, 'x', 0.5, seven], INTEGER, [7, seven]],
    [2n ** 63n, INTEGER, []],
    [[0.5, 7, true], { type: 'float' }, [0.5, 7]],
    [['2020-1-1', 'x', 5], { type: 'datetime' }, ['2020-1-1']],
    [[place, { lon: 1 }], { type: 'geo' }, [place]],
    [7, { type: 'keyword' }, []],
    [[7, true], { type: 'bool' }, [true]],
  ] as const) {
    assert.deepEqual(valuesOf(value, index), expected, `${value} under ${index?.type}`);
  }
});

test('each key has values of its own, by its canonical path too', () => {
  const schema = { a: INTEGER, 'a[].b': { type: 'float' } } as const;
  const read = compileFormulaValues(['a', '"a"[].b', 'gone'], schema);
  const payload: JsonObject = { a: [1, { b: 0.5 }, { b: null }, 'x'] };
  assert.deepEqual(read(payload), { a: [1], '"a"[].b': [0.5], gone: [] });
});
