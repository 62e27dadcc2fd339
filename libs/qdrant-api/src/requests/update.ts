// Requests that change or delete points already there: each becomes one operation of the model.

import type {
  GivenOperation,
  GivenVector,
  JsonObject,
  JsonValue,
  NamedVectors,
  PointId,
  PointOperation,
  PointSelector,
} from '@tributary/model';
import { JSON_DEPTH_MAX, jsonDepth, parseJsonPath } from '@tributary/model';
import type { Steps } from '@tributary/runtime';
import { emptyUpdate, formatError, validationError } from '../errors.ts';
import { refuseKeys } from '../unsupported.ts';
import { readFilter } from './filter.ts';
import {
  optional,
  present,
  readEach,
  readObject,
  readPath,
  readPaths,
  readPointId,
  readStrings,
} from './json-reader.ts';
import { readPointVectors } from './vector.ts';

export function* deletePointsSteps(body: JsonValue | undefined): Steps<PointOperation> {
  return { kind: 'delete', selector: yield* readSelector(readUpdate(body)) };
}

export function* updateVectorsSteps(body: JsonValue | undefined): Steps<GivenOperation> {
  const object = readUpdate(body);
  const points = yield* readEach(object.points, 'points', (item, path) => {
    const point = readObject(item, path);
    const vector = point.vector === undefined ? point.vectors : point.vector;
    return vectorUpdate(
      readPointId(point.id, `${path}.id`),
      readPointVectors(vector, `${path}.vector`),
      `${path}.vector`,
    );
  });
  if (points.length === 0) throw validationError('points', 'must not be empty');
  return present<GivenOperation & { kind: 'updateVectors' }>({
    kind: 'updateVectors',
    points,
    updateFilter: optional(object, 'update_filter', '', readFilter),
  });
}

/** Refuses a point of which nothing is to be changed. */
export function vectorUpdate(
  id: PointId,
  vectors: NamedVectors<GivenVector>,
  path: string,
): { readonly id: PointId; readonly vectors: NamedVectors<GivenVector> } {
  if (Object.keys(vectors).length > 0) return { id, vectors };
  throw validationError(path, 'must name at least one vector to update');
}

export function* deleteVectorsSteps(body: JsonValue | undefined): Steps<PointOperation> {
  const object = readUpdate(body);
  const names = readStrings(object.vector ?? object.vectors, 'vector');
  if (names.length === 0) throw validationError('vector', 'must specify vector names to delete');
  const selector = yield* readSelector(object);
  return { kind: 'deleteVectors', selector, names: [...new Set(names)] };
}

export function setPayloadSteps(body: JsonValue | undefined): Steps<PointOperation> {
  return readPayloadChange('setPayload', body);
}

export function overwritePayloadSteps(body: JsonValue | undefined): Steps<PointOperation> {
  return readPayloadChange('overwritePayload', body);
}

function* readPayloadChange(
  kind: 'setPayload' | 'overwritePayload',
  body: JsonValue | undefined,
): Steps<PointOperation> {
  const object = readUpdate(body);
  const payload = readObject(object.payload, 'payload');
  const key = optional(object, 'key', '', readPath);
  return payloadChange(kind, yield* readSelector(object), payload, key);
}

/** Refuses a payload that would lie too deep under its key. */
export function payloadChange(
  kind: 'setPayload' | 'overwritePayload',
  selector: PointSelector,
  payload: JsonObject,
  key: string | undefined,
): PointOperation {
  if (key === undefined) return { kind, selector, payload };
  if (parseJsonPath(key).length + jsonDepth(payload) > JSON_DEPTH_MAX) {
    throw formatError(`payload: nested deeper than ${JSON_DEPTH_MAX} levels under its key`);
  }
  return { kind, selector, payload, key };
}

export function* deletePayloadSteps(body: JsonValue | undefined): Steps<PointOperation> {
  const object = readUpdate(body);
  const keys = readPaths(object.keys, 'keys');
  return { kind: 'deletePayload', selector: yield* readSelector(object), keys };
}

export function* clearPayloadSteps(body: JsonValue | undefined): Steps<PointOperation> {
  return { kind: 'clearPayload', selector: yield* readSelector(readUpdate(body)) };
}

function readUpdate(body: JsonValue | undefined): JsonObject {
  const object = readObject(body, '');
  refuseKeys(object, { shard_key: 'shardKeys' });
  return object;
}

/** Ids come before a filter where a body has both. */
function* readSelector(body: JsonObject): Steps<PointSelector> {
  if (body.points !== undefined && body.points !== null) {
    const ids = yield* readEach(body.points, 'points', readPointId);
    if (ids.length === 0) throw emptyUpdate();
    return { kind: 'ids', ids };
  }
  const filter = optional(body, 'filter', '', readFilter);
  if (filter !== undefined) return { kind: 'filter', filter };
  throw formatError('expected `points` (a list of ids) or `filter`');
}
