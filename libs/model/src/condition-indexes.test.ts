import assert from 'node:assert/strict';
import test from 'node:test';
import { type FieldCondition, indexesFor, indexUse } from './condition-indexes.ts';
import type { FieldIndex } from './payload-schema.ts';

const UUID = '550E8400-E29B-41D4-A716-446655440000';
const PLACE = { lon: 1, lat: 2 };
const TEXT: FieldIndex = {
  type: 'text',
  tokenizer: 'word',
  lowercase: true,
  asciiFolding: false,
  phraseMatching: false,
  stopwords: [],
};
const INDEXES: Readonly<Record<string, FieldIndex>> = {
  keyword: { type: 'keyword' },
  'keyword prefix': { type: 'keyword', prefix: true },
  uuid: { type: 'uuid' },
  integer: { type: 'integer', lookup: true, range: true },
  'integer lookup': { type: 'integer', lookup: true, range: false },
  'integer range': { type: 'integer', lookup: false, range: true },
  float: { type: 'float' },
  bool: { type: 'bool' },
  datetime: { type: 'datetime' },
  geo: { type: 'geo' },
  text: TEXT,
  'text phrase': { ...TEXT, phraseMatching: true },
};
const ALL = Object.keys(INDEXES).join(', ');

/** Of each condition the indexes that answer it, and those that are also of use. */
const TABLE: readonly (readonly [FieldCondition, string, string])[] = [
  [{ kind: 'match', key: 'a', value: 'x' }, 'keyword, keyword prefix', ''],
  [{ kind: 'match', key: 'a', value: UUID }, 'keyword, keyword prefix, uuid', ''],
  [{ kind: 'match', key: 'a', value: 5 }, 'integer, integer lookup', 'integer range, float'],
  [
    { kind: 'match', key: 'a', value: 2n ** 60n },
    'integer, integer lookup',
    'integer range, float',
  ],
  [{ kind: 'match', key: 'a', value: true }, 'bool', ''],
  [{ kind: 'matchAny', key: 'a', any: [UUID] }, 'keyword, keyword prefix, uuid', ''],
  [{ kind: 'matchAny', key: 'a', any: [UUID, 'x'] }, 'keyword, keyword prefix', ''],
  [{ kind: 'matchAny', key: 'a', any: [1] }, 'integer, integer lookup', ''],
  [{ kind: 'matchExcept', key: 'a', except: [1] }, 'integer, integer lookup', ''],
  [{ kind: 'matchExcept', key: 'a', except: [] }, ALL, ''],
  [{ kind: 'matchPrefix', key: 'a', prefix: 'x' }, 'keyword prefix', 'keyword'],
  [{ kind: 'matchText', key: 'a', text: 'x' }, 'text, text phrase', ''],
  [{ kind: 'matchTextAny', key: 'a', text: 'x' }, 'text, text phrase', ''],
  [{ kind: 'matchPhrase', key: 'a', phrase: 'x' }, 'text phrase', 'text'],
  [{ kind: 'range', key: 'a', range: { gte: 1 } }, 'integer, integer range, float', ''],
  [{ kind: 'datetimeRange', key: 'a', range: { gte: 1 } }, 'datetime', ''],
  [{ kind: 'geoRadius', key: 'a', center: PLACE, radiusM: 1 }, 'geo', ''],
  [{ kind: 'geoBoundingBox', key: 'a', topLeft: PLACE, bottomRight: PLACE }, 'geo', ''],
  [{ kind: 'geoPolygon', key: 'a', exterior: [], interiors: [] }, 'geo', ''],
  [{ kind: 'isEmpty', key: 'a' }, ALL, ''],
  [{ kind: 'isNull', key: 'a' }, ALL, ''],
  [{ kind: 'valuesCount', key: 'a', range: { gt: 1 } }, ALL, ''],
];

test('of every index and every condition it is known what the one does for the other', () => {
  for (const [condition, answering, helping] of TABLE) {
    const having = (use: string) =>
      Object.keys(INDEXES).filter((name) => {
        const index = INDEXES[name];
        return index !== undefined && indexUse(index, condition) === use;
      });
    const asked = JSON.stringify(condition, (_, each) =>
      typeof each === 'bigint' ? `${each}` : each,
    );
    assert.equal(having('answers').join(', '), answering, asked);
    assert.equal(having('narrows').join(', '), helping, asked);
  }
});

test('the index recommended first is of the type the condition is about', () => {
  const first = (condition: FieldCondition) => indexesFor(condition)[0];
  assert.deepEqual(first({ kind: 'range', key: 'a', range: { gte: 1, lt: 5 } }), {
    type: 'integer',
    option: 'range',
  });
  assert.deepEqual(first({ kind: 'range', key: 'a', range: { gte: 1.5 } }), { type: 'float' });
  assert.deepEqual(first({ kind: 'match', key: 'a', value: UUID }), { type: 'keyword' });
});

test('a match with no value needs no index', () => {
  assert.deepEqual(indexesFor({ kind: 'matchAny', key: 'a', any: [] }), []);
});
