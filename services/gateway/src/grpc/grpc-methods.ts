// The gRPC methods: what each parses, calls and answers. Those of points are in `grpc-points.ts`.

import {
  aliasActionsOf,
  aliasesResponse,
  collectionClusterResponse,
  collectionExistsResponse,
  collectionInfoResponse,
  collectionOperationResponse,
  collectionsService,
  createCollectionOf,
  healthService,
  listCollectionsResponse,
  qdrantService,
  timeoutMsOfMessage,
  type UnsupportedFeature,
  updateCollectionOf,
  versionReply,
} from '@tributary/qdrant-api';
import type { GatewayCore } from '../gateway-core.ts';
import { hostQueries, hostReads, hostUpdates, hostVectorNames } from './grpc-points.ts';
import type { HostMethod } from './host-method.ts';

/** Methods of Qdrant that are not served: their paths by the feature they belong to. */
export const UNSERVED_METHODS: readonly (readonly [UnsupportedFeature, readonly string[]])[] = [
  ['clusterOperations', ['/qdrant.Collections/UpdateCollectionClusterSetup']],
  [
    'shardKeys',
    ['CreateShardKey', 'DeleteShardKey', 'ListShardKeys'].map(
      (name) => `/qdrant.Collections/${name}`,
    ),
  ],
  [
    'snapshots',
    ['Create', 'List', 'Delete', 'CreateFull', 'ListFull', 'DeleteFull'].map(
      (name) => `/qdrant.Snapshots/${name}`,
    ),
  ],
  [
    'storageFiles',
    [
      'ListFiles',
      'FileExists',
      'FileLength',
      'ReadBytes',
      'ReadBytesStream',
      'ReadWhole',
      'ReadBatch',
    ].map((name) => `/qdrant.StorageRead/${name}`),
  ],
];

const SERVING = 1 as const;

export function hostMethods(core: GatewayCore, host: HostMethod): void {
  host(qdrantService.healthCheck, async () => () => versionReply(core.version));
  host(healthService.check, async () => () => ({ status: SERVING }));
  hostCollections(core, host);
  hostAliases(core, host);
  hostUpdates(core, host);
  hostVectorNames(core, host);
  hostReads(core, host);
  hostQueries(core, host);
}

function hostCollections({ names, collections, views }: GatewayCore, host: HostMethod): void {
  host(collectionsService.list, async () => {
    const found = await collections.list();
    return (timeSec) => listCollectionsResponse(found, timeSec);
  });
  host(collectionsService.get, async ({ collectionName }) => {
    const view = await views.info(await names.resolve(collectionName));
    return (timeSec) => collectionInfoResponse(view, timeSec);
  });
  host(collectionsService.collectionExists, async ({ collectionName }) => {
    const isThere = (await names.find(collectionName)) !== undefined;
    return (timeSec) => collectionExistsResponse(isThere, timeSec);
  });
  host(collectionsService.collectionClusterInfo, async ({ collectionName }) => {
    const view = await views.cluster(await names.resolve(collectionName));
    return (timeSec) => collectionClusterResponse(view, timeSec);
  });
  host(collectionsService.create, async (message) => {
    const config = createCollectionOf(message, collections.defaults());
    await collections.create(message.collectionName, config, timeoutMsOfMessage(message));
    return (timeSec) => collectionOperationResponse(true, timeSec);
  });
  host(collectionsService.update, async (message) => {
    const patch = updateCollectionOf(message);
    await collections.update(message.collectionName, patch, timeoutMsOfMessage(message));
    return (timeSec) => collectionOperationResponse(true, timeSec);
  });
  host(collectionsService.delete, async (message) => {
    const { collectionName } = message;
    const wasThere = await collections.delete(collectionName, timeoutMsOfMessage(message));
    return (timeSec) => collectionOperationResponse(wasThere, timeSec);
  });
}

function hostAliases({ names, collections }: GatewayCore, host: HostMethod): void {
  host(collectionsService.updateAliases, async (message) => {
    await collections.changeAliases(aliasActionsOf(message), timeoutMsOfMessage(message));
    return (timeSec) => collectionOperationResponse(true, timeSec);
  });
  host(collectionsService.listAliases, async () => {
    const aliases = await collections.aliases();
    return (timeSec) => aliasesResponse(aliases, timeSec);
  });
  host(collectionsService.listCollectionAliases, async ({ collectionName }) => {
    const collection = await names.resolve(collectionName);
    const aliases = await collections.aliases(collection);
    return (timeSec) => aliasesResponse(aliases, timeSec);
  });
}
