// Changes of the states of replicas, several in one event.
//
// Invariant: each change is judged by the state that those before it leave; the last Active replica of a shard stays
// Active. What an event does not name is shared with the state before, and what it names is copied once, however many
// of its changes there are: an event of thousands is folded in milliseconds.

import type { CollectionId, PeerId, ReplicaState, ShardId } from '@tributary/model';
import { REPLICA_CHANGES_MAX, type ReplicaStateChange } from './metadata-event.ts';
import {
  type CollectionState,
  findCollection,
  type MetadataState,
  type ShardState,
  unknownCollection,
} from './metadata-state.ts';

/**
 * The states a replica may change to, by the state it is in:
 *
 *   Initializing ──► Active | Dead
 *   Active       ──► Dead | Recovery | Listener
 *   Dead         ──► Active | Recovery | Partial
 *   Recovery     ──► Active | Partial | Dead
 *   Partial      ──► Active | Dead        being filled by a transfer
 *   Listener     ──► Active | Dead        follows the log and answers no reads
 */
export const REPLICA_TRANSITIONS: Readonly<Record<ReplicaState, readonly ReplicaState[]>> = {
  Initializing: ['Active', 'Dead'],
  Active: ['Dead', 'Recovery', 'Listener'],
  Dead: ['Active', 'Recovery', 'Partial'],
  Partial: ['Active', 'Dead'],
  Recovery: ['Active', 'Partial', 'Dead'],
  Listener: ['Active', 'Dead'],
};

export type ReplicaChangesOutcome =
  | { readonly kind: 'changed'; readonly collections: MetadataState['collections'] }
  /** Why, as a sentence for the user. */
  | { readonly kind: 'refused'; readonly message: string };

/** A collection that is being changed. */
interface Draft {
  readonly collection: CollectionState;
  readonly shards: Map<ShardId, ShardState>;
}

/** All of the changes in their order, or none. */
export function changeReplicas(
  state: MetadataState,
  changes: readonly ReplicaStateChange[],
): ReplicaChangesOutcome {
  if (changes.length === 0 || changes.length > REPLICA_CHANGES_MAX) {
    const message = `An event changes 1 to ${REPLICA_CHANGES_MAX} replicas, not ${changes.length}`;
    return { kind: 'refused', message };
  }
  const drafts = new Map<CollectionId, Draft>();
  for (const change of changes) {
    const draft = drafts.get(change.collection) ?? draftOf(state, change.collection);
    if (draft === undefined) {
      return { kind: 'refused', message: unknownCollection(change.collection) };
    }
    drafts.set(change.collection, draft);
    const changed = changedShard(draft, change);
    if (typeof changed === 'string') return { kind: 'refused', message: changed };
    draft.shards.set(changed.id, changed);
  }
  const collections = new Map(state.collections);
  for (const { collection, shards } of drafts.values()) {
    collections.set(collection.name, { ...collection, shards });
  }
  return { kind: 'changed', collections };
}

/** Whether the peer's replica is Active and no other of the shard is. */
export function isLastActive({ replicas }: ShardState, peer: PeerId): boolean {
  if (replicas.get(peer) !== 'Active') return false;
  for (const [other, state] of replicas) {
    if (other !== peer && state === 'Active') return false;
  }
  return true;
}

/** With the peer's replica in another state; whether it may change so is not looked at. */
export function changeReplica(shard: ShardState, peer: PeerId, to: ReplicaState): ShardState {
  return { ...shard, replicas: new Map(shard.replicas).set(peer, to) };
}

function draftOf(state: MetadataState, id: CollectionId): Draft | undefined {
  const collection = findCollection(state, id);
  return collection && { collection, shards: new Map(collection.shards) };
}

/** The shard after the change, or why it cannot change so. */
function changedShard(
  { collection, shards }: Draft,
  { shard: id, peer, from, to }: ReplicaStateChange,
): ShardState | string {
  const { name } = collection;
  const shard = shards.get(id);
  if (shard === undefined) return `Shard ${id} of ${name} does not exist`;
  const current = shard.replicas.get(peer);
  const replica = `Replica of ${name}:${id} on peer ${peer}`;
  if (current === undefined) return `${replica} does not exist`;
  if (current !== from) return `${replica} is ${current}, not ${from}`;
  if (!REPLICA_TRANSITIONS[from].includes(to)) return `${replica} cannot go from ${from} to ${to}`;
  if (isLastActive(shard, peer)) return `${replica} is the last Active one of its shard`;
  return changeReplica(shard, peer, to);
}
