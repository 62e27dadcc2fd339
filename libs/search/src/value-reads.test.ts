import assert from 'node:assert/strict';
import test from 'node:test';
import {
  comparePointIds,
  type ExactNumber,
  type Filter,
  ID_ONLY,
  type JsonObject,
  type OrderBy,
  type PayloadSchema,
  type Point,
  payloadToBytes,
  WholeFloat,
} from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import fc from 'fast-check';
import { EVERYTHING, ReplicaForTests } from './replica.test-support.ts';

const SCHEMA: PayloadSchema = {
  n: { type: 'integer', lookup: true, range: true },
  tag: { type: 'keyword' },
  even: { type: 'bool' },
};
const RED: Filter = { must: [{ kind: 'match', key: 'tag', value: 'red' }] };
const small = fc.integer({ min: -3, max: 3 });
/** As many of them are one double as are close to none. */
const integer = fc.oneof(
  small,
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 53n + 4n }),
  fc.bigInt({ min: 1_768_900_000_000_000_000n, max: 1_768_900_000_000_000_040n }),
  fc.constantFrom(-(2n ** 63n), 1n - 2n ** 63n, 2n ** 63n - 2n, 2n ** 63n - 1n),
);
const payload: fc.Arbitrary<JsonObject> = fc.record(
  {
    n: fc.oneof(integer, fc.array(integer, { maxLength: 3 })),
    tag: fc.constantFrom('red', 'blue'),
  },
  { requiredKeys: [] },
);
const payloads = fc.array(payload, { maxLength: 30 });

async function replicaOf(list: readonly JsonObject[]): Promise<ReplicaForTests> {
  const replica = await ReplicaForTests.open({ '': { size: 1, distance: 'Dot' } });
  replica.createPayloadIndexes(SCHEMA);
  replica.upsert(list.map((each, id) => pointOf(id, each)));
  return replica;
}

function pointOf(id: number, each: JsonObject): Point {
  return { id, vectors: { '': Float32Array.of(1) }, payload: payloadToBytes(each) };
}

function numbersOf({ n }: JsonObject): ExactNumber[] {
  const isNumber = (value: unknown) => typeof value === 'number' || typeof value === 'bigint';
  return [...new Set([n].flat().filter(isNumber))];
}

function signOf(a: ExactNumber, b: ExactNumber): number {
  const difference = BigInt(a) - BigInt(b);
  return Number(difference > 0n) - Number(difference < 0n);
}

test('an ordered scroll gives a point once for each value, equal values by id, from the first on', async () => {
  const orderBy: fc.Arbitrary<OrderBy> = fc.record(
    {
      key: fc.constant('n'),
      direction: fc.constantFrom('asc', 'desc'),
      startFrom: integer,
    },
    { requiredKeys: ['key', 'direction'] },
  );
  const filter = fc.option(fc.constant(RED), { nil: undefined });
  const asked = fc.tuple(payloads, orderBy, fc.nat(12), filter);
  await fc.assert(
    fc.asyncProperty(asked, async ([list, order, limit, only]) => {
      const { reader } = await replicaOf(list);
      const sign = order.direction === 'asc' ? 1 : -1;
      const { startFrom } = order;
      const expected = list
        .flatMap((each, id) => numbersOf(each).map((orderValue) => ({ id, orderValue, each })))
        .filter(({ each }) => only === undefined || each.tag === 'red')
        .filter(({ orderValue }) => {
          return startFrom === undefined || sign * signOf(orderValue, startFrom) >= 0;
        })
        .sort((a, b) => sign * signOf(a.orderValue, b.orderValue) || comparePointIds(a.id, b.id))
        .slice(0, limit);
      const records = reader.scroll({
        limit,
        orderBy: order,
        projection: EVERYTHING,
        ...(only && { filter: only }),
      });
      assert.deepEqual(
        records.map(({ id, orderValue, payload: bytes = Buffer.of() }) => [
          id,
          orderValue,
          Buffer.from(bytes).toString(),
        ]),
        expected.map(({ id, orderValue, each }) => [
          id,
          orderValue,
          Buffer.from(payloadToBytes(each)).toString(),
        ]),
      );
    }),
    { numRuns: 300 },
  );
});

test('a point is ordered by a float where its index is of floats, and by an integer where it is of those', async () => {
  const replica = await ReplicaForTests.open({ '': { size: 1, distance: 'Dot' } });
  replica.createPayloadIndexes({
    price: { type: 'float' },
    n: { type: 'integer', lookup: true, range: true },
  });
  replica.upsert([
    pointOf(1, { price: 5, n: 5 }),
    pointOf(2, { price: new WholeFloat(6), n: 6 }),
    pointOf(3, { price: 6.5, n: 7 }),
  ]);
  const orderedBy = (key: string) => {
    const orderBy = { key, direction: 'asc' as const };
    const records = replica.reader.scroll({ limit: 9, orderBy, projection: EVERYTHING });
    return records.map(({ orderValue }) => orderValue);
  };
  assert.deepEqual(orderedBy('price'), [new WholeFloat(5), new WholeFloat(6), 6.5]);
  assert.deepEqual(orderedBy('n'), [5, 6, 7]);
});

test('of many points with one value the first by id come first, and both zeros are one value', async () => {
  const replica = await ReplicaForTests.open({ '': { size: 1, distance: 'Dot' } });
  replica.createPayloadIndexes({ n: { type: 'float' } });
  const zero = (id: number) => new WholeFloat(id % 2 === 0 ? 0 : -0);
  const ids = Array.from({ length: 600 }, (_, i) => 599 - i);
  replica.upsert(ids.map((id) => pointOf(id, { n: zero(id) })));
  for (const direction of ['asc', 'desc'] as const) {
    for (const limit of [1, 3, 250, 1_000]) {
      const orderBy = { key: 'n', direction };
      const records = replica.reader.scroll({ limit, orderBy, projection: ID_ONLY });
      const expected = ids.toReversed().slice(0, limit);
      assert.deepEqual(
        records.map(({ id, orderValue }) => [id, orderValue]),
        expected.map((id) => [id, new WholeFloat(0)]),
      );
    }
  }
});

test('a facet counts each point once for each of its values, most frequent first', async () => {
  const filter = fc.option(fc.constant(RED), { nil: undefined });
  await fc.assert(
    fc.asyncProperty(payloads, fc.nat(8), filter, async (list, limit, only) => {
      const { reader } = await replicaOf(list);
      const counts = new Map<ExactNumber, number>();
      for (const each of list) {
        if (only !== undefined && each.tag !== 'red') continue;
        for (const n of numbersOf(each)) counts.set(n, (counts.get(n) ?? 0) + 1);
      }
      const expected = Array.from(counts, ([value, count]) => ({ value, count }))
        .sort((a, b) => b.count - a.count || signOf(a.value, b.value))
        .slice(0, limit);
      const found = reader.facet({ key: 'n', limit, ...(only && { filter: only }) });
      assert.deepEqual(found, expected);
    }),
  );
});

test('orders and facets without the index they need are refused by name', async () => {
  const { reader } = await replicaOf([{ tag: 'red' }]);
  const order = { key: 'tag', direction: 'asc' } as const;
  assert.throws(
    () => reader.scroll({ limit: 1, orderBy: order, projection: ID_ONLY }),
    (error) =>
      error instanceof TributaryError &&
      error.code === 'bad_request' &&
      error.message.startsWith('No range index for `order_by` key: `tag`. '),
  );
  assert.throws(
    () => reader.facet({ key: 'other', limit: 1 }),
    (error) =>
      error instanceof TributaryError &&
      error.code === 'bad_request' &&
      error.message.startsWith('No appropriate index for faceting: `other`. '),
  );
});

test('a sample is drawn from what the filter holds for, by the seed and the ids alone', async () => {
  const list = Array.from({ length: 400 }, (_, i) => ({ tag: i % 2 === 0 ? 'red' : 'blue' }));
  const one = await replicaOf(list);
  const other = await ReplicaForTests.open({ '': { size: 1, distance: 'Dot' } });
  other.upsert(list.map((each, id) => pointOf(id, each)).reverse());
  const drawn = (replica: ReplicaForTests, seed: number, limit = 10) =>
    replica.reader.sample({ filter: RED, limit, seed, projection: ID_ONLY }).map(({ id }) => id);
  assert.deepEqual(drawn(one, 1), drawn(other, 1));
  assert.notDeepEqual(drawn(one, 1), drawn(one, 2));
  assert.ok(drawn(one, 1).every((id) => Number(id) % 2 === 0));
  assert.equal(new Set(drawn(one, 3, 1_000)).size, 200);
  const times = new Map<unknown, number>();
  for (let seed = 0; seed < 2_000; seed++) {
    for (const id of drawn(one, seed)) times.set(id, (times.get(id) ?? 0) + 1);
  }
  // Each of 200 is drawn 100 times on average, give or take ten.
  assert.equal(times.size, 200);
  for (const count of times.values()) assert.ok(count > 55 && count < 150, String(count));
});
