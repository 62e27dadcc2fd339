import assert from 'node:assert/strict';
import test from 'node:test';
import {
  compileFilter,
  type FieldCondition,
  type FieldIndex,
  indexUse,
  type JsonValue,
} from '@tributary/model';
import { countOfSet } from '../offset-bits.ts';
import { World } from './payload-indexes.test-support.ts';

const POINTS = 50;
const UUID = '550e8400-e29b-41d4-a716-446655440000';
const TEXT: FieldIndex = {
  type: 'text',
  tokenizer: 'word',
  lowercase: true,
  asciiFolding: false,
  phraseMatching: true,
  stopwords: [],
};

interface Case {
  readonly index: FieldIndex;
  readonly values: (n: number) => JsonValue;
  /** Each holds for some of the points, and not for most. */
  readonly conditions: readonly FieldCondition[];
}

const key = 'a';
const center = { lon: 0, lat: 0 };
const ring = [
  { lon: -1, lat: -1 },
  { lon: 1, lat: -1 },
  { lon: 0, lat: 1 },
  { lon: -1, lat: -1 },
];
const numbers: readonly FieldCondition[] = [
  { kind: 'match', key, value: 7 },
  { kind: 'matchAny', key, any: [7, 8] },
  { kind: 'range', key, range: { lt: 3 } },
];
const texts: readonly FieldCondition[] = [
  { kind: 'match', key, value: 'w7 tail' },
  { kind: 'matchAny', key, any: ['w7 tail'] },
  { kind: 'matchPrefix', key, prefix: 'w7' },
  { kind: 'matchText', key, text: 'w7' },
  { kind: 'matchTextAny', key, text: 'w7 w8' },
  { kind: 'matchPhrase', key, phrase: 'w7 tail' },
];
const word = (n: number) => `w${n} tail`;
const CASES: readonly Case[] = [
  { index: { type: 'keyword' }, values: word, conditions: texts },
  { index: { type: 'keyword', prefix: true }, values: word, conditions: texts },
  { index: TEXT, values: word, conditions: texts },
  { index: { ...TEXT, phraseMatching: false }, values: word, conditions: texts },
  {
    index: { type: 'uuid' },
    values: (n) => (n === 0 ? UUID : UUID.replace('0000', String(1_000 + n))),
    conditions: [{ kind: 'match', key, value: UUID }],
  },
  { index: { type: 'integer', lookup: true, range: true }, values: Number, conditions: numbers },
  { index: { type: 'integer', lookup: true, range: false }, values: Number, conditions: numbers },
  { index: { type: 'integer', lookup: false, range: true }, values: Number, conditions: numbers },
  { index: { type: 'float' }, values: Number, conditions: numbers },
  {
    index: { type: 'bool' },
    values: (n) => n < 3,
    conditions: [{ kind: 'match', key, value: true }],
  },
  {
    index: { type: 'datetime' },
    values: (n) => `20${n + 10}-01-01`,
    conditions: [{ kind: 'datetimeRange', key, range: { lt: 1.3e15 } }],
  },
  {
    index: { type: 'geo' },
    values: (n) => ({ lon: n, lat: n }),
    conditions: [
      { kind: 'geoRadius', key, center, radiusM: 1 },
      {
        kind: 'geoBoundingBox',
        key,
        topLeft: { lon: -1, lat: 1 },
        bottomRight: { lon: 1, lat: -1 },
      },
      { kind: 'geoPolygon', key, exterior: ring, interiors: [] },
    ],
  },
];

test('an index that is said to be of use leaves few points, even where it does not know everything', () => {
  let used = 0;
  for (const { index, values, conditions } of CASES) {
    const world = new World({ a: index });
    for (let n = 0; n < POINTS; n++) world.step({ put: n, payload: { a: values(n) } });
    for (const condition of conditions) {
      const filter = { must: [condition] };
      const about = `${condition.kind} with ${JSON.stringify(index)}`;
      const holds = compileFilter(filter, { indexes: world.indexes.meaningfulIndexes });
      const matching = [...world.subjects()].filter(holds).length;
      assert.ok(matching > 0 && matching < POINTS / 4, `${about}: ${matching}`);
      if (indexUse(index, condition) === 'none') continue;
      used++;
      const selection = world.indexes.select(filter) ?? assert.fail(about);
      assert.ok(countOfSet(selection.offsets) <= 2 * matching, about);
    }
  }
  assert.ok(used > 20, `${used}`);
});
