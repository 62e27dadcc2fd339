// The REST routes that change points, and the indexes over them.

import type { GivenOperation } from '@tributary/model';
import {
  clearPayloadSteps,
  deletePayloadSteps,
  deletePointsSteps,
  deleteVectorsSteps,
  overwritePayloadSteps,
  parseCreateFieldIndex,
  parseFieldName,
  setPayloadSteps,
  updateBatchSteps,
  updateVectorsSteps,
  upsertSteps,
  writeUpdateResult,
  writeUpdateResults,
} from '@tributary/qdrant-api';
import { endInSlices, type Steps } from '@tributary/runtime';
import type { Endpoints } from '../endpoints/endpoints.ts';
import {
  type Body,
  bodyOf,
  COLLECTION_URL,
  type RestRequest,
  type RestRoute,
  route,
  writeOf,
} from './rest-request.ts';

const POINTS = `${COLLECTION_URL}/points` as const;
const INDEX = `${COLLECTION_URL}/index` as const;

export function pointUpdateRoutes(endpoints: Endpoints): RestRoute[] {
  const { upsert, updateVectors, deleteVectors, updateBatch } = endpoints;
  const { setPayload, overwritePayload, deletePayload, clearPayload } = endpoints;
  const { createFieldIndex, deleteFieldIndex } = endpoints;
  const write = writeUpdateResult;
  return [
    route(`PUT ${POINTS}`, upsert, inSlices(upsertSteps), write),
    route(`POST ${POINTS}/delete`, endpoints.delete, inSlices(deletePointsSteps), write),
    route(`PUT ${POINTS}/vectors`, updateVectors, inSlices(updateVectorsSteps), write),
    route(`POST ${POINTS}/vectors/delete`, deleteVectors, inSlices(deleteVectorsSteps), write),
    route(`POST ${POINTS}/payload`, setPayload, inSlices(setPayloadSteps), write),
    route(`PUT ${POINTS}/payload`, overwritePayload, inSlices(overwritePayloadSteps), write),
    route(`POST ${POINTS}/payload/delete`, deletePayload, inSlices(deletePayloadSteps), write),
    route(`POST ${POINTS}/payload/clear`, clearPayload, inSlices(clearPayloadSteps), write),
    route(`POST ${POINTS}/batch`, updateBatch, inSlices(updateBatchSteps), writeUpdateResults),
    route(`PUT ${INDEX}`, createFieldIndex, writeOf(newIndexOf), write),
    route(`DELETE ${INDEX}/:field_name`, deleteFieldIndex, writeOf(goneIndexOf), write),
  ];
}

function inSlices<Asked>(steps: (body: Body) => Steps<Asked>) {
  return writeOf(async (request) => endInSlices(steps(await bodyOf(request))));
}

async function newIndexOf(request: RestRequest): Promise<GivenOperation> {
  return { kind: 'createFieldIndex', ...parseCreateFieldIndex(await bodyOf(request)) };
}

function goneIndexOf({ path }: RestRequest): GivenOperation {
  return { kind: 'deleteFieldIndex', field: parseFieldName(path.field_name ?? '') };
}
