// The REST endpoints that change points.

import type { GivenOperation } from '@tributary/model';
import {
  clearPayloadSteps,
  deletePayloadSteps,
  deletePointsSteps,
  deleteVectorsSteps,
  overwritePayloadSteps,
  parseCreateFieldIndex,
  parseFieldName,
  parseWriteParameters,
  setPayloadSteps,
  updateBatchSteps,
  updateVectorsSteps,
  upsertSteps,
  writeUpdateResult,
  writeUpdateResults,
} from '@tributary/qdrant-api';
import { endInSlices, type Steps } from '@tributary/runtime';
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
    operationOf: (request: RestRequest) => GivenOperation | Promise<GivenOperation>,
  ): RestRoute => ({
    method,
    url: `${COLLECTION_URL}${path}`,
    handle: async (request) => {
      const parameters = parseWriteParameters(request.query, request.headers);
      const operation = await operationOf(request);
      const collection = await names.resolve(nameOf(request));
      return writeUpdateResult(await writer.write(collection, operation, parameters));
    },
  });
  const update = (
    method: RestRoute['method'],
    path: string,
    steps: (body: Body) => Steps<GivenOperation>,
  ) => {
    return route(method, `/points${path}`, async (request) => {
      return endInSlices(steps(await bodyOf(request)));
    });
  };
  return [
    update('PUT', '', upsertSteps),
    update('POST', '/delete', deletePointsSteps),
    update('PUT', '/vectors', updateVectorsSteps),
    update('POST', '/vectors/delete', deleteVectorsSteps),
    update('POST', '/payload', setPayloadSteps),
    update('PUT', '/payload', overwritePayloadSteps),
    update('POST', '/payload/delete', deletePayloadSteps),
    update('POST', '/payload/clear', clearPayloadSteps),
    {
      method: 'POST',
      url: `${COLLECTION_URL}/points/batch`,
      handle: async (request) => {
        const parameters = parseWriteParameters(request.query, request.headers);
        const operations = await endInSlices(updateBatchSteps(await bodyOf(request)));
        const collection = await names.resolve(nameOf(request));
        return writeUpdateResults(await writer.writeAll(collection, operations, parameters));
      },
    },
    route('PUT', '/index', async (request) => {
      return { kind: 'createFieldIndex', ...parseCreateFieldIndex(await bodyOf(request)) };
    }),
    route('DELETE', '/index/:field_name', ({ path }) => {
      return { kind: 'deleteFieldIndex', field: parseFieldName(path.field_name ?? '') };
    }),
  ];
}
