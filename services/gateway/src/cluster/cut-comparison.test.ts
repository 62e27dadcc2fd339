import assert from 'node:assert/strict';
import test from 'node:test';
import { EMPTY_METADATA, firstShards } from '@tributary/metadata';
import { collectionId, peerId, sequence, shardId } from '@tributary/model';
import { memoryCollection } from '../testing/memory-collection.ts';
import { MemoryReports } from '../testing/memory-reports.ts';
import { CutComparison, describeDifference } from './cut-comparison.ts';

const COLLECTION = collectionId('c');
const SHARD = shardId(0);

function setUp() {
  const reports = new MemoryReports();
  const comparison = new CutComparison(reports);
  const reported = (peer: number, at: number, hash: string) => {
    const cut = { sequence: sequence(at), contentHash: hash };
    const replica = { collection: COLLECTION, shard: SHARD, appliedSequence: sequence(at), cut };
    reports.publish({ peer: peerId(peer), replicas: [replica] });
  };
  return { comparison, reported };
}

test('replicas that are equal at every cut they share differ nowhere', () => {
  const { comparison, reported } = setUp();
  for (const peer of [1, 2, 3]) for (const at of [5, 9]) reported(peer, at, `hash ${at}`);
  reported(1, 12, 'only one has come here');
  assert.deepEqual(comparison.differences(), []);
});

test('a difference names the cuts between which it arose, and who has what', () => {
  const { comparison, reported } = setUp();
  for (const peer of [1, 2, 3]) for (const at of [5, 9]) reported(peer, at, `hash ${at}`);
  reported(1, 14, 'a');
  reported(2, 14, 'b');
  reported(3, 14, 'a');
  const hashes = new Map([
    [peerId(1), 'a'],
    [peerId(2), 'b'],
    [peerId(3), 'a'],
  ]);
  assert.deepEqual(comparison.differences(), [
    { collection: COLLECTION, shard: SHARD, at: 14, firstAt: 14, equalAt: 9, hashes },
  ]);
});

test('the cuts between which a difference arose are known however long it lasts', () => {
  const { comparison, reported } = setUp();
  for (let at = 1; at <= 1_000; at++) {
    for (const peer of [1, 2]) reported(peer, at, at > 40 ? `${peer}` : 'same');
  }
  const [difference] = comparison.differences();
  assert.ok(difference !== undefined);
  assert.deepEqual([difference.equalAt, difference.firstAt, difference.at], [40, 41, 1_000]);
  assert.match(
    describeDifference(difference),
    /at sequence 1000 .*equal at 40, different since 41/,
  );
});

test('a difference lasts until a later cut has all equal, or the replica is gone', () => {
  const differing = () => {
    const { comparison, reported } = setUp();
    reported(1, 5, 'a');
    reported(2, 5, 'b');
    assert.equal(comparison.differences()[0]?.equalAt, undefined);
    return { comparison, reported };
  };
  const rebuilt = differing();
  for (const peer of [1, 2]) rebuilt.reported(peer, 8, 'c');
  assert.deepEqual(rebuilt.comparison.differences(), []);
  const dropped = differing();
  const replicas = new Map([[peerId(1), 'Active' as const]]);
  const collection = { ...memoryCollection('c'), ...firstShards([{ id: SHARD, replicas }]) };
  dropped.comparison.retain({ ...EMPTY_METADATA, collections: new Map([['c', collection]]) });
  assert.deepEqual(dropped.comparison.differences(), []);
});

test('the newest cuts are compared, however many there were', () => {
  const { comparison, reported } = setUp();
  for (let at = 1; at <= 1_000; at++) {
    for (const peer of [1, 2]) reported(peer, at, at === 1_000 ? `${peer}` : 'same');
  }
  assert.equal(comparison.differences()[0]?.equalAt, 999);
});
