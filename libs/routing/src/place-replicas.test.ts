import assert from 'node:assert/strict';
import test from 'node:test';
import type { PlacedShard } from '@tributary/metadata';
import { peerId, shardId } from '@tributary/model';
import fc from 'fast-check';
import { placeReplicas } from './place-replicas.ts';

const inputs = fc.record({
  peers: fc.uniqueArray(fc.integer({ min: 1, max: 1000 }).map(peerId), {
    minLength: 1,
    maxLength: 12,
  }),
  shards: fc.uniqueArray(fc.nat(99).map(shardId), { minLength: 1, maxLength: 40 }),
  replicationFactor: fc.integer({ min: 1, max: 6 }),
});

function peersOf(placed: readonly PlacedShard[]) {
  return placed.flatMap(({ peers }) => peers);
}

test('each shard has its replicas at as many different peers as there are, up to the factor', () => {
  fc.assert(
    fc.property(inputs, ({ peers, shards, replicationFactor }) => {
      const placement = placeReplicas(peers, shards, replicationFactor, new Map());
      assert.deepEqual(
        placement.map(({ id }) => id),
        shards,
      );
      for (const { peers: replicas } of placement) {
        assert.equal(replicas.length, Math.min(replicationFactor, peers.length));
        assert.equal(new Set(replicas).size, replicas.length);
        assert.ok(replicas.every((peer) => peers.includes(peer)));
      }
    }),
  );
});

test('no peer gets more than one replica more than another', () => {
  fc.assert(
    fc.property(inputs, ({ peers, shards, replicationFactor }) => {
      const counts = new Map(peers.map((peer) => [peer, 0]));
      for (const peer of peersOf(placeReplicas(peers, shards, replicationFactor, new Map()))) {
        counts.set(peer, (counts.get(peer) ?? 0) + 1);
      }
      const numbers = [...counts.values()];
      assert.ok(Math.max(...numbers) - Math.min(...numbers) <= 1, numbers.join());
    }),
  );
});

test('a new peer gets the replicas until it has as many as the others', () => {
  const shards = [0, 1, 2, 3].map(shardId);
  const [full, empty] = [peerId(1), peerId(2)];
  const placement = placeReplicas([full, empty], shards, 1, new Map([[full, 4]]));
  assert.deepEqual(peersOf(placement), [empty, empty, empty, empty]);
});
