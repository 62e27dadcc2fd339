// Every gRPC method. Those of points are in `grpc-points.ts`.

import {
  aliasActionsOf,
  aliasesResponse,
  type CollectionDefaults,
  collectionClusterResponse,
  collectionExistsResponse,
  collectionInfoResponse,
  collectionOperationResponse,
  collectionsService,
  createCollectionOf,
  createVectorNameOf,
  healthService,
  listCollectionsResponse,
  parseVectorName,
  pointsService,
  qdrantService,
  updateCollectionOf,
  updateResponse,
  versionReply,
} from '@tributary/qdrant-api';
import { nothing } from '../endpoints/endpoint.ts';
import type { Endpoints } from '../endpoints/endpoints.ts';
import { queryMethods, readMethods, updateMethods } from './grpc-points.ts';
import { unservedMethods } from './grpc-unserved.ts';
import { type HostedMethod, hosted, named, timeLimitOf, writeOf } from './host-method.ts';

const SERVING = 1 as const;

export function grpcMethods(endpoints: Endpoints): HostedMethod[] {
  const { version, live } = endpoints;
  return [
    hosted(qdrantService.healthCheck, version, nothing, versionReply),
    hosted(healthService.check, live, nothing, () => ({ status: SERVING })),
    ...collectionMethods(endpoints),
    ...aliasMethods(endpoints),
    ...vectorNameMethods(endpoints),
    ...updateMethods(endpoints),
    ...readMethods(endpoints),
    ...queryMethods(endpoints),
    ...unservedMethods(endpoints),
  ];
}

function collectionMethods(endpoints: Endpoints): HostedMethod[] {
  const { createCollection, updateCollection, deleteCollection } = endpoints;
  const { listCollections, collectionInfo, collectionExists, collectionCluster } = endpoints;
  const { list, get, collectionClusterInfo, create, update } = collectionsService;
  return [
    hosted(list, listCollections, nothing, listCollectionsResponse),
    hosted(get, collectionInfo, named, collectionInfoResponse),
    hosted(collectionsService.collectionExists, collectionExists, named, collectionExistsResponse),
    hosted(collectionClusterInfo, collectionCluster, named, collectionClusterResponse),
    hosted(
      create,
      createCollection,
      (message) => ({
        ...named(message),
        asked: (defaults: CollectionDefaults) => createCollectionOf(message, defaults),
        parameters: timeLimitOf(message),
      }),
      done,
    ),
    hosted(
      update,
      updateCollection,
      (message) => ({
        ...named(message),
        asked: updateCollectionOf(message),
        parameters: timeLimitOf(message),
      }),
      done,
    ),
    hosted(
      collectionsService.delete,
      deleteCollection,
      (message) => ({ ...named(message), parameters: timeLimitOf(message) }),
      collectionOperationResponse,
    ),
  ];
}

function aliasMethods({ changeAliases, ...endpoints }: Endpoints): HostedMethod[] {
  const { updateAliases, listAliases, listCollectionAliases } = collectionsService;
  return [
    hosted(
      updateAliases,
      changeAliases,
      (message) => ({ asked: aliasActionsOf(message), parameters: timeLimitOf(message) }),
      done,
    ),
    hosted(listAliases, endpoints.listAliases, nothing, aliasesResponse),
    hosted(listCollectionAliases, endpoints.collectionAliases, named, aliasesResponse),
  ];
}

function vectorNameMethods({ createVectorName, deleteVectorName }: Endpoints): HostedMethod[] {
  return [
    hosted(
      pointsService.createVectorName,
      createVectorName,
      writeOf((message) => {
        const vector = createVectorNameOf(message);
        return { name: parseVectorName(message.vectorName), vector };
      }),
      updateResponse,
    ),
    hosted(
      pointsService.deleteVectorName,
      deleteVectorName,
      writeOf(({ vectorName }) => parseVectorName(vectorName)),
      updateResponse,
    ),
  ];
}

function done(_answer: unknown, timeSec: number) {
  return collectionOperationResponse(true, timeSec);
}
