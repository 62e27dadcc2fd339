// The pure fold of META. Every peer folds the same events in the same order, so every peer has the same state.
//
// Invariants: a refused event changes nothing and is never appended; the last Active replica of a shard stays Active;
// an alias points at a collection that is there; parts an event does not touch are shared with the state before.

import { type CollectionId, collectionNameProblem, type Sequence, shardId } from '@tributary/model';
import { assert, unreachable } from '@tributary/runtime';
import { changeAliases } from './aliases.ts';
import { refuseKind, refuseRaise } from './feature-level.ts';
import type { MetadataEvent } from './metadata-event.ts';
import {
  type CollectionState,
  findCollection,
  type MetadataState,
  unknownCollection,
} from './metadata-state.ts';
import {
  changePeerState,
  joinPeer,
  refusePeerJoined,
  refusePeerRemoved,
  refusePeerStateChanged,
  removePeer,
} from './peers.ts';
import { changeReplicas } from './replica-changes.ts';
import { firstShards, newShard, refusePlacedShards } from './shards.ts';
import {
  createdVectorsOf,
  createVector,
  deleteVector,
  logVectorName,
  refuseVectorCount,
  refuseVectorCreated,
  refuseVectorDeleted,
} from './vector-names.ts';

const FIRST_SHARD = shardId(0);

type EventOf<K extends MetadataEvent['kind']> = Extract<MetadataEvent, { kind: K }>;

/** Why the event makes no sense in this state, as a sentence for the user; undefined where it does. */
export function refusal(state: MetadataState, event: MetadataEvent): string | undefined {
  const early = refuseKind(state, event.kind);
  if (early !== undefined) return early;
  switch (event.kind) {
    case 'clusterFounded':
      return state.sequence === 0 ? undefined : 'A cluster is founded by its first event only';
    case 'featureLevelRaised':
      return refuseRaise(state, event.level);
    case 'peerJoined':
      return refusePeerJoined(state, event);
    case 'peerStateChanged':
      return refusePeerStateChanged(state, event);
    case 'peerRemoved':
      return refusePeerRemoved(state, event);
    case 'collectionCreated':
      return refuseCollectionCreated(state, event);
    case 'collectionUpdated':
      return refuseCollectionUpdated(state, event);
    case 'collectionDeleted':
    case 'vectorNameLogged':
      return refuseIn(state, event.id, () => undefined);
    case 'vectorNameCreated':
      return refuseIn(state, event.id, (found) => refuseVectorCreated(found, event.name));
    case 'vectorNameDeleted':
      return refuseIn(state, event.id, (found) => refuseVectorDeleted(found, event.name));
    case 'replicaStatesChanged': {
      const outcome = changeReplicas(state, event.changes);
      return outcome.kind === 'refused' ? outcome.message : undefined;
    }
    case 'quotasSet':
      return undefined;
    case 'aliasesChanged': {
      const outcome = changeAliases(state, event.actions);
      return outcome.kind === 'refused' ? outcome.refusal.message : undefined;
    }
    default:
      return unreachable(event);
  }
}

/** The state after the event. The caller has asked `refusal`; a refused event or an old sequence is a bug. */
export function reduce(
  state: MetadataState,
  event: MetadataEvent,
  sequence: Sequence,
): MetadataState {
  assert(sequence > state.sequence, `event ${sequence} comes after ${state.sequence}`);
  const refused = refusal(state, event);
  assert(refused === undefined, `event ${sequence} is one the log accepts: ${refused}`);
  return { ...apply(state, event, sequence), sequence };
}

function apply(state: MetadataState, event: MetadataEvent, at: Sequence): MetadataState {
  switch (event.kind) {
    case 'clusterFounded':
      return { ...state, clusterId: event.clusterId };
    case 'featureLevelRaised':
      return { ...state, featureLevel: event.level };
    case 'peerJoined':
      return joinPeer(state, event);
    case 'peerStateChanged':
      return changePeerState(state, event);
    case 'peerRemoved':
      return removePeer(state, event);
    case 'collectionCreated':
      return withCollection(state, createdCollection(event));
    case 'collectionUpdated':
      return changeIn(state, event.id, (found) => ({ ...found, config: event.config }));
    case 'collectionDeleted':
      return deleteCollection(state, event.id);
    case 'vectorNameCreated':
      return changeIn(state, event.id, (found) =>
        createVector(found, event.name, event.vector, at),
      );
    case 'vectorNameDeleted':
      return changeIn(state, event.id, (found) => deleteVector(found, event.name, at));
    case 'vectorNameLogged':
      return changeIn(state, event.id, (found) => logVectorName(found, event.name, event.revision));
    case 'replicaStatesChanged': {
      const outcome = changeReplicas(state, event.changes);
      assert(outcome.kind === 'changed', 'an accepted event changes the replicas');
      return { ...state, collections: outcome.collections };
    }
    case 'quotasSet':
      return { ...state, quotas: event.quotas };
    case 'aliasesChanged': {
      const outcome = changeAliases(state, event.actions);
      assert(outcome.kind === 'changed', 'an accepted event changes the aliases');
      return { ...state, aliases: outcome.aliases };
    }
    default:
      return unreachable(event);
  }
}

function refuseIn(
  state: MetadataState,
  id: CollectionId,
  refuse: (collection: CollectionState) => string | undefined,
): string | undefined {
  const collection = findCollection(state, id);
  return collection === undefined ? unknownCollection(id) : refuse(collection);
}

function changeIn(
  state: MetadataState,
  id: CollectionId,
  change: (collection: CollectionState) => CollectionState,
): MetadataState {
  const collection = findCollection(state, id);
  assert(collection, 'an accepted event names a collection that is there');
  return withCollection(state, change(collection));
}

function refuseCollectionCreated(
  state: MetadataState,
  { id, name, config, shards }: EventOf<'collectionCreated'>,
): string | undefined {
  const problem = collectionNameProblem(name);
  if (problem !== undefined) return `Collection name ${problem}`;
  if (state.collections.has(name)) return `Collection \`${name}\` already exists!`;
  if (state.aliases.has(name)) {
    return `Can't create collection with name ${name}. Alias with the same name already exists`;
  }
  if (findCollection(state, id) !== undefined) return `Collection id ${id} is taken`;
  const twice = Object.keys(config.sparseVectors ?? {}).find((each) =>
    Object.hasOwn(config.vectors, each),
  );
  if (twice !== undefined) return `Vector '${twice}' is both dense and sparse`;
  const tooMany = refuseVectorCount(config);
  if (tooMany !== undefined) return tooMany;
  if (shards.length !== config.shardNumber) {
    return `Placement has ${shards.length} shards, the collection ${config.shardNumber}`;
  }
  return refusePlacedShards(state, FIRST_SHARD, shards);
}

function refuseCollectionUpdated(
  state: MetadataState,
  { id, config }: EventOf<'collectionUpdated'>,
): string | undefined {
  const collection = findCollection(state, id);
  if (collection === undefined) return unknownCollection(id);
  const old = collection.config;
  if (config.shardNumber !== old.shardNumber) return 'The number of shards cannot be changed';
  if (config.tombstones !== old.tombstones) {
    return 'Whether deletes leave tombstones cannot be changed';
  }
  const names = new Set([...Object.keys(old.vectors), ...Object.keys(config.vectors)]);
  for (const name of names) {
    const [before, after] = [old.vectors[name], config.vectors[name]];
    if (before?.size !== after?.size || before?.distance !== after?.distance) {
      return `Size and distance of vector '${name}' cannot be changed`;
    }
    if ((before?.multivector === undefined) !== (after?.multivector === undefined)) {
      return `Vector '${name}' cannot be changed from one vector a point to several`;
    }
  }
  const sparse = new Set(Object.keys(old.sparseVectors ?? {}));
  if (sparse.symmetricDifference(new Set(Object.keys(config.sparseVectors ?? {}))).size > 0) {
    return 'The names of sparse vectors cannot be changed';
  }
  return undefined;
}

function createdCollection(event: EventOf<'collectionCreated'>): CollectionState {
  const { id, name, config, shards, createdAtMs } = event;
  return {
    id,
    name,
    config,
    ...(createdAtMs !== undefined && { createdAtMs }),
    createdVectors: createdVectorsOf(config),
    vectorNames: {},
    ...firstShards(shards.map(newShard)),
  };
}

function deleteCollection(state: MetadataState, id: CollectionId): MetadataState {
  const collection = findCollection(state, id);
  assert(collection, 'an accepted event names a collection that is there');
  const aliases = [...state.aliases].filter(([, name]) => name !== collection.name);
  return {
    ...state,
    collections: withoutEntry(state.collections, collection.name),
    aliases: aliases.length === state.aliases.size ? state.aliases : new Map(aliases),
  };
}

function withCollection(state: MetadataState, collection: CollectionState): MetadataState {
  return { ...state, collections: withEntry(state.collections, collection.name, collection) };
}

function withEntry<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  return new Map(map).set(key, value);
}

function withoutEntry<K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> {
  const rest = new Map(map);
  rest.delete(key);
  return rest;
}
