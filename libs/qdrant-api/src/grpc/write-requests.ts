// Protobuf requests that change points to the same operations as REST requests become.

import type { GivenOperation, PointOperation, PointSelector } from '@tributary/model';
import { atOnce, type Steps } from '@tributary/runtime';
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
import { readPointId, readPointIds } from './ids.ts';
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

/** Vectors are finite but not yet held against the collection: see `prepareSteps`. */
export function upsertOf(message: Upsert): GivenOperation & { kind: 'upsert' } {
  return atOnce(upsertMessageSteps(message));
}

/** The same in steps of some points. */
export function* upsertMessageSteps(message: Upsert): Steps<GivenOperation & { kind: 'upsert' }> {
  refuseShardKeys(message);
  const { updateFilter } = message;
  const mode = updateModeOf(message.updateMode);
  if (message.points.length === 0) throw emptyUpdate();
  const points: ReturnType<typeof pointOf>[] = [];
  for (const [i, point] of message.points.entries()) {
    if (i % POINTS_PER_STEP === POINTS_PER_STEP - 1) yield;
    points.push(pointOf(point, i));
  }
  return {
    kind: 'upsert',
    points,
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

export function updateVectorsOf(message: UpdateVectors): GivenOperation {
  refuseShardKeys(message);
  const { points, updateFilter } = message;
  if (points.length === 0) throw emptyUpdate();
  return {
    kind: 'updateVectors',
    points: points.map(({ id, vectors }: PointVectors, i) => {
      const path = `points[${i}].vectors`;
      return vectorUpdate(readPointId(id, `points[${i}].id`), readVectors(vectors, path), path);
    }),
    ...(updateFilter && { updateFilter: readFilter(updateFilter, 'update_filter') }),
  };
}

export function deleteVectorsOf(message: DeleteVectors): PointOperation {
  refuseShardKeys(message);
  const names = message.vectors?.names ?? [];
  if (names.length === 0) throw validationError('vectors', 'must specify vector names to delete');
  const selector = selectorOf(message.pointsSelector);
  return { kind: 'deleteVectors', selector, names: [...new Set(names)] };
}

export function deletePointsOf(message: Pick<DeletePoints, 'points'> & Sharded): PointOperation {
  refuseShardKeys(message);
  return { kind: 'delete', selector: selectorOf(message.points) };
}

export function setPayloadOf(message: SetPayload): PointOperation {
  return payloadChangeOf('setPayload', message);
}

export function overwritePayloadOf(message: SetPayload): PointOperation {
  return payloadChangeOf('overwritePayload', message);
}

function payloadChangeOf(
  kind: 'setPayload' | 'overwritePayload',
  message: SetPayload,
): PointOperation {
  refuseShardKeys(message);
  const key = message.key === undefined ? undefined : readPath(message.key, 'key');
  const payload = objectOfEntries(message.payload);
  return payloadChange(kind, selectorOf(message.pointsSelector), payload, key);
}

export function deletePayloadOf(message: DeletePayload): PointOperation {
  refuseShardKeys(message);
  const keys = readPaths(message.keys, 'keys');
  return { kind: 'deletePayload', selector: selectorOf(message.pointsSelector), keys };
}

export function clearPayloadOf(
  message: Pick<ClearPayloadPoints, 'points'> & Sharded,
): PointOperation {
  refuseShardKeys(message);
  return { kind: 'clearPayload', selector: selectorOf(message.points) };
}

/** In the order given; all of them are read before the first is carried out. */
export function updateBatchOf({ operations }: Pick<UpdateBatchPoints, 'operations'>) {
  return operations.map(batchOperationOf);
}

function batchOperationOf(message: PointsUpdateOperation, i: number): GivenOperation {
  const { upsert, updateVectors, deleteVectors } = message;
  const { setPayload, overwritePayload, deletePayload, clearPayload } = message;
  const { deletePoints, deleteDeprecated, clearPayloadDeprecated } = message;
  if (upsert !== undefined) return upsertOf(upsert);
  if (setPayload !== undefined) return setPayloadOf(setPayload);
  if (overwritePayload !== undefined) return overwritePayloadOf(overwritePayload);
  if (deletePayload !== undefined) return deletePayloadOf(deletePayload);
  if (clearPayload !== undefined) return clearPayloadOf(clearPayload);
  if (updateVectors !== undefined) return updateVectorsOf(updateVectors);
  if (deleteVectors !== undefined) return deleteVectorsOf(deleteVectors);
  if (deletePoints !== undefined) return deletePointsOf(deletePoints);
  if (deleteDeprecated !== undefined) return deletePointsOf({ points: deleteDeprecated });
  if (clearPayloadDeprecated !== undefined) {
    return clearPayloadOf({ points: clearPayloadDeprecated });
  }
  throw formatError(`operations[${i}]: expected an operation`);
}

function selectorOf(message: PointsSelector | undefined): PointSelector {
  if (message?.points !== undefined) {
    if (message.points.ids.length === 0) throw emptyUpdate();
    return { kind: 'ids', ids: readPointIds(message.points.ids, 'points') };
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
