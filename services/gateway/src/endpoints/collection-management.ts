// Making, changing and describing collections, their aliases and their vectors.

import type { AliasAction, AnyVectorParams, CollectionConfig } from '@tributary/model';
import type { CollectionDefaults, CollectionPatch, WriteParameters } from '@tributary/qdrant-api';
import type { GatewayCore } from '../gateway-core.ts';
import { viewCollection } from './collection-endpoints.ts';
import { type CollectionRequest, endpoint, type TimeLimit } from './endpoint.ts';

export interface NewVector {
  readonly name: string;
  readonly vector: AnyVectorParams;
}

export function collectionEndpoints(core: GatewayCore) {
  const { names, collections, views } = core;
  return {
    listCollections: endpoint({
      name: 'listCollections',
      access: 'read',
      run: () => collections.list(),
    }),
    collectionInfo: viewCollection(core, 'collectionInfo', (found) => views.info(found)),
    collectionExists: endpoint({
      name: 'collectionExists',
      access: 'read',
      run: async ({ collection }: { readonly collection: string }) =>
        (await names.find(collection)) !== undefined,
    }),
    collectionCluster: viewCollection(core, 'collectionCluster', (found) => views.cluster(found)),
    collectionIndexes: viewCollection(core, 'collectionIndexes', async (found) => {
      return { id: found.id, indexes: await views.indexes(found) };
    }),
    /** The configuration is read here: what a request leaves out depends on the cluster. */
    createCollection: endpoint({
      name: 'createCollection',
      access: 'manage',
      run: async ({
        collection,
        asked,
        parameters: { timeoutMs },
      }: CollectionRequest<(defaults: CollectionDefaults) => CollectionConfig, TimeLimit>) =>
        collections.create(collection, asked(collections.defaults()), timeoutMs),
    }),
    updateCollection: endpoint({
      name: 'updateCollection',
      access: 'manage',
      run: ({ collection, asked, parameters }: CollectionRequest<CollectionPatch, TimeLimit>) =>
        collections.update(collection, asked, parameters.timeoutMs),
    }),
    deleteCollection: endpoint({
      name: 'deleteCollection',
      access: 'manage',
      run: ({ collection, parameters }: Omit<CollectionRequest<never, TimeLimit>, 'asked'>) =>
        collections.delete(collection, parameters.timeoutMs),
    }),
  };
}

export function aliasEndpoints(core: GatewayCore) {
  const { collections } = core;
  return {
    changeAliases: endpoint({
      name: 'changeAliases',
      access: 'manage',
      run: ({
        asked,
        parameters,
      }: Omit<CollectionRequest<readonly AliasAction[], TimeLimit>, 'collection'>) =>
        collections.changeAliases(asked, parameters.timeoutMs),
    }),
    listAliases: endpoint({
      name: 'listAliases',
      access: 'read',
      run: () => collections.aliases(),
    }),
    collectionAliases: viewCollection(core, 'collectionAliases', (found) =>
      collections.aliases(found),
    ),
  };
}

/** Names of vectors belong to the configuration: META decides on them, before the log has them. */
export function vectorNameEndpoints({ vectorNames }: GatewayCore) {
  return {
    createVectorName: endpoint({
      name: 'createVectorName',
      access: 'manage',
      run: ({ collection, asked, parameters }: CollectionRequest<NewVector, WriteParameters>) =>
        vectorNames.create(collection, asked.name, asked.vector, parameters),
    }),
    deleteVectorName: endpoint({
      name: 'deleteVectorName',
      access: 'manage',
      run: ({ collection, asked, parameters }: CollectionRequest<string, WriteParameters>) =>
        vectorNames.delete(collection, asked, parameters),
    }),
  };
}
