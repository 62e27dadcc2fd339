// The routes of Qdrant that are not served yet: each answers by the name of what is missing, so that no one takes it
// for a wrong address. `:name` is a collection.

import { nothing } from '../endpoints/endpoint.ts';
import type { Endpoints } from '../endpoints/endpoints.ts';
import type { UnservedFeature } from '../endpoints/unserved-endpoints.ts';
import { COLLECTION_URL, type Method, type RestRoute, route } from './rest-request.ts';

const SHARD_URL = `${COLLECTION_URL}/shards/:shard` as const;
const LIST_AND_CREATE: readonly Method[] = ['GET', 'POST'];
const GET_AND_DELETE: readonly Method[] = ['GET', 'DELETE'];

const UNSERVED: readonly (readonly [UnservedFeature, readonly Method[], `/${string}`])[] = [
  ['clusterOperations', ['POST'], '/cluster/recover'],
  ['clusterOperations', ['DELETE'], '/cluster/peer/:peer'],
  ['clusterOperations', ['POST'], `${COLLECTION_URL}/cluster`],
  ['clusterMetadata', ['GET'], '/cluster/metadata/keys'],
  ['clusterMetadata', ['GET', 'PUT', 'DELETE'], '/cluster/metadata/keys/:key'],
  ['shardKeys', ['GET', 'PUT'], `${COLLECTION_URL}/shards`],
  ['shardKeys', ['POST'], `${COLLECTION_URL}/shards/delete`],
  ['snapshots', LIST_AND_CREATE, '/snapshots'],
  ['snapshots', GET_AND_DELETE, '/snapshots/:snapshot'],
  ...[COLLECTION_URL, SHARD_URL].flatMap((url) => [
    ['snapshots', LIST_AND_CREATE, `${url}/snapshots`] as const,
    ['snapshots', GET_AND_DELETE, `${url}/snapshots/:snapshot`] as const,
    ['snapshots', ['PUT'], `${url}/snapshots/recover`] as const,
    ['snapshots', ['POST'], `${url}/snapshots/upload`] as const,
  ]),
  ['snapshots', ['GET'], `${SHARD_URL}/snapshot`],
  ['snapshots', ['POST'], `${SHARD_URL}/snapshot/partial/:step`],
  ['snapshots', ['GET'], `${SHARD_URL}/snapshot/partial/manifest`],
  ['localShards', ['POST'], `${SHARD_URL}/points`],
  ['localShards', ['POST'], `${SHARD_URL}/points/scroll`],
  ['localShards', ['POST'], `${SHARD_URL}/points/count`],
  ['localShards', ['POST'], `${SHARD_URL}/cleanup`],
  ['writeAheadLog', ['GET'], `${SHARD_URL}/wal`],
  ['writeAheadLog', ['GET'], `${SHARD_URL}/recovery_point`],
  ['writeAheadLog', ['POST'], `${COLLECTION_URL}/truncate_unapplied_wal`],
  ['logger', ['GET', 'POST'], '/logger'],
  ['debugging', ['GET'], '/stacktrace'],
  ['debugging', ['GET', 'PATCH'], '/debugger'],
  ['debugging', ['POST'], `${COLLECTION_URL}/debug`],
  ['audit', ['POST'], '/audit/logs'],
  ['dashboard', ['GET'], '/dashboard'],
  ['dashboard', ['GET'], '/dashboard/*'],
];

export function unservedRoutes(endpoints: Endpoints): RestRoute[] {
  return UNSERVED.flatMap(([feature, methods, url]) =>
    methods.map((method) => ({
      ...route(`${method} ${url}`, endpoints[feature], nothing, (never) => never),
      // An upload would be read, and refused for its size or its encoding.
      ignoresBody: true,
    })),
  );
}
