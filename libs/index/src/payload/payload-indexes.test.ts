import assert from 'node:assert/strict';
import test from 'node:test';
import {
  compareNumbers,
  compileFilter,
  type ExactNumber,
  type FieldIndex,
  type Filter,
  geoPointOf,
  integerOf,
  type JsonObject,
  type JsonValue,
  numberOfValue,
  type PointId,
  parseDatetime,
  parseJsonPath,
  parseUuid,
  valuesAt,
} from '@tributary/model';
import { filtersOver } from '@tributary/model/conformance';
import fc from 'fast-check';
import { hasOffset } from '../offset-bits.ts';
import {
  FIELDS,
  fieldIndexes,
  histories,
  IDS,
  ids,
  plainFilters,
  type Step,
  schemas,
  World,
} from './payload-indexes.test-support.ts';

const COPIES = 24;

/** The step, done to so many points that an answer is put together of several indexes. */
function* copiesOf(step: Step): Generator<Step> {
  for (let copy = 0; copy < COPIES; copy++) {
    if ('put' in step) yield { ...step, put: Number(step.put) + copy * IDS };
    else if ('drop' in step) yield { drop: Number(step.drop) + copy * IDS };
    else if (copy === 0) yield step;
  }
}

test('what indexes answer agrees with the filter evaluated over every payload', () => {
  let exact = 0;
  let narrowed = 0;
  let together = 0;
  const filter = fc.oneof(filtersOver(fc.constantFrom(...FIELDS), ids), plainFilters);
  const filters = fc.array(filter, { minLength: 3 });
  fc.assert(
    fc.property(schemas, histories, filters, (fields, history, asked) => {
      const world = new World(fields);
      for (const step of history) for (const each of copiesOf(step)) world.step(each);
      for (const filter of asked) {
        const result = assertSelection(world, filter);
        if (result === 'exact') exact++;
        if (result === 'exact' && (filter.must?.length ?? 0) > 1) together++;
        if (result === 'narrowed') narrowed++;
      }
    }),
    { numRuns: 800 },
  );
  const met = { exact, together, narrowed };
  assert.ok(exact > 100 && together > 10 && narrowed > 50, JSON.stringify(met));
});

function assertSelection(world: World, filter: Filter): 'exact' | 'narrowed' | 'unknown' {
  const { indexes, table } = world;
  const holds = compileFilter(filter, { indexes: indexes.meaningfulIndexes });
  const matching = [...world.subjects()].filter(holds);
  const estimate = indexes.estimate(filter);
  assert.ok(estimate.min <= matching.length && matching.length <= estimate.max);
  assert.ok(estimate.min <= estimate.expected && estimate.expected <= estimate.max + 1e-9);
  const selection = indexes.select(filter);
  const withoutWalk = indexes.select(filter, { isWalking: false });
  if (selection === undefined) {
    assert.equal(withoutWalk, undefined);
    return 'unknown';
  }
  for (const { id } of matching) {
    const isIn = hasOffset(withoutWalk?.offsets ?? table.live, table.resolve(id) ?? assert.fail());
    assert.ok(isIn, 'what is found without a walk leaves none out either');
  }
  const has = (id: PointId) => hasOffset(selection.offsets, table.resolve(id) ?? assert.fail());
  for (const { id } of matching) assert.ok(has(id), 'every point the filter holds for is selected');
  const selected = [...world.payloads.keys()].filter(has);
  if (selection.isExact) assert.equal(selected.length, matching.length);
  for (let offset = 0; offset < 32 * selection.offsets.length; offset++) {
    assert.ok(!hasOffset(selection.offsets, offset) || hasOffset(table.live, offset));
  }
  if (selection.isExact) return 'exact';
  return selected.length < world.payloads.size ? 'narrowed' : 'unknown';
}

test('filters nested as deep as requests may be are answered, where no path can be so long too', () => {
  const world = new World({ 'a[].b': { type: 'integer', lookup: true, range: true } });
  world.step({ put: 1, payload: { a: [{ b: 1 }] } });
  const match: Filter = { must: [{ kind: 'match', key: 'b', value: 1 }] };
  const long = Array.from({ length: 60 }, () => 'a').join('.');
  const wrappings: readonly ((filter: Filter) => Filter)[] = [
    (filter) => ({ must: [{ kind: 'filter', filter }] }),
    (filter) => ({
      should: [{ kind: 'filter', filter: { mustNot: [{ kind: 'filter', filter }] } }],
    }),
    (filter) => ({ must: [{ kind: 'nested', key: long, filter }] }),
    (filter) => ({
      minShould: { conditions: [{ kind: 'nested', key: 'a', filter }], minCount: 1 },
    }),
  ];
  for (const wrap of wrappings) {
    let filter: Filter = { must: [{ kind: 'nested', key: 'a', filter: match }] };
    for (let depth = 0; depth < 32; depth++) {
      assertSelection(world, filter);
      filter = wrap(filter);
    }
  }
});

test('facets count points by value, orders go through every number of every point', () => {
  let counted = 0;
  let ordered = 0;
  fc.assert(
    fc.property(
      schemas,
      histories,
      fc.constantFrom('asc', 'desc'),
      (fields, history, direction) => {
        const world = new World(fields);
        for (const step of history) world.step(step);
        for (const [field, index] of Object.entries(world.indexes.schema)) {
          counted += assertFacet(world, field, index);
          ordered += assertOrder(world, field, index, direction);
        }
      },
    ),
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
    const elements = elementsAt(payload, field).filter((value) => isCountedBy(value, index));
    const values = elements.map((value) => {
      if (index.type === 'integer') return integerOf(value);
      return index.type === 'uuid' ? parseUuid(value) : value;
    });
    for (const value of new Set(values)) {
      if (value !== undefined) expected.set(value, (expected.get(value) ?? 0) + 1);
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
  const expected: { value: ExactNumber; offset: number }[] = [];
  for (const { offset, payload } of world.points()) {
    const numbers = elementsAt(payload, field).map((value) => numberFor(value, index));
    for (const value of new Set(numbers)) {
      if (value !== undefined) expected.push({ value: plainZero(value), offset });
    }
  }
  const sign = direction === 'asc' ? 1 : -1;
  expected.sort((a, b) => sign * compareNumbers(a.value, b.value) || a.offset - b.offset);
  const plain = [...pairs].map(({ value, offset }) => ({ value: plainZero(value), offset }));
  assert.deepEqual(plain, expected);
  const middle = expected[Math.floor(expected.length / 2)]?.value;
  if (middle !== undefined) {
    const rest = [...(world.indexes.inOrder(field, direction, middle) ?? [])];
    const first = expected.filter((e) => sign * compareNumbers(e.value, middle) >= 0);
    assert.equal(rest.length, first.length);
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
  if (index.type === 'integer') return integerOf(value) !== undefined;
  if (index.type === 'uuid') return parseUuid(value) !== undefined;
  return typeof value === 'string';
}

function numberFor(value: JsonValue, index: FieldIndex): ExactNumber | undefined {
  if (index.type === 'datetime')
    return typeof value === 'string' ? parseDatetime(value) : undefined;
  return index.type === 'integer' ? integerOf(value) : numberOfValue(value);
}

/** Zero has two doubles, which are one number. */
function plainZero(value: ExactNumber): ExactNumber {
  return value === 0 ? 0 : value;
}

test('an index made over the points there are answers as one that saw them come', () => {
  let exact = 0;
  fc.assert(
    fc.property(
      fieldIndexes,
      histories,
      filtersOver(fc.constant('a'), ids),
      (index, history, filter) => {
        const before = new World({ a: index });
        const after = new World({});
        for (const step of history) {
          if ('field' in step) continue;
          before.step(step);
          after.step(step);
        }
        after.step({ field: 'a', index });
        assert.deepEqual(after.indexes.pointsByField(), before.indexes.pointsByField());
        // Estimates count what is stale as well, so one may stop narrowing where the other goes on; both must be right.
        const [made, grown] = [assertSelection(after, filter), assertSelection(before, filter)];
        if (made !== 'exact' || grown !== 'exact') return;
        assert.deepEqual(after.indexes.select(filter), before.indexes.select(filter));
        exact++;
      },
    ),
  );
  assert.ok(exact > 10, `${exact} exact answers`);
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
      world.step({
        put: id,
        payload: { tag: `t${n % 10}`, n, place: { lon: n % 180, lat: n % 90 } },
      });
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
  const box = { topLeft: { lon: 5, lat: 80 }, bottomRight: { lon: 100, lat: 20 } };
  assert.equal(
    counted({ must: [{ kind: 'geoBoundingBox', key: 'place', ...box }] }),
    having(({ place = null }) => {
      const { lon, lat } = geoPointOf(place) ?? assert.fail();
      return lon > 5 && lon < 100 && lat > 20 && lat < 80;
    }),
  );
  assert.ok(world.indexes.memoryBytes < 1.5 * bytes, `${bytes} → ${world.indexes.memoryBytes}`);
});

test('what goes once around the earth is no place near where it ends, with an index and without', () => {
  const world = new World({ a: { type: 'geo' } });
  for (const [id, lat] of [0, 360, -360].entries()) {
    world.step({ put: id, payload: { a: { lon: 0, lat } } });
  }
  const center = { lon: 0, lat: 0 };
  const near: Filter = { must: [{ kind: 'geoRadius', key: 'a', center, radiusM: 1_000 }] };
  assert.equal(assertSelection(world, near), 'exact');
});

test('of a clause among others all is known, however few points are left of it', () => {
  const world = new World({
    a: { type: 'integer', lookup: true, range: true },
    b: { type: 'keyword' },
  });
  for (let id = 0; id < 100; id++) {
    world.step({ put: id, payload: { a: id % 50, b: id < 50 ? 'x' : 'y' } });
  }
  const both: Filter = {
    must: [
      { kind: 'match', key: 'a', value: 1 },
      { kind: 'match', key: 'b', value: 'x' },
    ],
  };
  const most: Filter = { must: [{ kind: 'range', key: 'a', range: { gt: 10 } }] };
  assert.equal(assertSelection(world, both), 'narrowed', 'two payloads are read sooner');
  const clause = { kind: 'filter' as const, filter: both };
  for (const filter of [
    { mustNot: [clause] },
    { should: [clause, { kind: 'filter' as const, filter: most }] },
    { must: [{ kind: 'filter' as const, filter: { mustNot: [clause] } }] },
  ]) {
    assert.equal(assertSelection(world, filter), 'exact', JSON.stringify(filter));
  }
});

test('a point of very many values is found by each, in order, and forgotten whole', () => {
  const many = Array.from({ length: 200_000 }, (_, i) => i);
  const world = new World({ a: { type: 'integer', lookup: true, range: true } });
  for (const id of [1, 2]) world.step({ put: id, payload: { a: many } });
  world.step({ put: 3, payload: { a: 7 } });
  const offsetOf = (id: PointId) => world.table.resolve(id) ?? assert.fail();
  const found = (value: number) => {
    const filter: Filter = { must: [{ kind: 'match', key: 'a', value }] };
    const { offsets } = world.indexes.select(filter) ?? assert.fail();
    return [1, 2, 3].filter((id) => hasOffset(offsets, offsetOf(id)));
  };
  assert.deepEqual([found(7), found(199_999), found(200_000)], [[1, 2, 3], [1, 2], []]);
  let last = -1;
  for (const { value } of world.indexes.inOrder('a', 'asc') ?? assert.fail()) {
    assert.ok(value === last || value === last + 1);
    last = value;
  }
  assert.equal(last, 199_999);
  for (const id of [1, 2]) world.step({ drop: id });
  assert.deepEqual([...(world.indexes.facet('a') ?? assert.fail())], [[7, 1]]);
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
