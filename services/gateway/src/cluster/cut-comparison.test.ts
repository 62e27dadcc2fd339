import assert from 'node:assert/strict';
import test from 'node:test';
import { collectionId, peerId, sequence, shardId } from '@tributary/model';
import { CutComparison } from './cut-comparison.ts';

const COLLECTION = collectionId('c');
const SHARD = shardId(0);

function reported(comparison: CutComparison, peer: number, at: number, hash: string): void {
  const cut = { sequence: sequence(at), contentHash: hash };
  const replica = { collection: COLLECTION, shard: SHARD, appliedSequence: sequence(at), cut };
  comparison.take({ peer: peerId(peer), replicas: [replica] });
}

test('replicas that are equal at every cut they share differ nowhere', () => {
  const comparison = new CutComparison();
  for (const peer of [1, 2, 3])
    for (const at of [5, 9]) reported(comparison, peer, at, `hash ${at}`);
  reported(comparison, 1, 12, 'only one has come here');
  assert.deepEqual(comparison.differences(), []);
});

test('a difference names the cuts between which it arose, and who has what', () => {
  const comparison = new CutComparison();
  for (const peer of [1, 2, 3])
    for (const at of [5, 9]) reported(comparison, peer, at, `hash ${at}`);
  reported(comparison, 1, 14, 'a');
  reported(comparison, 2, 14, 'b');
  reported(comparison, 3, 14, 'a');
  const hashes = new Map([
    [peerId(1), 'a'],
    [peerId(2), 'b'],
    [peerId(3), 'a'],
  ]);
  assert.deepEqual(comparison.differences(), [
    { collection: COLLECTION, shard: SHARD, at: 14, equalAt: 9, hashes },
  ]);
});

test('a difference lasts until a later cut has all equal, or the replica is gone', () => {
  const differing = () => {
    const comparison = new CutComparison();
    reported(comparison, 1, 5, 'a');
    reported(comparison, 2, 5, 'b');
    assert.equal(comparison.differences()[0]?.equalAt, undefined);
    return comparison;
  };
  const rebuilt = differing();
  for (const peer of [1, 2]) reported(rebuilt, peer, 8, 'c');
  assert.deepEqual(rebuilt.differences(), []);
  const dropped = differing();
  dropped.retain((_collection, _shard, peer) => peer === 1);
  assert.deepEqual(dropped.differences(), []);
});

test('the newest cuts are compared, however many there were', () => {
  const comparison = new CutComparison();
  for (let at = 1; at <= 1_000; at++) {
    for (const peer of [1, 2]) reported(comparison, peer, at, at === 1_000 ? `${peer}` : 'same');
  }
  assert.equal(comparison.differences()[0]?.equalAt, 999);
});
