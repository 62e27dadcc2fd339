// Events and folds as they are stored: JSON text with a version, checked when it is read.
//
// The version is the feature level that reading takes: that of the event's kind, that of the cluster for a fold. A
// reader that does not know it throws `corrupt` and thereby stops: it must not fold on without it. So does a field or
// a kind it does not know, so either belongs to a new level.

import {
  FEATURE_LEVEL,
  isJsonObject,
  JSON_DEPTH_MAX,
  type JsonValue,
  parseJson,
  stringifyJson,
} from '@tributary/model';
import { messageOf, TributaryError } from '@tributary/runtime';
import { EVENT_LEVELS } from './feature-level.ts';
import type { MetadataEvent } from './metadata-event.ts';
import type { CollectionState, MetadataState } from './metadata-state.ts';
import { storedEventSchema, storedStateSchema } from './stored-schema.ts';

/** What came in a request lies a few levels deeper in an event, and in a fold. */
const DEPTH_MAX = 2 * JSON_DEPTH_MAX;

/** Event as UTF-8 JSON: `{"version":1,"event":{"kind":…,…}}`. */
export function encodeEvent(event: MetadataEvent): Uint8Array {
  return toBytes({ version: EVENT_LEVELS[event.kind], event });
}

/** Inverse of `encodeEvent`; throws `corrupt` on bytes it did not make. */
export function decodeEvent(bytes: Uint8Array): MetadataEvent {
  return read('event', () => storedEventSchema.parse(known(fromBytes(bytes))).event);
}

/** State as UTF-8 JSON: maps as lists of their entries. */
export function encodeState(state: MetadataState): Uint8Array {
  return toBytes({
    version: state.featureLevel,
    sequence: state.sequence,
    featureLevel: state.featureLevel,
    ...(state.clusterId && { clusterId: state.clusterId }),
    peers: [...state.peers.values()],
    removedPeers: [...state.removedPeers],
    collections: [...state.collections.values()].map(storedCollection),
    aliases: [...state.aliases],
    ...(state.quotas && { quotas: state.quotas }),
  });
}

/** Inverse of `encodeState`; throws `corrupt` on bytes it did not make. */
export function decodeState(bytes: Uint8Array): MetadataState {
  return read('snapshot', () => {
    const stored = storedStateSchema.parse(known(fromBytes(bytes)));
    return {
      sequence: stored.sequence,
      featureLevel: stored.featureLevel,
      ...(stored.clusterId && { clusterId: stored.clusterId }),
      peers: new Map(stored.peers.map((peer) => [peer.id, peer])),
      removedPeers: new Set(stored.removedPeers),
      collections: new Map(stored.collections.map((collection) => [collection.name, collection])),
      aliases: new Map(stored.aliases),
      ...(stored.quotas && { quotas: stored.quotas }),
    };
  });
}

function storedCollection({ shards, shardMap, ...collection }: CollectionState): object {
  return {
    ...collection,
    shards: [...shards.values()].map(({ id, replicas }) => ({ id, replicas: [...replicas] })),
    shardMap: { generation: shardMap.generation, keys: [...shardMap.keys] },
  };
}

function read<T>(what: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    const reason = messageOf(error);
    throw new TributaryError('corrupt', `unreadable metadata ${what}: ${reason}`, { cause: error });
  }
}

/** The value, unless a later version of the program wrote it. */
function known(value: JsonValue): JsonValue {
  const level = isJsonObject(value) ? value.version : undefined;
  if (typeof level !== 'number' || level <= FEATURE_LEVEL) return value;
  throw new RangeError(
    `it takes feature level ${level}, this version knows ${FEATURE_LEVEL}: start a newer version`,
  );
}

function toBytes(value: object): Uint8Array {
  return Buffer.from(stringifyJson(value), 'utf8');
}

function fromBytes(bytes: Uint8Array): JsonValue {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  return parseJson(text, { depthMax: DEPTH_MAX });
}
