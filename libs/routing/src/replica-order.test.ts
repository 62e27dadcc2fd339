import assert from 'node:assert/strict';
import test from 'node:test';
import type { ReplicaState } from '@tributary/model';
import { type PeerId, peerId, shardId } from '@tributary/model';
import { orderReplicas } from './replica-order.ts';

const [one, two, three, four] = [peerId(1), peerId(2), peerId(3), peerId(4)];

function shard(...replicas: [PeerId, ReplicaState][]) {
  return { id: shardId(0), replicas: new Map(replicas) };
}

test('only Active replicas are asked', () => {
  const order = orderReplicas(
    shard([one, 'Dead'], [two, 'Active'], [three, 'Initializing'], [four, 'Listener']),
    { self: one, isReachable: () => true, tieBreak: 0 },
  );
  assert.deepEqual(order, [two]);
});

test('the own replica comes first, one at a peer out of reach last', () => {
  const all = shard([one, 'Active'], [two, 'Active'], [three, 'Active'], [four, 'Active']);
  for (const tieBreak of [0, 1, 2, 3, 4]) {
    const order = orderReplicas(all, {
      self: three,
      isReachable: (peer) => peer !== two,
      tieBreak,
    });
    assert.equal(order[0], three);
    assert.equal(order[3], two);
    assert.deepEqual([...order].sort(), [one, two, three, four]);
  }
});

test('counting the tie-break up asks each of the others first in turn', () => {
  const all = shard([one, 'Active'], [two, 'Active'], [three, 'Active']);
  const first = [0, 1, 2, 3, 4, 5].map(
    (tieBreak) => orderReplicas(all, { self: four, isReachable: () => true, tieBreak })[0],
  );
  assert.deepEqual(first, [one, two, three, one, two, three]);
});
