// Protobuf requests that change points to the same operations as REST requests become, in steps of some points or ids.

import type { GivenOperation, PointOperation, PointSelector } from '@tributary/model';
import { mapSteps, type Steps } from '@tributary/runtime';
import { emptyUpdate, formatError, validationError } from '../errors.ts';
import {
  type ClearPayloadPoints,
  type DeletePayloadPoints,
  type DeletePoints,
  type DeletePointVectors,
  type PointStruct,
  type PointsSelector,
  type PointsUpdateOperation,
  type PointVectors,
  type SetPayloadPoints,
  type UpdateBatchPoints,
  UpdateMode,
  type UpdatePointVectors,
  type UpsertPoints,
} from '../gen/points.ts';
import type { Filter as FilterMessage } from '../gen/qdrant_common.ts';
import { readPath, readPaths } from '../requests/json-reader.ts';
import { payloadChange, vectorUpdate } from '../requests/update.ts';
import { unsupported } from '../unsupported.ts';
import { readFilter } from './filter.ts';
import { pointIdSteps, readPointId } from './ids.ts';
import { objectOfEntries, payloadOfEntries } from './payload-reader.ts';
import { readVectors } from './vectors.ts';

/** A point of 1,536 dimensions takes some 20 µs. */
const POINTS_PER_STEP = 50;

type Sharded = { readonly shardKeySelector?: Uint8Array | undefined };
type Selected = { readonly pointsSelector?: PointsSelector | undefined };
type Upsert = Pick<UpsertPoints, 'points' | 'updateFilter' | 'updateMode'> & Sharded;
type UpdateVectors = Pick<UpdatePointVectors, 'points' | 'updateFilter'> & Sharded;
type DeleteVectors = Pick<DeletePointVectors, 'vectors'> & Selected & Sharded;
type SetPayload = Pick<SetPayloadPoints, 'payload' | 'key'> & Selected & Sharded;
type DeletePayload = Pick<DeletePayloadPoints, 'keys'> & Selected & Sharded;

/** Vectors are finite but not yet checked against the collection: see `prepareSteps`. */
export function* upsertMessageSteps(message: Upsert): Steps<GivenOperation & { kind: 'upsert' }> {
  refuseShardKeys(message);
  const { updateFilter } = message;
  const mode = updateModeOf(message.updateMode);
  if (message.points.length === 0) throw emptyUpdate();
  return {
    kind: 'upsert',
    points: yield* mapSteps(message.points, POINTS_PER_STEP, pointOf),
    ...(mode !== undefined && { mode }),
    ...(updateFilter && { updateFilter: readFilter(updateFilter, 'update_filter') }),
  };
}

function pointOf(point: PointStruct, i: number) {
  return {
    id: readPointId(point.id, `points[${i}].id`),
    vectors: readVectors(point.vectors, `points[${i}].vectors`),
    payload: payloadOfEntries(point.payload),
  };
}

/** The default is left out of the log. */
function updateModeOf(mode: UpdateMode | undefined): 'insertOnly' | 'updateOnly' | undefined {
  switch (mode) {
    case undefined:
    case UpdateMode.Upsert:
      return undefined;
    case UpdateMode.InsertOnly:
      return 'insertOnly';
    case UpdateMode.UpdateOnly:
      return 'updateOnly';
    default:
      throw formatError('update_mode: unknown mode');
  }
}

export function* updateVectorsMessageSteps(message: UpdateVectors): Steps<GivenOperation> {
  refuseShardKeys(message);
  const { points, updateFilter } = message;
  if (points.length === 0) throw emptyUpdate();
  return {
    kind: 'updateVectors',
    points: yield* mapSteps(points, POINTS_PER_STEP, vectorUpdateOf),
    ...(updateFilter && { updateFilter: readFilter(updateFilter, 'update_filter') }),
  };
}

function vectorUpdateOf({ id, vectors }: PointVectors, i: number) {
  const path = `points[${i}].vectors`;
  return vectorUpdate(readPointId(id, `points[${i}].id`), readVectors(vectors, path), path);
}

export function* deleteVectorsMessageSteps(message: DeleteVectors): Steps<PointOperation> {
  refuseShardKeys(message);
  const names = message.vectors?.names ?? [];
  if (names.length === 0) throw validationError('vectors', 'must specify vector names to delete');
  const selector = yield* selectorSteps(message.pointsSelector);
  return { kind: 'deleteVectors', selector, names: [...new Set(names)] };
}

export function* deletePointsMessageSteps(
  message: Pick<DeletePoints, 'points'> & Sharded,
): Steps<PointOperation> {
  refuseShardKeys(message);
  return { kind: 'delete', selector: yield* selectorSteps(message.points) };
}

export function setPayloadMessageSteps(message: SetPayload): Steps<PointOperation> {
  return payloadChangeSteps('setPayload', message);
}

export function overwritePayloadMessageSteps(message: SetPayload): Steps<PointOperation> {
  return payloadChangeSteps('overwritePayload', message);
}

function* payloadChangeSteps(
  kind: 'setPayload' | 'overwritePayload',
  message: SetPayload,
): Steps<PointOperation> {
  refuseShardKeys(message);
  const key = message.key === undefined ? undefined : readPath(message.key, 'key');
  const payload = objectOfEntries(message.payload);
  return payloadChange(kind, yield* selectorSteps(message.pointsSelector), payload, key);
}

export function* deletePayloadMessageSteps(message: DeletePayload): Steps<PointOperation> {
  refuseShardKeys(message);
  const keys = readPaths(message.keys, 'keys');
  return { kind: 'deletePayload', selector: yield* selectorSteps(message.pointsSelector), keys };
}

export function* clearPayloadMessageSteps(
  message: Pick<ClearPayloadPoints, 'points'> & Sharded,
): Steps<PointOperation> {
  refuseShardKeys(message);
  return { kind: 'clearPayload', selector: yield* selectorSteps(message.points) };
}

/** In the order given; all of them are read before the first is carried out. */
export function* updateBatchMessageSteps({
  operations: messages,
}: Pick<UpdateBatchPoints, 'operations'>): Steps<GivenOperation[]> {
  const operations: GivenOperation[] = [];
  for (const [i, message] of messages.entries()) {
    operations.push(yield* batchOperationSteps(message, i));
    yield undefined;
  }
  return operations;
}

function batchOperationSteps(message: PointsUpdateOperation, i: number): Steps<GivenOperation> {
  const { upsert, updateVectors, deleteVectors } = message;
  const { setPayload, overwritePayload, deletePayload, clearPayload } = message;
  const { deletePoints, deleteDeprecated, clearPayloadDeprecated } = message;
  if (upsert !== undefined) return upsertMessageSteps(upsert);
  if (setPayload !== undefined) return setPayloadMessageSteps(setPayload);
  if (overwritePayload !== undefined) return overwritePayloadMessageSteps(overwritePayload);
  if (deletePayload !== undefined) return deletePayloadMessageSteps(deletePayload);
  if (clearPayload !== undefined) return clearPayloadMessageSteps(clearPayload);
  if (updateVectors !== undefined) return updateVectorsMessageSteps(updateVectors);
  if (deleteVectors !== undefined) return deleteVectorsMessageSteps(deleteVectors);
  if (deletePoints !== undefined) return deletePointsMessageSteps(deletePoints);
  if (deleteDeprecated !== undefined) return deletePointsMessageSteps({ points: deleteDeprecated });
  if (clearPayloadDeprecated !== undefined) {
    return clearPayloadMessageSteps({ points: clearPayloadDeprecated });
  }
  throw formatError(`operations[${i}]: expected an operation`);
}

function* selectorSteps(message: PointsSelector | undefined): Steps<PointSelector> {
  if (message?.points !== undefined) {
    if (message.points.ids.length === 0) throw emptyUpdate();
    return { kind: 'ids', ids: yield* pointIdSteps(message.points.ids, 'points') };
  }
  if (message?.filter !== undefined) {
    return { kind: 'filter', filter: readFilter(message.filter, 'filter') };
  }
  throw formatError('expected points or a filter');
}

export function refuseShardKeys(message: Sharded): void {
  if (message.shardKeySelector !== undefined) throw unsupported('shardKeys');
}

export function filterOf({ filter }: { readonly filter?: FilterMessage | undefined }) {
  return filter === undefined ? undefined : readFilter(filter, 'filter');
}
