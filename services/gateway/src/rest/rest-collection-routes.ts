// The REST routes about collections, their aliases and their vectors.

import {
  type CollectionDefaults,
  parseAliasActions,
  parseCreateCollection,
  parseCreateVectorName,
  parseOptimizationDetails,
  parseUpdateCollection,
  parseVectorName,
  writeAliases,
  writeCollectionCluster,
  writeCollectionInfo,
  writeCollectionNames,
  writeExists,
  writeMemory,
  writeOptimizations,
  writeUpdateResult,
} from '@tributary/qdrant-api';
import type { NewVector } from '../endpoints/collection-management.ts';
import { nothing } from '../endpoints/endpoint.ts';
import type { Endpoints } from '../endpoints/endpoints.ts';
import {
  type Body,
  bodyOf,
  COLLECTION_URL,
  changeOf,
  collectionOf,
  done,
  type RestRequest,
  type RestRoute,
  route,
  timeLimitOf,
  writeOf,
} from './rest-request.ts';

export function collectionRoutes(endpoints: Endpoints): RestRoute[] {
  const { createCollection, updateCollection, deleteCollection } = endpoints;
  const { listCollections, collectionInfo, collectionExists, collectionCluster } = endpoints;
  const url = COLLECTION_URL;
  return [
    route('GET /collections', listCollections, nothing, writeCollectionNames),
    route(`GET ${url}`, collectionInfo, collectionOf, writeCollectionInfo),
    route(`GET ${url}/exists`, collectionExists, collectionOf, writeExists),
    route(`PUT ${url}`, createCollection, changeOf(configOf), done),
    route(`PATCH ${url}`, updateCollection, changeOf(parseUpdateCollection), done),
    route(`DELETE ${url}`, deleteCollection, withTimeLimit, String),
    route(`GET ${url}/cluster`, collectionCluster, collectionOf, writeCollectionCluster),
    ...indexRoutes(endpoints),
    ...aliasRoutes(endpoints),
    ...vectorNameRoutes(endpoints),
  ];
}

function indexRoutes({ collectionIndexes }: Endpoints): RestRoute[] {
  const withDetails = (request: RestRequest) => {
    return { ...collectionOf(request), details: parseOptimizationDetails(request.query) };
  };
  return [
    route(
      `GET ${COLLECTION_URL}/optimizations`,
      collectionIndexes,
      withDetails,
      ({ id, indexes }, { details }) => writeOptimizations(id, indexes, details),
    ),
    route(`GET ${COLLECTION_URL}/memory`, collectionIndexes, collectionOf, ({ indexes }) =>
      writeMemory(indexes),
    ),
  ];
}

function aliasRoutes({ changeAliases, listAliases, collectionAliases }: Endpoints): RestRoute[] {
  return [
    route('POST /collections/aliases', changeAliases, changeOf(parseAliasActions), done),
    route('GET /aliases', listAliases, nothing, writeAliases),
    route(`GET ${COLLECTION_URL}/aliases`, collectionAliases, collectionOf, writeAliases),
  ];
}

function vectorNameRoutes({ createVectorName, deleteVectorName }: Endpoints): RestRoute[] {
  const url = `${COLLECTION_URL}/vectors/:vector_name` as const;
  return [
    route(`PUT ${url}`, createVectorName, writeOf(newVectorOf), writeUpdateResult),
    route(`DELETE ${url}`, deleteVectorName, writeOf(vectorNameOf), writeUpdateResult),
  ];
}

function configOf(body: Body) {
  return (defaults: CollectionDefaults) => parseCreateCollection(body, defaults);
}

function withTimeLimit(request: RestRequest) {
  return { ...collectionOf(request), parameters: timeLimitOf(request) };
}

async function newVectorOf(request: RestRequest): Promise<NewVector> {
  const vector = parseCreateVectorName(await bodyOf(request));
  return { name: vectorNameOf(request), vector };
}

function vectorNameOf({ path }: RestRequest): string {
  return parseVectorName(path.vector_name ?? '');
}
