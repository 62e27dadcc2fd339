import assert from 'node:assert/strict';
import test from 'node:test';
import {
  compileFilter,
  type FieldIndex,
  type Filter,
  geoPointOf,
  type JsonObject,
  type JsonValue,
  numberOfValue,
  type PayloadSchema,
  type PointId,
  parseDatetime,
  parseJsonPath,
  sequence,
  valuesAt,
} from '@tributary/model';
import { filterPayloads, filtersOver } from '@tributary/model/conformance';
import fc from 'fast-check';
import { hasOffset } from './offset-bits.ts';
import { PayloadIndexes } from './payload-indexes.ts';
import { PointTable } from './point-table.ts';

const FIELDS = ['a', 'b', 'a.b', 'a[].b', 'a[].a'];
const ids = fc.nat(7);

const text = fc.record({
  type: fc.constant('text' as const),
  tokenizer: fc.constantFrom('word', 'whitespace', 'prefix', 'multilingual' as const),
  maxTokenLength: fc.constantFrom(3, 20),
  lowercase: fc.boolean(),
  asciiFolding: fc.constant(false),
  phraseMatching: fc.boolean(),
  stopwords: fc.constantFrom([], ['the']),
});
const fieldIndex: fc.Arbitrary<FieldIndex> = fc.oneof(
  text,
  fc.constantFrom<FieldIndex>(
    { type: 'keyword' },
    { type: 'integer', lookup: true, range: true },
    { type: 'integer', lookup: false, range: true },
    { type: 'integer', lookup: true, range: false },
    { type: 'float' },
    { type: 'geo' },
    { type: 'bool' },
    { type: 'datetime' },
    { type: 'uuid' },
  ),
);
const schema: fc.Arbitrary<PayloadSchema> = fc.dictionary(fc.constantFrom(...FIELDS), fieldIndex, {
  minKeys: 1,
});

type Step =
  | { readonly put: PointId; readonly payload: JsonObject }
  | { readonly drop: PointId }
  | { readonly field: string; readonly index: FieldIndex | undefined };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ put: ids, payload: filterPayloads }) },
    { weight: 2, arbitrary: fc.record({ drop: ids }) },
    {
      weight: 1,
      arbitrary: fc.record({
        field: fc.constantFrom(...FIELDS),
        index: fc.option(fieldIndex, { nil: undefined }),
      }),
    },
  ),
  { minLength: 1, maxLength: 20 },
);

/** Payloads by id beside the indexes over them. */
class World {
  readonly table = new PointTable();
  readonly indexes = new PayloadIndexes(this.table);
  readonly payloads = new Map<PointId, JsonObject>();

  constructor(fields: PayloadSchema) {
    for (const [field, index] of Object.entries(fields)) this.indexes.create(field, index, []);
  }

  step(step: Step): void {
    if ('put' in step) {
      const old = this.table.resolve(step.put);
      if (old !== undefined) this.indexes.remove(old);
      const offset = this.table.assign(step.put, sequence(1));
      this.indexes.add(offset, step.payload);
      this.payloads.set(step.put, step.payload);
    } else if ('drop' in step) {
      const old = this.table.release(step.drop);
      if (old !== undefined) this.indexes.remove(old);
      this.payloads.delete(step.drop);
    } else if (step.index === undefined) this.indexes.drop(step.field);
    else this.indexes.create(step.field, step.index, this.points());
    this.table.reclaim();
  }

  *points() {
    for (const [id, payload] of this.payloads) {
      yield { offset: this.table.resolve(id) ?? assert.fail(), payload };
    }
  }
}

test('what indexes answer agrees with the filter evaluated over every payload', () => {
  let exact = 0;
  let narrowed = 0;
  const filters = fc.array(filtersOver(fc.constantFrom(...FIELDS), ids), { minLength: 3 });
  fc.assert(
    fc.property(schema, steps, filters, (fields, history, asked) => {
      const world = new World(fields);
      for (const step of history) world.step(step);
      for (const filter of asked) {
        const result = assertSelection(world, filter);
        if (result === 'exact') exact++;
        if (result === 'narrowed') narrowed++;
      }
    }),
    { numRuns: 1_500 },
  );
  assert.ok(exact > 100 && narrowed > 100, `exact ${exact}, narrowed ${narrowed}`);
});

function assertSelection(world: World, filter: Filter): 'exact' | 'narrowed' | 'unknown' {
  const { indexes, table, payloads } = world;
  const holds = compileFilter(filter, { textIndexes: indexes.textIndexes });
  const matching = [...payloads].filter(([id, payload]) => holds({ id, payload }));
  const estimate = indexes.estimate(filter);
  assert.ok(estimate.min <= matching.length && matching.length <= estimate.max);
  assert.ok(estimate.min <= estimate.expected && estimate.expected <= estimate.max + 1e-9);
  const selection = indexes.select(filter);
  if (selection === undefined) return 'unknown';
  const has = (id: PointId) => hasOffset(selection.offsets, table.resolve(id) ?? assert.fail());
  for (const [id] of matching) assert.ok(has(id), 'every point the filter holds for is selected');
  const selected = [...payloads.keys()].filter(has);
  if (selection.isExact) assert.equal(selected.length, matching.length);
  for (let offset = 0; offset < 32 * selection.offsets.length; offset++) {
    assert.ok(!hasOffset(selection.offsets, offset) || hasOffset(table.live, offset));
  }
  if (selection.isExact) return 'exact';
  return selected.length < payloads.size ? 'narrowed' : 'unknown';
}

test('facets count points by value, orders go through every number of every point', () => {
  let counted = 0;
  let ordered = 0;
  fc.assert(
    fc.property(schema, steps, fc.constantFrom('asc', 'desc'), (fields, history, direction) => {
      const world = new World(fields);
      for (const step of history) world.step(step);
      for (const [field, index] of Object.entries(world.indexes.schema)) {
        counted += assertFacet(world, field, index);
        ordered += assertOrder(world, field, index, direction);
      }
    }),
    { numRuns: 1_500 },
  );
  assert.ok(counted > 100 && ordered > 100, `counted ${counted}, ordered ${ordered}`);
});

function assertFacet(world: World, field: string, index: FieldIndex): number {
  const facet = world.indexes.facet(field);
  const isCounted =
    ['keyword', 'uuid', 'bool'].includes(index.type) || (index.type === 'integer' && index.lookup);
  assert.equal(facet !== undefined, isCounted);
  if (facet === undefined) return 0;
  const expected = new Map<JsonValue, number>();
  for (const payload of world.payloads.values()) {
    for (const value of new Set(elementsAt(payload, field))) {
      if (isCountedBy(value, index)) expected.set(value, (expected.get(value) ?? 0) + 1);
    }
  }
  assert.deepEqual(new Map(facet), expected);
  const within = world.indexes.facet(field, world.table.live);
  assert.deepEqual(new Map(within), expected);
  assert.equal([...(world.indexes.facet(field, new Uint32Array(0)) ?? assert.fail())].length, 0);
  return expected.size;
}

function assertOrder(
  world: World,
  field: string,
  index: FieldIndex,
  direction: 'asc' | 'desc',
): number {
  const pairs = world.indexes.inOrder(field, direction);
  const isOrdered =
    ['float', 'datetime'].includes(index.type) || (index.type === 'integer' && index.range);
  assert.equal(pairs !== undefined, isOrdered);
  if (pairs === undefined) return 0;
  const expected: { value: number; offset: number }[] = [];
  for (const { offset, payload } of world.points()) {
    const numbers = elementsAt(payload, field).map((value) => numberFor(value, index));
    for (const value of new Set(numbers)) {
      // Zero has two doubles, which are one number.
      if (value !== undefined) expected.push({ value: value + 0, offset });
    }
  }
  const sign = direction === 'asc' ? 1 : -1;
  expected.sort((a, b) => sign * (a.value - b.value) || a.offset - b.offset);
  const plain = [...pairs].map(({ value, offset }) => ({ value: value + 0, offset }));
  assert.deepEqual(plain, expected);
  const middle = expected[Math.floor(expected.length / 2)]?.value;
  if (middle !== undefined) {
    const rest = [...(world.indexes.inOrder(field, direction, middle) ?? [])];
    assert.equal(rest.length, expected.filter((e) => sign * (e.value - middle) >= 0).length);
  }
  return expected.length;
}

function elementsAt(payload: JsonObject, field: string): JsonValue[] {
  return valuesAt(payload, parseJsonPath(field)).flatMap((value): JsonValue[] =>
    Array.isArray(value) ? [...value] : [value],
  );
}

function isCountedBy(value: JsonValue, index: FieldIndex): boolean {
  if (index.type === 'bool') return typeof value === 'boolean';
  if (index.type === 'integer') return typeof value === 'bigint' || Number.isSafeInteger(value);
  return typeof value === 'string';
}

function numberFor(value: JsonValue, index: FieldIndex): number | undefined {
  if (index.type === 'datetime')
    return typeof value === 'string' ? parseDatetime(value) : undefined;
  return numberOfValue(value);
}

test('an index made over the points there are equals one that saw them come', () => {
  fc.assert(
    fc.property(fieldIndex, steps, filtersOver(fc.constant('a'), ids), (index, history, filter) => {
      const before = new World({ a: index });
      const after = new World({});
      for (const step of history) {
        if ('field' in step) continue;
        before.step(step);
        after.step(step);
      }
      after.step({ field: 'a', index });
      assert.deepEqual(after.indexes.pointsByField(), before.indexes.pointsByField());
      assert.deepEqual(after.indexes.select(filter), before.indexes.select(filter));
    }),
  );
});

test('thousands of values that come and go leave neither stale answers nor growing memory', () => {
  const world = new World({
    tag: { type: 'keyword' },
    n: { type: 'integer', lookup: true, range: true },
    place: { type: 'geo' },
  });
  let bytes = 0;
  for (let round = 0; round < 12; round++) {
    for (let id = 0; id < 3_000; id++) {
      const n = (id * 7 + round) % 1_000;
      world.step({ put: id, payload: { tag: `t${n % 10}`, n, place: { lon: n, lat: n % 90 } } });
    }
    if (round === 3) bytes = world.indexes.memoryBytes;
  }
  const counted = (filter: Filter) => {
    const { offsets, isExact } = world.indexes.select(filter) ?? assert.fail();
    assert.ok(isExact);
    return [...world.payloads.keys()].filter((id) =>
      hasOffset(offsets, world.table.resolve(id) ?? assert.fail()),
    ).length;
  };
  const having = (holds: (payload: JsonObject) => boolean) =>
    [...world.payloads.values()].filter(holds).length;
  assert.equal(
    counted({ must: [{ kind: 'match', key: 'tag', value: 't3' }] }),
    having(({ tag }) => tag === 't3'),
  );
  assert.equal(
    counted({ must: [{ kind: 'range', key: 'n', range: { gt: 10, lte: 200 } }] }),
    having(({ n }) => Number(n) > 10 && Number(n) <= 200),
  );
  const box = { topLeft: { lon: 5, lat: 80 }, bottomRight: { lon: 300, lat: 20 } };
  assert.equal(
    counted({ must: [{ kind: 'geoBoundingBox', key: 'place', ...box }] }),
    having(({ place = null }) => {
      const { lon, lat } = geoPointOf(place) ?? assert.fail();
      return lon > 5 && lon < 300 && lat > 20 && lat < 80;
    }),
  );
  assert.ok(world.indexes.memoryBytes < 1.5 * bytes, `${bytes} → ${world.indexes.memoryBytes}`);
});

test('an index is found by every text of its path, and by none that is no path', () => {
  const world = new World({ '"a".b': { type: 'integer', lookup: true, range: true } });
  world.step({ put: 1, payload: { a: { b: 5 } } });
  assert.deepEqual(Object.keys(world.indexes.schema), ['a.b']);
  for (const key of ['a.b', 'a."b"', '"a"."b"']) {
    const selection = world.indexes.select({ must: [{ kind: 'match', key, value: 5 }] });
    assert.ok(selection?.isExact && hasOffset(selection.offsets, 0), key);
    assert.deepEqual([...(world.indexes.facet(key) ?? assert.fail())], [[5, 1]]);
    assert.equal([...(world.indexes.inOrder(key, 'asc') ?? assert.fail())].length, 1);
  }
  for (const key of ['a..b', '"a.b"', '']) {
    assert.equal(world.indexes.facet(key), undefined, key);
    assert.equal(world.indexes.inOrder(key, 'asc'), undefined, key);
  }
  world.step({ field: 'a."b"', index: undefined });
  assert.equal(world.indexes.size, 0);
});
