import assert from 'node:assert/strict';
import test from 'node:test';
import {
  type Filter,
  ID_ONLY,
  type Point,
  type PointId,
  type Projection,
  payloadFromBytes,
  payloadToBytes,
  projectPayload,
} from '@tributary/model';
import { EVERYTHING, nearest, ReplicaForTests, SIZES } from './replica.test-support.ts';

const UUID = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';

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
  const [bare] = reader.retrieve([1], ID_ONLY);
  assert.deepEqual(bare, { id: 1, version: 1 });
});

test('what a read gave does not change with later writes', async () => {
  const replica = await ReplicaForTests.open(SIZES);
  replica.upsert([pointOf(1, Float32Array.of(1, 0, 0))]);
  const [record] = replica.reader.retrieve([1], EVERYTHING);
  const held = replica.indexes.get('')?.get(replica.table.resolve(1) ?? assert.fail());
  assert.ok(held instanceof Float32Array);
  held.fill(9);
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
  wrong(() => reader.scroll({ filter: brokenKey, limit: 1, projection: ID_ONLY }), /./);
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

function pointOf(pointId: PointId, vector: Float32Array): Point {
  return { id: pointId, vectors: { '': vector }, payload: payloadToBytes({ n: 1 }) };
}
