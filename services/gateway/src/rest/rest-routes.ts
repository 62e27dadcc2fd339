// The REST endpoints about the cluster and its collections: what each path parses, calls and writes.

import {
  parseAliasActions,
  parseCreateCollection,
  parseCreateVectorName,
  parseTimeout,
  parseUpdateCollection,
  parseVectorName,
  parseWriteParameters,
  writeAliases,
  writeClusterStatus,
  writeClusterTelemetry,
  writeCollectionCluster,
  writeCollectionInfo,
  writeCollectionNames,
  writeExists,
  writeUpdateResult,
} from '@tributary/qdrant-api';
import type { GatewayCore } from '../gateway-core.ts';
import { operatorRoutes } from './rest-operator-routes.ts';
import { pointReadRoutes } from './rest-read-routes.ts';
import { bodyOf, COLLECTION_URL, nameOf, type RestRoute } from './rest-request.ts';
import { pointUpdateRoutes } from './rest-update-routes.ts';

export function restRoutes(core: GatewayCore): RestRoute[] {
  return [
    ...serviceRoutes(core),
    ...operatorRoutes(core),
    ...collectionRoutes(core),
    ...vectorNameRoutes(core),
    ...aliasRoutes(core),
    ...pointUpdateRoutes(core),
    ...pointReadRoutes(core),
  ];
}

function serviceRoutes(core: GatewayCore): RestRoute[] {
  return [
    {
      method: 'GET',
      url: '/cluster',
      handle: async () => writeClusterStatus(await core.cluster()),
    },
    {
      method: 'GET',
      url: `${COLLECTION_URL}/cluster`,
      handle: async (request) => {
        const collection = await core.names.resolve(nameOf(request));
        return writeCollectionCluster(await core.views.cluster(collection));
      },
    },
    {
      method: 'GET',
      url: '/cluster/telemetry',
      handle: async () =>
        writeClusterTelemetry(await core.collections.placement(), await core.cluster()),
    },
  ];
}

function collectionRoutes({ names, collections, views }: GatewayCore): RestRoute[] {
  const url = COLLECTION_URL;
  return [
    {
      method: 'GET',
      url: '/collections',
      handle: async () => writeCollectionNames(await collections.list()),
    },
    {
      method: 'GET',
      url,
      handle: async (request) =>
        writeCollectionInfo(await views.info(await names.resolve(nameOf(request)))),
    },
    {
      method: 'GET',
      url: `${url}/exists`,
      handle: async (request) => writeExists((await names.find(nameOf(request))) !== undefined),
    },
    {
      method: 'PUT',
      url,
      handle: async (request) => {
        const config = parseCreateCollection(await bodyOf(request), collections.defaults());
        await collections.create(nameOf(request), config, parseTimeout(request.query));
        return 'true';
      },
    },
    {
      method: 'PATCH',
      url,
      handle: async (request) => {
        const patch = parseUpdateCollection(await bodyOf(request));
        await collections.update(nameOf(request), patch, parseTimeout(request.query));
        return 'true';
      },
    },
    {
      method: 'DELETE',
      url,
      handle: async (request) =>
        String(await collections.delete(nameOf(request), parseTimeout(request.query))),
    },
  ];
}

function vectorNameRoutes({ vectorNames }: GatewayCore): RestRoute[] {
  const url = `${COLLECTION_URL}/vectors/:vector_name`;
  return [
    {
      method: 'PUT',
      url,
      handle: async (request) => {
        const parameters = parseWriteParameters(request.query, request.headers);
        const vector = parseCreateVectorName(await bodyOf(request));
        const name = parseVectorName(request.path.vector_name ?? '');
        const outcome = await vectorNames.create(nameOf(request), name, vector, parameters);
        return writeUpdateResult(outcome);
      },
    },
    {
      method: 'DELETE',
      url,
      handle: async (request) => {
        const parameters = parseWriteParameters(request.query, request.headers);
        const name = parseVectorName(request.path.vector_name ?? '');
        return writeUpdateResult(await vectorNames.delete(nameOf(request), name, parameters));
      },
    },
  ];
}

function aliasRoutes({ names, collections }: GatewayCore): RestRoute[] {
  return [
    {
      method: 'POST',
      url: '/collections/aliases',
      handle: async (request) => {
        const actions = parseAliasActions(await bodyOf(request));
        await collections.changeAliases(actions, parseTimeout(request.query));
        return 'true';
      },
    },
    {
      method: 'GET',
      url: '/aliases',
      handle: async () => writeAliases(await collections.aliases()),
    },
    {
      method: 'GET',
      url: `${COLLECTION_URL}/aliases`,
      handle: async (request) => {
        const collection = await names.resolve(nameOf(request));
        return writeAliases(await collections.aliases(collection));
      },
    },
  ];
}
