// Reads of a replica against the plainest way to answer them, over random histories, filters and queries.

import assert from 'node:assert/strict';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import {
  createSegmentBuilder,
  createVectorIndex,
  type SegmentBuilder,
  type VectorIndex,
} from '@tributary/index';
import {
  type Condition,
  comparePointIds,
  exactScore,
  type FieldIndex,
  type Filter,
  higherIsBetter,
  isDense,
  type JsonObject,
  type JsonValue,
  matchesFilter,
  NO_STAMP,
  type PayloadSchema,
  type Point,
  type PointId,
  payloadFromBytes,
  payloadToBytes,
  type StoredPoint,
} from '@tributary/model';
import { filterPayloads, filtersOver } from '@tributary/model/conformance';
import { silentLogger, systemClock } from '@tributary/runtime';
import fc from 'fast-check';
import { EVERYTHING, nearest, ReplicaForTests, SIZES } from './replica.test-support.ts';

const UUID = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
const id: fc.Arbitrary<PointId> = fc.oneof(fc.nat(30), fc.constantFrom<PointId>(2n ** 60n, UUID));
// Few distinct values, so that scores tie and filters hold for some.
const TEXT: FieldIndex = {
  type: 'text',
  tokenizer: 'word',
  lowercase: true,
  asciiFolding: false,
  phraseMatching: true,
  stopwords: [],
};
const value = fc.constantFrom(-1, -0.5, 0, 0.25, 1);
const payload: fc.Arbitrary<JsonObject> = fc.record(
  {
    tag: fc.constantFrom('a', 'b', 'c'),
    n: fc.integer({ min: 0, max: 5 }),
    // Of the wrong type for the index at times, or no list.
    list: fc.oneof(
      fc.array(
        fc.record({ k: fc.nat(2), v: fc.oneof(fc.nat(2), fc.constantFrom('1', null, true)) }),
        { maxLength: 3 },
      ),
      fc.constantFrom<JsonValue>('none', 1, {}),
    ),
    gone: fc.constant(null),
  },
  { requiredKeys: [] },
);
const point: fc.Arbitrary<Point> = fc.record({
  id,
  payload: fc.oneof(payload, filterPayloads).map(payloadToBytes),
  vectors: fc
    .record({ '': vectorOf(3), far: vectorOf(2) }, { requiredKeys: [''] })
    .map((vectors) => ({ ...vectors })),
});
// Each kind of index over fields that the payloads have, or none at all.
const schemas: fc.Arbitrary<PayloadSchema> = fc.record<PayloadSchema>(
  {
    tag: fc.constantFrom<FieldIndex>({ type: 'keyword' }, TEXT),
    n: fc.constantFrom<FieldIndex>(
      { type: 'integer', lookup: true, range: true },
      { type: 'float' },
    ),
    'list[].v': fc.constant<FieldIndex>({ type: 'integer', lookup: true, range: true }),
    gone: fc.constant<FieldIndex>({ type: 'bool' }),
    a: fc.constantFrom<FieldIndex>(TEXT, { type: 'geo' }, { type: 'datetime' }),
    'a[].b': fc.constantFrom<FieldIndex>(TEXT, { type: 'keyword' }),
  },
  { requiredKeys: [] },
);
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ upsert: fc.uniqueArray(point, { selector: (p) => p.id }) }) },
  { weight: 1, arbitrary: fc.record({ delete: fc.uniqueArray(id, { maxLength: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ schema: schemas }) },
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

const anyFilter = fc.oneof(
  filter,
  filtersOver(fc.constantFrom('tag', 'n', 'list[].v', 'list', 'v', 'a', 'b', 'a[].b'), id),
);

const history = fc.array(step, { maxLength: 6 });
const ask = fc.record({
  schema: schemas,
  vector: vectorOf(3),
  far: vectorOf(2),
  limit: fc.constantFrom(0, 1, 3, 1_000_000),
  offset: fc.option(id, { nil: undefined }),
  scoreThreshold: fc.option(value, { nil: undefined }),
});

test('search, scroll and count with a filter equal brute force over the points', async () => {
  await fc.assert(
    fc.asyncProperty(
      history,
      fc.array(anyFilter, { minLength: 1, maxLength: 4 }),
      ask,
      async (...given) => {
        assertHistory(await ReplicaForTests.open(SIZES), ...given);
      },
    ),
    { numRuns: 150 },
  );
});

test('the same holds with the index that replicas use', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'tributary-search-'));
  await using builder = createSegmentBuilder({ logger: silentLogger });
  await fc.assert(
    fc.asyncProperty(
      history,
      fc.array(anyFilter, { minLength: 1, maxLength: 4 }),
      ask,
      async (...given) => {
        const indexes = await realIndexes(folder.path, builder);
        try {
          assertHistory(await ReplicaForTests.open(SIZES, indexes), ...given);
        } finally {
          for (const index of indexes.values()) await index.close();
        }
      },
    ),
    { numRuns: 40 },
  );
});

interface Ask {
  readonly schema: PayloadSchema;
  readonly vector: Float32Array;
  readonly far: Float32Array;
  readonly limit: number;
  readonly offset: PointId | undefined;
  readonly scoreThreshold: number | undefined;
}

/** Makes the changes one by one and holds every read against brute force after each. */
function assertHistory(
  replica: ReplicaForTests,
  changes: readonly Step[],
  filters: readonly Filter[],
  asked: Ask,
): void {
  const points = new Map<PointId, StoredPoint>();
  replica.createPayloadIndexes(asked.schema);
  for (const change of changes) {
    apply(replica, points, change);
    for (const each of filters) assertReads(replica, points, each, asked);
  }
}

async function realIndexes(
  folder: string,
  builder: SegmentBuilder,
): Promise<ReadonlyMap<string, VectorIndex>> {
  const indexes = new Map<string, VectorIndex>();
  for (const [name, { size, distance }] of Object.entries(SIZES)) {
    const index = await createVectorIndex({
      size,
      distance,
      m: 16,
      efConstruct: 100,
      tailVectorsMax: 10_000,
      graphVectorsMin: Number.POSITIVE_INFINITY,
      smallTailVectorsMax: 0,
      wornVectorsMin: 0,
      deletedShareMax: 0.3,
      folder: join(folder, `vector-${name}`),
      identify: () => 0,
      builder,
      clock: systemClock,
      logger: silentLogger,
    });
    indexes.set(name, index);
  }
  return indexes;
}

function assertReads(
  replica: ReplicaForTests,
  points: ReadonlyMap<PointId, StoredPoint>,
  asked: Filter,
  ask: Ask,
): void {
  const { reader } = replica;
  const { meaningfulIndexes: indexes } = replica.payloadIndexes;
  const matching = [...points.values()]
    .filter(({ id, version, payload, vectors }) => {
      const vectorNames = Object.keys(vectors);
      const subject = { id, version, payload: payloadFromBytes(payload), vectorNames };
      return matchesFilter(asked, subject, { indexes });
    })
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
    return vector && isDense(vector) ? exactScore(distance, query, vector) : undefined;
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

type Step =
  | { readonly upsert: readonly Point[] }
  | { readonly delete: readonly PointId[] }
  /** The payload indexes there are from then on. */
  | { readonly schema: PayloadSchema };

function apply(replica: ReplicaForTests, points: Map<PointId, StoredPoint>, change: Step): void {
  if ('upsert' in change) {
    replica.upsert(change.upsert);
    const { appliedSequence: version } = replica.store.state;
    for (const each of change.upsert) points.set(each.id, { ...each, version, stamp: NO_STAMP });
  } else if ('delete' in change) {
    replica.delete(change.delete);
    for (const each of change.delete) points.delete(each);
  } else {
    for (const field of Object.keys(replica.payloadIndexes.schema)) {
      if (!Object.hasOwn(change.schema, field)) replica.payloadIndexes.drop(field);
    }
    replica.createPayloadIndexes(change.schema);
    // Indexes come and go with a commit, which ends what is kept of filters.
    replica.upsert([]);
  }
}

function plain(record: { id: PointId; payload?: Uint8Array; vectors?: Point['vectors'] }) {
  const vectors = Object.entries(record.vectors ?? {}).map(([name, v]) => [name, v] as const);
  return {
    id: record.id,
    payload: Buffer.from(record.payload ?? []).toString(),
    vectors: vectors.sort(([a], [b]) => (a < b ? -1 : 1)),
  };
}

function vectorOf(size: number): fc.Arbitrary<Float32Array> {
  return fc
    .array(value, { minLength: size, maxLength: size })
    .map((values) => Float32Array.from(values));
}
