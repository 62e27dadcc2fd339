// What the contract of 1.20 adds to filters and payload indexes, in messages that no client in JavaScript can write
// yet: read as their JSON is, and written as they were read.

import assert from 'node:assert/strict';
import test from 'node:test';
import { TokenizerType } from '../gen/collections.ts';
import { CreateFieldIndexCollection } from '../gen/points.ts';
import { type Condition, type FieldCondition, Filter, type Match } from '../gen/qdrant_common.ts';
import { parseCreateFieldIndex } from '../requests/field-index.ts';
import { readFilter as readJson } from '../requests/filter.ts';
import { createFieldIndexOf, payloadSchemaMessage } from './field-index.ts';
import { readFilter } from './filter.ts';

const NO_FILTER = { should: [], must: [], mustNot: [] };

const fieldOf = (key: string, match: Match): FieldCondition => ({
  ...{ range: undefined, geoBoundingBox: undefined, geoRadius: undefined, geoPolygon: undefined },
  ...{ valuesCount: undefined, datetimeRange: undefined },
  key,
  match,
});

function decoded(condition: Condition) {
  const bytes = Filter.encode({ ...NO_FILTER, must: [condition] }).finish();
  return readFilter(Filter.decode(bytes), 'filter');
}

test('prefix, substring and slice are read as from JSON', () => {
  for (const match of [{ prefix: 'Re' }, { substring: 'd "é' }]) {
    const expected = readJson({ must: [{ key: 'a.b', match }] }, 'filter');
    assert.deepEqual(decoded({ field: fieldOf('a.b', match) }), expected);
  }
  const slice = { total: 5, index: 3 };
  assert.deepEqual(decoded({ slice }), readJson({ must: [{ slice }] }, 'filter'));
  for (const outside of [
    { total: 0, index: 0 },
    { total: 2, index: 2 },
  ]) {
    assert.throws(() => decoded({ slice: outside }), /slice\.(total|index): value/);
    assert.throws(() => readJson({ must: [{ slice: outside }] }, 'filter'), /slice\.(total|index)/);
  }
});

test('a key that needs quotes is refused wherever one may stand', () => {
  for (const key of ['x y', '$x', ' a', 'a b.c']) {
    const match = { prefix: '' };
    for (const condition of [
      { field: fieldOf(key, match) },
      { isEmpty: { key } },
      { isNull: { key } },
      { nested: { key, filter: NO_FILTER } },
    ]) {
      assert.throws(() => decoded(condition), /invalid JSON path/, key);
    }
    assert.throws(
      () => createFieldIndexOf({ collectionName: 'c', fieldName: key }),
      /field_name: invalid JSON path/,
    );
  }
});

test('an index over the elements of an array is the same by both protocols, of every type', () => {
  const types = ['keyword', 'integer', 'float', 'geo', 'bool', 'datetime', 'uuid', 'text'] as const;
  for (const type of types) {
    const params = {
      nested: 'offers[]',
      ...(type === 'text' && { tokenizer: TokenizerType.Word }),
    };
    const bytes = CreateFieldIndexCollection.encode({
      collectionName: 'c',
      fieldName: 'offers[].a',
      fieldIndexParams: { [`${type}IndexParams`]: params },
    }).finish();
    const { field, index } = createFieldIndexOf(CreateFieldIndexCollection.decode(bytes));
    const json = { field_name: field, field_schema: { type, nested: 'offers' } };
    assert.deepEqual({ field, index }, parseCreateFieldIndex(json), type);
    const shown = payloadSchemaMessage({ [field]: index }, {}).get(field)?.params;
    const [settings] = Object.values(shown ?? {});
    assert.equal(settings?.nested, 'offers', type);
  }
});
