import assert from 'node:assert/strict';
import test from 'node:test';
import {
  EMPTY_METADATA,
  firstShards,
  type MetadataState,
  REPLICA_CHANGES_MAX,
  reduce,
  refusal,
  type ShardState,
} from '@tributary/metadata';
import type { ReplicaState } from '@tributary/model';
import {
  COLLECTION_DEFAULTS,
  type CollectionConfig,
  collectionId,
  peerId,
  type ShardId,
  sequence,
  shardId,
} from '@tributary/model';
import fc from 'fast-check';
import { deaths } from './deaths.ts';

const PEERS = [1, 2, 3, 4].map(peerId);
const STATES: readonly ReplicaState[] = ['Initializing', 'Active', 'Dead', 'Partial', 'Recovery'];

const config: CollectionConfig = {
  ...COLLECTION_DEFAULTS,
  vectors: { '': { size: 4, distance: 'Dot' } },
};

/** A cluster with one collection whose shards have these replica states, one list a shard in the order of PEERS. */
function cluster(shards: readonly (readonly ReplicaState[])[]): MetadataState {
  const id = collectionId('c');
  const collection = {
    id,
    name: 'c',
    config: { ...config, shardNumber: shards.length },
    createdVectors: { vectors: {} },
    vectorNames: {},
    ...firstShards(
      shards.map((states, index) => ({
        id: shardId(index),
        replicas: new Map(states.map((state, i) => [PEERS[i] ?? peerId(99), state])),
      })),
    ),
  };
  return { ...EMPTY_METADATA, collections: new Map([['c', collection]]) };
}

const clusters = fc
  .array(fc.array(fc.constantFrom(...STATES), { minLength: 1, maxLength: PEERS.length }), {
    minLength: 1,
    maxLength: 4,
  })
  .map(cluster);
const silences = fc.subarray([...PEERS]);

function declareAll(state: MetadataState, silent: readonly (typeof PEERS)[number][]) {
  const event = deaths(state, silent);
  if (event === undefined) return state;
  assert.equal(refusal(state, event), undefined);
  const after = reduce(state, event, sequence(state.sequence + 1));
  assert.equal(deaths(after, silent), undefined, 'one event declares all');
  return after;
}

function shardsOf(state: MetadataState) {
  return state.collections.get('c')?.shards ?? new Map<ShardId, ShardState>();
}

test('the metadata accepts every death, and a shard with an Active replica keeps one', () => {
  fc.assert(
    fc.property(clusters, silences, (state, silent) => {
      const after = shardsOf(declareAll(state, silent));
      for (const [id, { replicas }] of shardsOf(state)) {
        const had = [...replicas.values()].includes('Active');
        assert.equal([...(after.get(id)?.replicas.values() ?? [])].includes('Active'), had);
      }
    }),
  );
});

test('in the end a silent peer has no Active replica but the last of a shard, and the others are untouched', () => {
  fc.assert(
    fc.property(clusters, silences, (state, silent) => {
      const after = shardsOf(declareAll(state, silent));
      for (const [id, { replicas }] of shardsOf(state)) {
        const now = after.get(id)?.replicas ?? new Map();
        const active = [...now].filter(([, replica]) => replica === 'Active');
        for (const [peer, replica] of now) {
          if (!silent.includes(peer)) assert.equal(replica, replicas.get(peer));
          else if (replica === 'Active') assert.equal(active.length, 1);
          else assert.notEqual(replica, 'Initializing');
        }
      }
    }),
  );
});

test('nothing is declared where no peer is silent', () => {
  assert.equal(deaths(cluster([['Active', 'Active', 'Active']]), []), undefined);
});

test('the deaths of more replicas than an event may change are several events', () => {
  const state = cluster(Array.from({ length: 2_100 }, () => ['Active', 'Active'] as const));
  const [silent] = PEERS;
  assert.ok(silent !== undefined);
  const first = deaths(state, [silent]);
  assert.ok(first?.kind === 'replicaStatesChanged' && first.changes.length === REPLICA_CHANGES_MAX);
  assert.equal(refusal(state, first), undefined);
  const rest = deaths(reduce(state, first, sequence(1)), [silent]);
  assert.ok(rest?.kind === 'replicaStatesChanged' && rest.changes.length === 100);
});
