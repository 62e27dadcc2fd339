import assert from 'node:assert/strict';
import test from 'node:test';
import {
  EMPTY_METADATA,
  firstShards,
  type MetadataState,
  reduce,
  refusal,
} from '@tributary/metadata';
import type { ReplicaState } from '@tributary/model';
import { COLLECTION_DEFAULTS, collectionId, peerId, sequence, shardId } from '@tributary/model';
import fc from 'fast-check';
import { plan } from './plan.ts';

const PEERS = [1, 2, 3].map(peerId);
const STATES = ['Initializing', 'Active', 'Dead', 'Partial', 'Recovery', 'Listener'] as const;

function cluster(shards: readonly (readonly ReplicaState[])[], levels: readonly number[]) {
  const config = { ...COLLECTION_DEFAULTS, vectors: {} };
  const placed = shards.map((states, index) => ({
    id: shardId(index),
    replicas: new Map(
      states.flatMap((state, i) => (PEERS[i] === undefined ? [] : [[PEERS[i], state] as const])),
    ),
  }));
  const id = collectionId('c');
  const created = { createdVectors: config, vectorNames: {}, ...firstShards(placed) };
  const collections = new Map([['c', { id, name: 'c', config, ...created }]]);
  const peers = new Map(
    PEERS.map((peer, i) => {
      const featureLevel = levels[i] ?? 1;
      const address = { uri: `http://p${peer}:1`, version: '1' };
      return [peer, { id: peer, ...address, featureLevel, state: 'normal' }] as const;
    }),
  );
  return { ...EMPTY_METADATA, featureLevel: 1, peers, collections };
}

function activeOf(state: MetadataState): number[] {
  const shards = [...(state.collections.get('c')?.shards.values() ?? [])];
  return shards.map(({ replicas }) => {
    return [...replicas.values()].filter((replica) => replica === 'Active').length;
  });
}

const world = fc.record({
  shards: fc.array(
    fc.array(fc.constantFrom<ReplicaState>(...STATES), { minLength: 1, maxLength: 3 }),
    { maxLength: 8 },
  ),
  levels: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 3, maxLength: 3 }),
  silent: fc.subarray(PEERS),
  featureLevel: fc.integer({ min: 1, max: 4 }),
});

test('the feature level is not raised above what a peer reports, though it had joined with more', () => {
  const state = cluster([], [3, 3, 3]);
  const planned = (levels: ReadonlyMap<(typeof PEERS)[number], number>) =>
    plan(state, { silent: [], featureLevel: 3, levels });
  const [one, two] = PEERS;
  assert.ok(one && two);
  const raised = (level: number) => ({ kind: 'featureLevelRaised', level });
  assert.deepEqual(planned(new Map()), raised(3), 'who has not reported is as it joined');
  assert.deepEqual(planned(new Map([[one, 3]])), raised(3));
  assert.deepEqual(planned(new Map([[two, 2]])), raised(2));
  assert.equal(planned(new Map([[two, 1]])), undefined);
});

test('a plan ends, each event of it is taken, and no shard loses its last Active replica', () => {
  fc.assert(
    fc.property(world, ({ shards, levels, silent, featureLevel }) => {
      let state: MetadataState = cluster(shards, levels);
      const seen = { silent, featureLevel };
      const before = activeOf(state);
      let events = 0;
      for (let event = plan(state, seen); event !== undefined; event = plan(state, seen)) {
        assert.equal(refusal(state, event), undefined);
        events++;
        assert.ok(events <= 2, 'one event of deaths, one of the feature level');
        state = reduce(state, event, sequence(events));
      }
      for (const [i, active] of activeOf(state).entries()) {
        if ((before[i] ?? 0) > 0) assert.ok(active > 0);
      }
      const isRaised = Math.min(featureLevel, ...levels) > 1;
      assert.equal(state.featureLevel > 1, isRaised);
    }),
  );
});

test('deaths go before anything else', () => {
  const state = cluster([['Active', 'Active']], [2, 2, 2]);
  const event = plan(state, { silent: [peerId(1)], featureLevel: 2 });
  assert.equal(event?.kind, 'replicaStatesChanged');
  assert.equal(plan(state, { silent: [], featureLevel: 2 })?.kind, 'featureLevelRaised');
  assert.equal(plan(state, { silent: [], featureLevel: 1 }), undefined);
});
