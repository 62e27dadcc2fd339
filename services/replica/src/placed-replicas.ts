// What the metadata places on a peer, and the changes of state that are due in it. Pure.

import { isDeepStrictEqual } from 'node:util';
import {
  findShard,
  isLastActive,
  type MetadataState,
  type ReplicaStateChange,
  type ShardState,
} from '@tributary/metadata';
import type { CollectionConfig, CollectionVectors, PeerId, ReplicaState } from '@tributary/model';
import type { ReplicaAddress } from '@tributary/wire';

export interface PlacedReplica {
  readonly address: ReplicaAddress;
  readonly config: CollectionConfig;
  readonly createdVectors: CollectionVectors;
  /** Of the subjects that its entries come on. */
  readonly generation: number;
  readonly state: ReplicaState;
  /** The replica of another peer is Active. */
  readonly isOtherActive: boolean;
}

/** The replicas that the metadata places on the peer. */
export function placedReplicas(metadata: MetadataState, peer: PeerId): PlacedReplica[] {
  const placed: PlacedReplica[] = [];
  for (const { id, config, createdVectors, shards, shardMap } of metadata.collections.values()) {
    for (const shard of shards.values()) {
      const state = shard.replicas.get(peer);
      if (state === undefined) continue;
      const address = { collection: id, shard: shard.id };
      const { generation } = shardMap;
      const isOtherActive = [...shard.replicas].some(
        ([other, its]) => other !== peer && its === 'Active',
      );
      placed.push({ address, config, createdVectors, generation, state, isOtherActive });
    }
  }
  return placed;
}

/** Whether a replica in this state becomes Active once it has caught up. */
export function awaitsActivation(state: ReplicaState): boolean {
  return state === 'Initializing' || state === 'Dead' || state === 'Recovery';
}

/** The change that makes the peer's replica Active; undefined where it need not or must not be. */
export function activation(
  metadata: MetadataState,
  address: ReplicaAddress,
  peer: PeerId,
): ReplicaStateChange | undefined {
  const from = replicaState(metadata, address, peer);
  if (from === undefined || !awaitsActivation(from)) return undefined;
  return { ...address, peer, from, to: 'Active' };
}

/**
 * The change that declares the peer's halted replica Dead; undefined where it need not be, or is the last Active one.
 */
export function retirement(
  metadata: MetadataState,
  address: ReplicaAddress,
  peer: PeerId,
): ReplicaStateChange | undefined {
  const from = replicaState(metadata, address, peer);
  if (from === 'Recovery') return { ...address, peer, from, to: 'Dead' };
  return giveUp(metadata, address, peer, 'Dead');
}

/**
 * The change that says that the peer's replica, though Active, has lost what it held and is filled by replay; undefined
 * where it is not Active, or the last one that is.
 */
export function recovery(
  metadata: MetadataState,
  address: ReplicaAddress,
  peer: PeerId,
): ReplicaStateChange | undefined {
  return giveUp(metadata, address, peer, 'Recovery');
}

function giveUp(
  metadata: MetadataState,
  address: ReplicaAddress,
  peer: PeerId,
  to: ReplicaState,
): ReplicaStateChange | undefined {
  const shard = shardAt(metadata, address);
  const from = shard?.replicas.get(peer);
  if (shard === undefined || from !== 'Active' || isLastActive(shard, peer)) return undefined;
  return { ...address, peer, from, to };
}

/**
 * What a change of configuration asks of an open replica: codes of vectors are made by opening it again, graphs follow
 * their settings meanwhile. Names of vectors that come and go ask for nothing: the replica follows them as the log has
 * them.
 */
export function changeOfConfig(
  before: CollectionConfig,
  after: CollectionConfig,
): 'none' | 'configure' | 'reopen' {
  if (before === after) return 'none';
  const names = Object.keys(before.vectors).filter((name) => Object.hasOwn(after.vectors, name));
  const codes = ({ vectors, quantization }: CollectionConfig) => [
    quantization,
    names.map((name) => vectors[name]?.quantization),
  ];
  if (!isDeepStrictEqual(codes(before), codes(after))) return 'reopen';
  const graphs = ({ vectors, hnsw, optimizers }: CollectionConfig) => [
    hnsw,
    optimizers,
    names.map((name) => vectors[name]?.hnsw),
  ];
  return isDeepStrictEqual(graphs(before), graphs(after)) ? 'none' : 'configure';
}

/** The state of the peer's replica; undefined where it has none. */
export function replicaState(
  metadata: MetadataState,
  address: ReplicaAddress,
  peer: PeerId,
): ReplicaState | undefined {
  return shardAt(metadata, address)?.replicas.get(peer);
}

/** Whether no other peer has a replica of the shard. */
export function isOnlyReplica(metadata: MetadataState, address: ReplicaAddress): boolean {
  return shardAt(metadata, address)?.replicas.size === 1;
}

function shardAt(metadata: MetadataState, address: ReplicaAddress): ShardState | undefined {
  return findShard(metadata, address.collection, address.shard);
}
