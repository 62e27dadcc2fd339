import assert from 'node:assert/strict';
import test from 'node:test';
import { NO_PAYLOAD, NO_STAMP, type PointId, pointIdToBytes, sequence } from '@tributary/model';
import { BUCKETS, bucketOf } from '@tributary/storage';
import { MemoryReplicaStores } from '@tributary/storage/memory';
import { joinAnswer } from '@tributary/wire';
import { bucketSteps } from './bucket-steps.ts';

const POINTS = 2_500;

async function filled() {
  const store = await new MemoryReplicaStores().open('a');
  const put = (ids: readonly number[], at: number) => {
    const version = sequence(at);
    const puts = ids.map((id) => ({
      ...{ id, version, stamp: NO_STAMP, payload: NO_PAYLOAD, vectors: {} },
    }));
    store.commit({ puts, deletes: [], appliedSequence: version, appliedCount: at });
  };
  put(
    Array.from({ length: POINTS }, (_, id) => id),
    1,
  );
  return { store, put };
}

test('every point is in one bucket, with its digest', async () => {
  const { store } = await filled();
  const found = new Map<PointId, string>();
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const answer = joinAnswer('bucketPoints', [...bucketSteps(store, bucket)]);
    assert.equal(answer.appliedSequence, 1);
    for (const { id, digest } of answer.points) {
      assert.equal(bucketOf(pointIdToBytes(id)), bucket);
      found.set(id, Buffer.from(digest).toString('hex'));
    }
  }
  const all = [...store.scanDigests()].map(
    ({ id, digest }) => [id, Buffer.from(digest).toString('hex')] as const,
  );
  assert.deepEqual(new Map([...found].sort(([a], [b]) => Number(a) - Number(b))), new Map(all));
});

test('the steps are of the state at their beginning, regardless of commits between them', async () => {
  const { store, put } = await filled();
  const bucket = bucketOf(pointIdToBytes(POINTS - 1));
  const before = joinAnswer('bucketPoints', [...bucketSteps(store, bucket)]);
  const parts = [];
  for (const part of bucketSteps(store, bucket)) {
    parts.push(part);
    put([POINTS - 1], 1 + parts.length);
  }
  assert.ok(parts.length > 2, 'there is time between the steps');
  assert.deepEqual(joinAnswer('bucketPoints', parts), before);
});
