import assert from 'node:assert/strict';
import test from 'node:test';
import { firstShards, type MetadataState } from '@tributary/metadata';
import type { ReplicaState } from '@tributary/model';
import {
  COLLECTION_DEFAULTS,
  type CollectionConfig,
  collectionId,
  type PeerId,
  peerId,
  sequence,
  shardId,
} from '@tributary/model';
import {
  activation,
  changeOfConfig,
  placedReplicas,
  recovery,
  retirement,
} from './placed-replicas.ts';

const SELF = peerId(1);
const OTHER = peerId(2);
const address = { collection: collectionId('c'), shard: shardId(0) };
const config: CollectionConfig = {
  ...COLLECTION_DEFAULTS,
  vectors: { '': { size: 4, distance: 'Dot' } },
  replicationFactor: 2,
};

function metadata(...replicas: [PeerId, ReplicaState][]): MetadataState {
  const shard = { id: shardId(0), replicas: new Map(replicas) };
  const created = { createdVectors: config, vectorNames: {}, ...firstShards([shard]) };
  const collection = { id: address.collection, name: 'name', config, ...created };
  return {
    sequence: sequence(1),
    peers: new Map(),
    removedPeers: new Set(),
    collections: new Map([['name', collection]]),
    featureLevel: 1,
    aliases: new Map(),
  };
}

test('only replicas placed on the peer are its own', () => {
  assert.deepEqual(placedReplicas(metadata([OTHER, 'Active']), SELF), []);
  const [placed] = placedReplicas(metadata([SELF, 'Initializing'], [OTHER, 'Active']), SELF);
  const state = 'Initializing';
  const created = { createdVectors: config, generation: 1 };
  assert.deepEqual(placed, { address, config, ...created, state, isOtherActive: true });
  const [alone] = placedReplicas(metadata([SELF, 'Active'], [OTHER, 'Dead']), SELF);
  assert.equal(alone?.isOtherActive, false);
});

test('a replica becomes Active from the states that wait for it, and from no other', () => {
  const from = (state: ReplicaState) => activation(metadata([SELF, state]), address, SELF);
  for (const state of ['Initializing', 'Dead', 'Recovery'] as const) {
    const change = { ...address, peer: SELF, from: state, to: 'Active' as const };
    assert.deepEqual(from(state), change);
  }
  for (const state of ['Active', 'Partial', 'Listener'] as const) {
    assert.equal(from(state), undefined);
  }
});

test('the last Active replica is never given up', () => {
  const alone = metadata([SELF, 'Active'], [OTHER, 'Dead']);
  assert.equal(retirement(alone, address, SELF), undefined);
  const change = { ...address, peer: SELF, from: 'Active' as const, to: 'Dead' as const };
  assert.deepEqual(
    retirement(metadata([SELF, 'Active'], [OTHER, 'Active']), address, SELF),
    change,
  );
});

test('an Active replica that is filled by replay gives way to another one that is Active', () => {
  const change = { ...address, peer: SELF, from: 'Active' as const, to: 'Recovery' as const };
  const due = (own: ReplicaState, other: ReplicaState) =>
    recovery(metadata([SELF, own], [OTHER, other]), address, SELF);
  assert.deepEqual(due('Active', 'Active'), change);
  assert.equal(due('Active', 'Recovery'), undefined);
  assert.equal(due('Initializing', 'Active'), undefined);
});

test('a replica that is filled again and halts on the way is declared Dead', () => {
  const change = { ...address, peer: SELF, from: 'Recovery' as const, to: 'Dead' as const };
  assert.deepEqual(retirement(metadata([SELF, 'Recovery']), address, SELF), change);
});

test('a replica is opened again for codes only, and takes up settings of graphs as it is', () => {
  assert.equal(changeOfConfig(config, { ...config, replicationFactor: 3 }), 'none');
  const hnsw = { ...config.hnsw, m: 32 };
  assert.equal(changeOfConfig(config, { ...config, hnsw }), 'configure');
  const optimizers = { ...config.optimizers, indexingThresholdKb: 0 };
  assert.equal(changeOfConfig(config, { ...config, optimizers }), 'configure');
  const ownHnsw = { '': { size: 4, distance: 'Dot' as const, hnsw: { m: 8 } } };
  assert.equal(changeOfConfig(config, { ...config, vectors: ownHnsw }), 'configure');
  const quantization = { scalar: { type: 'int8' } };
  assert.equal(changeOfConfig(config, { ...config, hnsw, quantization }), 'reopen');
  const ownCodes = { '': { size: 4, distance: 'Dot' as const, quantization } };
  assert.equal(changeOfConfig(config, { ...config, vectors: ownCodes }), 'reopen');
});

test('a vector that comes or goes is followed without opening the replica again', () => {
  const more = { ...config.vectors, late: { size: 2, distance: 'Dot' as const, hnsw: { m: 8 } } };
  assert.equal(changeOfConfig(config, { ...config, vectors: more }), 'none');
  assert.equal(changeOfConfig({ ...config, vectors: more }, config), 'none');
});
