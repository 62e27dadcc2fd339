import assert from 'node:assert/strict';
import test from 'node:test';
import {
  collectionId,
  NO_PAYLOAD,
  NO_STAMP,
  type PeerId,
  peerId,
  pointIdToBytes,
  sequence,
  shardId,
} from '@tributary/model';
import type { ReplicaClient } from '@tributary/replica-api';
import { SimulatedClock, silentLogger, TributaryError } from '@tributary/runtime';
import { bucketOf, type ReplicaStore } from '@tributary/storage';
import { MemoryReplicaStores } from '@tributary/storage/memory';
import type { ReplicaCall } from '@tributary/wire';
import type { ReplicaDifference } from './cut-comparison.ts';
import { DifferenceSearch } from './difference-search.ts';

const PEERS = [1, 2, 3].map(peerId);
const POINTS = 1_000;
const WAIT_MS = 1_000;

/** Three replicas with the same points, but for those of the third that are given. */
async function start(altered: readonly number[]) {
  const stores = new Map<PeerId, ReplicaStore>();
  for (const peer of PEERS) {
    const store = await new MemoryReplicaStores().open('a');
    const puts = Array.from({ length: POINTS }, (_, id) => {
      const isAltered = peer === 3 && altered.includes(id);
      const payload = isAltered ? Buffer.from('{"strayed":true}') : NO_PAYLOAD;
      return { id, version: sequence(1), stamp: NO_STAMP, payload, vectors: {} };
    });
    const applied = { appliedSequence: sequence(1), appliedCount: 1 };
    store.commit({ puts, deletes: [], ...applied, isCut: true });
    stores.set(peer, store);
  }
  const clock = new SimulatedClock();
  const silent = new Set<PeerId>();
  let bucketsAsked = 0;
  const clientOf = (peer: PeerId): ReplicaClient => ({
    call: async (_target, call) => {
      const store = stores.get(peer);
      if (store === undefined || silent.has(peer)) throw new TributaryError('unavailable', 'away');
      const asked: ReplicaCall = call;
      if (asked.kind === 'bucketSums') return store.bucketsAt(asked.cut) as never;
      assert.ok(asked.kind === 'bucketPoints');
      bucketsAsked++;
      const inBucket = (id: number) => bucketOf(pointIdToBytes(id)) === asked.bucket;
      const points = [...store.scanDigests()].filter(({ id }) => inBucket(Number(id)));
      return { appliedSequence: store.state.appliedSequence, points } as never;
    },
  });
  const search = new DifferenceSearch({
    directory: { at: clientOf },
    clock,
    logger: silentLogger,
  });
  const hashes = new Map([...stores].map(([peer, { state }]) => [peer, state.contentHash]));
  const at = { at: sequence(1), firstAt: sequence(1), equalAt: undefined };
  const where = { collection: collectionId('c'), shard: shardId(0) };
  const difference: ReplicaDifference = { ...where, ...at, hashes };
  return { search, clock, silent, difference, bucketsAsked: () => bucketsAsked };
}

test('the points that one replica of three has otherwise are named, from their buckets alone', async () => {
  const { search, difference, bucketsAsked } = await start([700, 3]);
  assert.equal(search.found(difference), undefined);
  await search.look([difference], WAIT_MS);
  assert.deepEqual(search.found(difference), { points: [3, 700], isCutShort: false });
  assert.equal(bucketsAsked(), 4, 'two buckets of two replicas');
  await search.look([difference], WAIT_MS);
  assert.equal(bucketsAsked(), 4, 'what is known is not looked up at every question');
});

test('where all differ a bounded part of them is named, and said to be one', async () => {
  const all = Array.from({ length: POINTS }, (_, id) => id);
  const { search, difference, bucketsAsked } = await start(all);
  await search.look([difference], WAIT_MS);
  const found = search.found(difference);
  assert.equal(found?.isCutShort, true);
  assert.ok(found.points.length > 0 && found.points.length <= 100);
  assert.ok(bucketsAsked() <= 16);
});

test('a replica that does not answer is asked again later, and a difference that is over is forgotten', async () => {
  const { search, clock, silent, difference } = await start([5]);
  const [one] = PEERS;
  assert.ok(one);
  silent.add(one);
  await search.look([difference], WAIT_MS);
  assert.equal(search.found(difference), undefined);
  silent.clear();
  await search.look([difference], WAIT_MS);
  assert.equal(search.found(difference), undefined, 'not at once');
  await clock.advance(10_000);
  await search.look([difference], WAIT_MS);
  assert.deepEqual(search.found(difference)?.points, [5]);
  await search.look([], WAIT_MS);
  assert.equal(search.found(difference), undefined);
});
