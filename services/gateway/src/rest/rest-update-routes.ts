// The REST endpoints that change points.

import type { GivenOperation } from '@tributary/model';
import {
  parseClearPayload,
  parseCreateFieldIndex,
  parseDeletePayload,
  parseDeletePoints,
  parseDeleteVectors,
  parseFieldName,
  parseOverwritePayload,
  parseSetPayload,
  parseUpdateBatch,
  parseUpdateVectors,
  parseUpsert,
  parseWriteParameters,
  writeUpdateResult,
  writeUpdateResults,
} from '@tributary/qdrant-api';
import type { GatewayCore } from '../gateway-core.ts';
import {
  type Body,
  bodyOf,
  COLLECTION_URL,
  nameOf,
  type RestRequest,
  type RestRoute,
} from './rest-request.ts';

export function pointUpdateRoutes({ names, writer }: GatewayCore): RestRoute[] {
  const route = (
    method: RestRoute['method'],
    path: string,
    operationOf: (request: RestRequest) => GivenOperation,
  ): RestRoute => ({
    method,
    url: `${COLLECTION_URL}${path}`,
    handle: async (request) => {
      const parameters = parseWriteParameters(request.query, request.headers);
      const operation = operationOf(request);
      const collection = await names.resolve(nameOf(request));
      return writeUpdateResult(await writer.write(collection, operation, parameters));
    },
  });
  const update = (
    method: RestRoute['method'],
    path: string,
    parse: (body: Body) => GivenOperation,
  ) => route(method, `/points${path}`, (request) => parse(bodyOf(request)));
  return [
    update('PUT', '', parseUpsert),
    update('POST', '/delete', parseDeletePoints),
    update('PUT', '/vectors', parseUpdateVectors),
    update('POST', '/vectors/delete', parseDeleteVectors),
    update('POST', '/payload', parseSetPayload),
    update('PUT', '/payload', parseOverwritePayload),
    update('POST', '/payload/delete', parseDeletePayload),
    update('POST', '/payload/clear', parseClearPayload),
    {
      method: 'POST',
      url: `${COLLECTION_URL}/points/batch`,
      handle: async (request) => {
        const parameters = parseWriteParameters(request.query, request.headers);
        const operations = parseUpdateBatch(bodyOf(request));
        const collection = await names.resolve(nameOf(request));
        return writeUpdateResults(await writer.writeAll(collection, operations, parameters));
      },
    },
    route('PUT', '/index', (request) => {
      return { kind: 'createFieldIndex', ...parseCreateFieldIndex(bodyOf(request)) };
    }),
    route('DELETE', '/index/:field_name', ({ path }) => {
      return { kind: 'deleteFieldIndex', field: parseFieldName(path.field_name ?? '') };
    }),
  ];
}
