import assert from 'node:assert/strict';
import test from 'node:test';
import {
  type Condition,
  comparePointIds,
  exactScore,
  type Filter,
  higherIsBetter,
  type JsonObject,
  matchesFilter,
  type NearestQuery,
  type Point,
  type PointId,
  type Projection,
  payloadFromBytes,
  payloadToBytes,
  projectPayload,
} from '@tributary/model';
import fc from 'fast-check';
import { ReplicaForTests, type Sizes } from './replica.test-support.ts';

const SIZES: Sizes = { '': { size: 3, distance: 'Dot' }, far: { size: 2, distance: 'Euclid' } };
const NOTHING: Projection = { payload: { kind: 'none' }, vectors: { kind: 'none' } };
const EVERYTHING: Projection = { payload: { kind: 'all' }, vectors: { kind: 'all' } };
const UUID = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';

const id: fc.Arbitrary<PointId> = fc.oneof(fc.nat(30), fc.constantFrom<PointId>(2n ** 60n, UUID));
// Few distinct values, so that scores tie and filters hold for some.
const value = fc.constantFrom(-1, -0.5, 0, 0.25, 1);
const payload: fc.Arbitrary<JsonObject> = fc.record(
  {
    tag: fc.constantFrom('a', 'b', 'c'),
    n: fc.integer({ min: 0, max: 5 }),
    list: fc.array(fc.record({ k: fc.nat(2), v: fc.nat(2) }), { maxLength: 3 }),
    gone: fc.constant(null),
  },
  { requiredKeys: [] },
);
const point: fc.Arbitrary<Point> = fc.record({
  id,
  payload: payload.map(payloadToBytes),
  vectors: fc
    .record({ '': vectorOf(3), far: vectorOf(2) }, { requiredKeys: [''] })
    .map((vectors) => ({ ...vectors })),
});
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ upsert: fc.uniqueArray(point, { selector: (p) => p.id }) }) },
  { weight: 1, arbitrary: fc.record({ delete: fc.uniqueArray(id, { maxLength: 5 }) }) },
);
const { filter } = fc.letrec<{ filter: Filter; condition: Condition }>((tie) => ({
  filter: fc.record(
    {
      must: fc.array(tie('condition'), { maxLength: 2 }),
      should: fc.array(tie('condition'), { maxLength: 2 }),
      mustNot: fc.array(tie('condition'), { maxLength: 2 }),
    },
    { requiredKeys: [] },
  ),
  condition: fc.oneof(
    { maxDepth: 2 },
    fc.record({
      kind: fc.constant('match'),
      key: fc.constant('tag'),
      value: fc.constantFrom('a', 'b'),
    }),
    fc.record({
      kind: fc.constant('range'),
      key: fc.constant('n'),
      range: fc.record({ gte: fc.nat(5) }),
    }),
    fc.record({ kind: fc.constant('isEmpty'), key: fc.constantFrom('list', 'gone') }),
    fc.record({ kind: fc.constant('isNull'), key: fc.constant('gone') }),
    fc.record({ kind: fc.constant('hasId'), ids: fc.array(id) }),
    fc.record({ kind: fc.constant('match'), key: fc.constant('list[].v'), value: fc.nat(2) }),
    fc.record({ kind: fc.constant('filter'), filter: tie('filter') }),
  ),
}));

test('search, scroll and count with a filter equal brute force over the points', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 6 }),
      fc.array(filter, { minLength: 1, maxLength: 4 }),
      fc.record({
        vector: vectorOf(3),
        far: vectorOf(2),
        limit: fc.constantFrom(0, 1, 3, 1_000_000),
        offset: fc.option(id, { nil: undefined }),
        scoreThreshold: fc.option(value, { nil: undefined }),
      }),
      async (steps, filters, ask) => {
        const replica = await ReplicaForTests.open(SIZES);
        const points = new Map<PointId, Point>();
        for (const change of steps) {
          apply(replica, points, change);
          for (const asked of filters) assertReads(replica, points, asked, ask);
        }
      },
    ),
    { numRuns: 150 },
  );
});

test('results come best first and equal scores in id order', async () => {
  const replica = await ReplicaForTests.open(SIZES);
  const vector = Float32Array.of(1, 0, 0);
  const ids: PointId[] = [UUID, 7, 2n ** 60n, 3];
  replica.upsert(ids.map((each) => pointOf(each, vector)));
  replica.upsert([pointOf(5, Float32Array.of(2, 0, 0))]);
  const found = replica.reader.search(nearest({ vector, limit: 10 }));
  assert.deepEqual(
    found.map((hit) => hit.id),
    [5, 3, 7, 2n ** 60n, UUID],
  );
  assert.deepEqual(
    found.map((hit) => hit.score),
    [2, 1, 1, 1, 1],
  );
});

test('a payload wanted whole is the bytes that were written', async () => {
  const replica = await ReplicaForTests.open(SIZES);
  const text = '{ "n" : 1.0, "big": 18446744073709551615 }';
  replica.upsert([{ ...pointOf(1, Float32Array.of(1, 0, 0)), payload: Buffer.from(text) }]);
  const [hit] = replica.reader.search(nearest({ projection: EVERYTHING }));
  assert.equal(Buffer.from(hit?.payload ?? []).toString(), text);
});

test('projections show what they name and nothing else', async () => {
  const replica = await ReplicaForTests.open(SIZES);
  const whole = { a: { b: 1, c: 2 }, d: [3] };
  const near = { '': Float32Array.of(1, 0, 0), far: Float32Array.of(0, 1) };
  replica.upsert([{ id: 1, vectors: near, payload: payloadToBytes(whole) }]);
  const { reader } = replica;
  for (const selector of [
    { kind: 'include', keys: ['a.b'] },
    { kind: 'exclude', keys: ['a.b', 'd'] },
  ] as const) {
    const projection: Projection = {
      payload: selector,
      vectors: { kind: 'names', names: ['far'] },
    };
    const expected = projectPayload(whole, selector);
    for (const record of [
      ...reader.search(nearest({ projection })),
      ...reader.retrieve([1], projection),
      ...reader.scroll({ limit: 1, projection }),
    ]) {
      assert.deepEqual(payloadFromBytes(record.payload ?? Buffer.from('null')), expected);
      assert.deepEqual(record.vectors, { far: near.far });
    }
  }
  const [bare] = reader.retrieve([1], NOTHING);
  assert.deepEqual(bare, { id: 1, version: 1 });
});

test('what a read gave does not change with later writes', async () => {
  const replica = await ReplicaForTests.open(SIZES);
  replica.upsert([pointOf(1, Float32Array.of(1, 0, 0))]);
  const [record] = replica.reader.retrieve([1], EVERYTHING);
  replica.indexes
    .get('')
    ?.get(replica.table.resolve(1) ?? assert.fail())
    ?.fill(9);
  assert.deepEqual(record?.vectors, { '': Float32Array.of(1, 0, 0) });
});

test('retrieve gives the points that are there, in the order asked', async () => {
  const replica = await ReplicaForTests.open(SIZES);
  replica.upsert([1, 2, 3].map((each) => pointOf(each, Float32Array.of(each, 0, 0))));
  replica.delete([2]);
  const found = replica.reader.retrieve([3, 2, 99, 1], EVERYTHING);
  assert.deepEqual(
    found.map((record) => record.id),
    [3, 1],
  );
});

test('a query that does not fit the collection is wrong input, in words that say how', async () => {
  const { reader } = await ReplicaForTests.open(SIZES);
  const wrong = (run: () => unknown, message: string | RegExp) =>
    assert.throws(run, { name: 'TributaryError', code: 'wrong_input', message });
  const unknownVector = 'Not existing vector name error: foo';
  wrong(() => reader.search(nearest({ using: 'foo' })), unknownVector);
  wrong(
    () => reader.search(nearest({ vector: Float32Array.of(1, 2) })),
    'Vector dimension error: expected dim: 3, got 2',
  );
  wrong(() => reader.search(nearest({ vector: Float32Array.of(1, 2, Number.NaN) })), /finite/);
  const named: Projection = {
    payload: { kind: 'none' },
    vectors: { kind: 'names', names: ['foo'] },
  };
  wrong(() => reader.retrieve([1], named), unknownVector);
  wrong(() => reader.scroll({ limit: 1, projection: named }), unknownVector);
  const brokenKey: Filter = { must: [{ kind: 'isNull', key: 'a[' }] };
  wrong(() => reader.count(brokenKey), /./);
  wrong(() => reader.scroll({ filter: brokenKey, limit: 1, projection: NOTHING }), /./);
  const brokenPath: Projection = {
    payload: { kind: 'include', keys: ['a['] },
    vectors: { kind: 'none' },
  };
  wrong(() => reader.retrieve([1], brokenPath), /./);
});

test('an index that lags behind the store stops the read', async () => {
  const replica = await ReplicaForTests.open(SIZES);
  replica.upsert([pointOf(1, Float32Array.of(1, 0, 0))]);
  const { appliedSequence } = replica.store.state;
  replica.store.commit({ puts: [], deletes: [1], appliedSequence, appliedCount: 2 });
  replica.upsert([pointOf(2, Float32Array.of(0.5, 0, 0))]);
  assert.throws(() => replica.reader.search(nearest({ projection: EVERYTHING })), /invariant/);
});

interface Ask {
  readonly vector: Float32Array;
  readonly far: Float32Array;
  readonly limit: number;
  readonly offset: PointId | undefined;
  readonly scoreThreshold: number | undefined;
}

function assertReads(
  replica: ReplicaForTests,
  points: ReadonlyMap<PointId, Point>,
  asked: Filter,
  ask: Ask,
): void {
  const { reader } = replica;
  const matching = [...points.values()]
    .filter((each) =>
      matchesFilter(asked, { id: each.id, payload: payloadFromBytes(each.payload) }),
    )
    .sort((a, b) => comparePointIds(a.id, b.id));
  assert.equal(reader.count(asked), matching.length);
  assert.equal(reader.count(), points.size);
  const { limit, offset, scoreThreshold } = ask;
  const page = reader.scroll({
    filter: asked,
    limit,
    projection: EVERYTHING,
    ...(offset !== undefined && { offset }),
  });
  const expectedPage = matching
    .filter((each) => offset === undefined || comparePointIds(each.id, offset) >= 0)
    .slice(0, limit);
  assert.deepEqual(page.map(plain), expectedPage.map(plain));
  for (const [using, vector] of [
    ['', ask.vector],
    ['far', ask.far],
  ] as const) {
    const found = reader.search({
      ...nearest({ using, vector, limit, filter: asked, projection: EVERYTHING }),
      ...(scoreThreshold !== undefined && { scoreThreshold }),
    });
    assertNearest(found, matching, ask, using, vector);
  }
}

/** Scores as by brute force; ids too, but where a tie is cut by the limit any of the tied may be there. */
function assertNearest(
  found: readonly { id: PointId; score: number }[],
  matching: readonly Point[],
  ask: Ask,
  using: string,
  query: Float32Array,
): void {
  const distance = SIZES[using]?.distance ?? assert.fail();
  const sign = higherIsBetter(distance) ? 1 : -1;
  const scoreOf = ({ vectors }: Point) => {
    const vector = vectors[using];
    return vector && exactScore(distance, query, vector);
  };
  const expected = matching
    .map((each) => ({ id: each.id, score: scoreOf(each) }))
    .filter((hit): hit is { id: PointId; score: number } => hit.score !== undefined)
    .filter(({ score }) => {
      return ask.scoreThreshold === undefined || sign * (score - ask.scoreThreshold) > 0;
    })
    .sort((a, b) => sign * (b.score - a.score) || comparePointIds(a.id, b.id));
  const best = expected.slice(0, ask.limit);
  assert.deepEqual(
    found.map(({ score }) => score),
    best.map(({ score }) => score),
  );
  const cut = best.at(-1)?.score;
  const sure = (hit: { score: number }) => expected.length <= ask.limit || hit.score !== cut;
  assert.deepEqual(
    found.filter(sure).map((hit) => hit.id),
    best.filter(sure).map((hit) => hit.id),
  );
  const scores = new Map(expected.map((hit) => [hit.id, hit.score]));
  for (const hit of found) assert.equal(scores.get(hit.id), hit.score);
}

type Step = { readonly upsert: readonly Point[] } | { readonly delete: readonly PointId[] };

function apply(replica: ReplicaForTests, points: Map<PointId, Point>, change: Step): void {
  if ('upsert' in change) {
    replica.upsert(change.upsert);
    for (const each of change.upsert) points.set(each.id, each);
  } else {
    replica.delete(change.delete);
    for (const each of change.delete) points.delete(each);
  }
}

function plain(record: { id: PointId; payload?: Uint8Array; vectors?: Point['vectors'] }) {
  const vectors = Object.entries(record.vectors ?? {}).map(([name, v]) => [name, [...v]] as const);
  return {
    id: record.id,
    payload: Buffer.from(record.payload ?? []).toString(),
    vectors: vectors.sort(([a], [b]) => (a < b ? -1 : 1)),
  };
}

function nearest(query: Partial<NearestQuery>): NearestQuery {
  return {
    vector: Float32Array.of(1, 0, 0),
    using: '',
    limit: 10,
    params: {},
    projection: NOTHING,
    ...query,
  };
}

function pointOf(pointId: PointId, vector: Float32Array): Point {
  return { id: pointId, vectors: { '': vector }, payload: payloadToBytes({ n: 1 }) };
}

function vectorOf(size: number): fc.Arbitrary<Float32Array> {
  return fc
    .array(value, { minLength: size, maxLength: size })
    .map((values) => Float32Array.from(values));
}
