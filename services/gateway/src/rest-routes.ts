// The REST endpoints: what each path parses, calls and writes.

import type { JsonValue, PointOperation, ScoredPoint } from '@tributary/model';
import {
  parseBody,
  parseClearPayload,
  parseCount,
  parseCreateCollection,
  parseDeletePayload,
  parseDeletePoints,
  parseOverwritePayload,
  parsePointIdText,
  parseQuery,
  parseQueryBatch,
  parseReadParameters,
  parseRetrieve,
  parseScroll,
  parseSearch,
  parseSearchBatch,
  parseSetPayload,
  parseTimeout,
  parseUpdateCollection,
  parseUpsert,
  parseWriteParameters,
  type QueryRequest,
  type QueryStrings,
  writeClusterStatus,
  writeCollectionCluster,
  writeCollectionInfo,
  writeCollectionNames,
  writeCount,
  writeExists,
  writeQueryBatch,
  writeQueryResult,
  writeRecord,
  writeRecords,
  writeScoredBatch,
  writeScoredPoints,
  writeScrollPage,
  writeUpdateResult,
} from '@tributary/qdrant-api';
import type { GatewayCore } from './gateway-core.ts';

export interface RestRequest {
  /** Path parameters by name, decoded. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: QueryStrings;
  /** Text of the body; empty where there is none. */
  readonly body: string;
}

export interface RestRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  /** JSON text of the result. */
  readonly handle: (request: RestRequest) => Promise<string>;
}

type Body = JsonValue | undefined;

export function restRoutes(core: GatewayCore): RestRoute[] {
  return [
    ...clusterRoutes(core),
    ...collectionRoutes(core),
    ...updateRoutes(core),
    ...readRoutes(core),
  ];
}

function clusterRoutes(core: GatewayCore): RestRoute[] {
  return [
    {
      method: 'GET',
      url: '/cluster',
      handle: async () => writeClusterStatus(await core.cluster()),
    },
    {
      method: 'GET',
      url: '/collections/:name/cluster',
      handle: async (request) => {
        const collection = await core.names.resolve(nameOf(request));
        return writeCollectionCluster(await core.views.cluster(collection));
      },
    },
  ];
}

function collectionRoutes({ names, collections, views }: GatewayCore): RestRoute[] {
  const url = '/collections/:name';
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
        const config = parseCreateCollection(bodyOf(request), collections.defaults());
        await collections.create(nameOf(request), config, parseTimeout(request.query));
        return 'true';
      },
    },
    {
      method: 'PATCH',
      url,
      handle: async (request) => {
        const patch = parseUpdateCollection(bodyOf(request));
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

function updateRoutes({ names, writer }: GatewayCore): RestRoute[] {
  const update = (
    method: RestRoute['method'],
    path: string,
    parse: (body: Body) => PointOperation,
  ): RestRoute => ({
    method,
    url: `/collections/:name/points${path}`,
    handle: async (request) => {
      const parameters = parseWriteParameters(request.query);
      const operation = parse(bodyOf(request));
      const collection = await names.resolve(nameOf(request));
      return writeUpdateResult(await writer.write(collection, operation, parameters));
    },
  });
  return [
    update('PUT', '', parseUpsert),
    update('POST', '/delete', parseDeletePoints),
    update('POST', '/payload', parseSetPayload),
    update('PUT', '/payload', parseOverwritePayload),
    update('POST', '/payload/delete', parseDeletePayload),
    update('POST', '/payload/clear', parseClearPayload),
  ];
}

function readRoutes(core: GatewayCore): RestRoute[] {
  const { names, reader } = core;
  const url = '/collections/:name/points';
  return [
    {
      method: 'GET',
      url: `${url}/:id`,
      handle: async (request) => {
        const parameters = parseReadParameters(request.query);
        const id = parsePointIdText(request.path.id ?? '');
        const collection = await names.resolve(nameOf(request));
        return writeRecord(await reader.get(collection, id, parameters));
      },
    },
    {
      method: 'POST',
      url,
      handle: async (request) => {
        const parameters = parseReadParameters(request.query);
        const retrieve = parseRetrieve(bodyOf(request));
        const collection = await names.resolve(nameOf(request));
        return writeRecords(await reader.retrieve(collection, retrieve, parameters));
      },
    },
    {
      method: 'POST',
      url: `${url}/scroll`,
      handle: async (request) => {
        const parameters = parseReadParameters(request.query);
        const scroll = parseScroll(bodyOf(request));
        const collection = await names.resolve(nameOf(request));
        const page = await reader.scroll(collection, scroll, parameters);
        return writeScrollPage(page.points, page.nextPageOffset);
      },
    },
    {
      method: 'POST',
      url: `${url}/count`,
      handle: async (request) => {
        const parameters = parseReadParameters(request.query);
        const count = parseCount(bodyOf(request));
        const collection = await names.resolve(nameOf(request));
        return writeCount(await reader.count(collection, count, parameters));
      },
    },
    ...queryRoutes(core),
  ];
}

function queryRoutes({ names, reader }: GatewayCore): RestRoute[] {
  const search = (
    path: string,
    parse: (body: Body) => readonly QueryRequest[],
    write: (results: readonly (readonly ScoredPoint[])[]) => string,
  ): RestRoute => ({
    method: 'POST',
    url: `/collections/:name/points${path}`,
    handle: async (request) => {
      const parameters = parseReadParameters(request.query);
      const requests = parse(bodyOf(request));
      const collection = await names.resolve(nameOf(request));
      return write(await reader.query(collection, requests, parameters));
    },
  });
  const only = (results: readonly (readonly ScoredPoint[])[]) => results[0] ?? [];
  return [
    search(
      '/search',
      (body) => [parseSearch(body)],
      (results) => writeScoredPoints(only(results)),
    ),
    search('/search/batch', parseSearchBatch, writeScoredBatch),
    search(
      '/query',
      (body) => [parseQuery(body)],
      (results) => writeQueryResult(only(results)),
    ),
    search('/query/batch', parseQueryBatch, writeQueryBatch),
  ];
}

function nameOf(request: RestRequest): string {
  return request.path.name ?? '';
}

function bodyOf(request: RestRequest): Body {
  return request.body === '' ? undefined : parseBody(request.body);
}
