import assert from 'node:assert/strict';
import test from 'node:test';
import { EMPTY_METADATA, firstShards } from '@tributary/metadata';
import { COLLECTION_DEFAULTS, collectionId, peerId, sequence, shardId } from '@tributary/model';
import { collectionFamilies } from './collection-metrics.ts';

const [A, B, C] = [1, 2, 3].map(peerId);

test('a replica that lacks nothing of its shard is not behind, however far the others have moved on', () => {
  assert.ok(A && B && C);
  const id = collectionId('c');
  const shard = shardId(0);
  const replicas = new Map([A, B, C].map((peer) => [peer, 'Active' as const]));
  const config = { ...COLLECTION_DEFAULTS, vectors: {} };
  const created = {
    createdVectors: config,
    vectorNames: {},
    ...firstShards([{ id: shard, replicas }]),
  };
  const collections = new Map([['c', { id, name: 'c', config, ...created }]]);
  const applied = { collection: id, shard };
  const reported = new Map([
    [A, { ...applied, appliedSequence: sequence(1_000), durableSequence: sequence(990) }],
    [B, { ...applied, appliedSequence: sequence(400), coveredSequence: sequence(1_001) }],
    [C, { ...applied, appliedSequence: sequence(400), coveredSequence: sequence(700) }],
  ]);
  const families = collectionFamilies({
    state: { ...EMPTY_METADATA, collections },
    local: [],
    differences: [],
    reported: (_collection, _shard, peer) => reported.get(peer),
    shown: (name) => name,
  });
  const of = (name: string) => {
    const samples = families.find((family) => family.name === name)?.samples ?? [];
    return samples.map(({ labels, value }) => [labels?.peer, value]);
  };
  assert.deepEqual(of('tributary_replica_lag_sequences'), [
    [A, 0],
    [B, 0],
    [C, 300],
  ]);
  assert.deepEqual(of('tributary_replica_durable_sequence'), [[A, 990]]);
});
