// What clients of Qdrant may ask and is not served yet: each is refused by its name. Its doors stay doors, so that no
// one takes them for wrong addresses.

import { notServed, type UnsupportedFeature } from '@tributary/qdrant-api';
import { type Endpoint, endpoint } from './endpoint.ts';

/** Errors of every one: `not_implemented`. */
export function unservedEndpoints() {
  const of = (name: UnsupportedFeature): Endpoint<void, never> =>
    endpoint({ name, access: 'manage', run: () => Promise.reject(notServed(name)) });
  return {
    shardKeys: of('shardKeys'),
    clusterOperations: of('clusterOperations'),
    snapshots: of('snapshots'),
    clusterMetadata: of('clusterMetadata'),
    localShards: of('localShards'),
    writeAheadLog: of('writeAheadLog'),
    storageFiles: of('storageFiles'),
    logger: of('logger'),
    debugging: of('debugging'),
    audit: of('audit'),
    dashboard: of('dashboard'),
  };
}

export type UnservedFeature = keyof ReturnType<typeof unservedEndpoints>;
