// The parts of Qdrant's API that are valid but not served yet, in one place: to serve one, delete its line and let
// the compiler show where it was refused. In a request that is served such a part is bad input (400); a route or method
// that is nothing else is answered 501 and UNIMPLEMENTED, which no client takes for its own fault or for one that
// passes.

import { TributaryError } from '@tributary/runtime';

const FEATURES = {
  inference: 'inference of vectors from images or objects',
  shardKeys: 'shard keys',
  customSharding: 'custom sharding',
  clusterOperations:
    'cluster operations (moving, replicating and splitting shards, removing peers)',
  snapshots: 'snapshots',
  clusterMetadata: 'metadata keys of the cluster',
  localShards: 'requests to one shard of a peer',
  writeAheadLog: 'a look into the log of a shard',
  storageFiles: 'reading the files of the storage',
  logger: 'changing the log level while running; set it by the configuration',
  debugging: 'stack traces and debuggers over the API',
  audit: 'an audit log',
  dashboard: "the web dashboard; Qdrant's own works when it is pointed at this port",
} as const;

export type UnsupportedFeature = keyof typeof FEATURES;

/** The refusal of a feature as a part of a request. Error: `bad_request`. */
export function unsupported(feature: UnsupportedFeature): TributaryError {
  return new TributaryError('bad_request', refusalOf(feature));
}

/** The answer of a route or method that would serve the feature. Error: `not_implemented`. */
export function notServed(feature: UnsupportedFeature): TributaryError {
  return new TributaryError('not_implemented', refusalOf(feature));
}

function refusalOf(feature: UnsupportedFeature): string {
  return `This version of Tributary does not support ${FEATURES[feature]}`;
}

/** Refuses the first of the keys that the object has with a value other than null. */
export function refuseKeys<T extends object>(
  object: T,
  keys: { readonly [K in keyof T]?: UnsupportedFeature },
): void {
  for (const key in keys) {
    const feature = keys[key];
    if (feature !== undefined && object[key] !== undefined && object[key] !== null) {
      throw unsupported(feature);
    }
  }
}
