// Requests that change or delete points already there: each becomes one operation of the model.

import type { JsonObject, JsonValue, PointOperation, PointSelector } from '@tributary/model';
import { JSON_DEPTH_MAX, jsonDepth, parseJsonPath } from '@tributary/model';
import { emptyUpdate, formatError } from '../errors.ts';
import { refuseKeys, unsupported } from '../unsupported.ts';
import { readFilter } from './filter.ts';
import { optional, readObject, readPath, readPaths, readPointIds } from './json-reader.ts';

export function parseDeletePoints(body: JsonValue | undefined): PointOperation {
  return { kind: 'delete', selector: readSelector(readUpdate(body)) };
}

export function parseSetPayload(body: JsonValue | undefined): PointOperation {
  const object = readUpdate(body);
  const payload = readObject(object.payload, 'payload');
  const key = optional(object, 'key', '', readPath);
  return setPayload(readSelector(object), payload, key);
}

/** Refuses a payload that would lie too deep under its key. */
export function setPayload(
  selector: PointSelector,
  payload: JsonObject,
  key: string | undefined,
): PointOperation {
  if (key === undefined) return { kind: 'setPayload', selector, payload };
  if (parseJsonPath(key).length + jsonDepth(payload) > JSON_DEPTH_MAX) {
    throw formatError(`payload: nested deeper than ${JSON_DEPTH_MAX} levels under its key`);
  }
  return { kind: 'setPayload', selector, payload, key };
}

export function parseOverwritePayload(body: JsonValue | undefined): PointOperation {
  const object = readUpdate(body);
  const payload = readObject(object.payload, 'payload');
  if (optional(object, 'key', '', readPath) !== undefined) throw unsupported('overwriteAtKey');
  return { kind: 'overwritePayload', selector: readSelector(object), payload };
}

export function parseDeletePayload(body: JsonValue | undefined): PointOperation {
  const object = readUpdate(body);
  const keys = readPaths(object.keys, 'keys');
  return { kind: 'deletePayload', selector: readSelector(object), keys };
}

export function parseClearPayload(body: JsonValue | undefined): PointOperation {
  return { kind: 'clearPayload', selector: readSelector(readUpdate(body)) };
}

function readUpdate(body: JsonValue | undefined): JsonObject {
  const object = readObject(body, '');
  refuseKeys(object, { shard_key: 'shardKeys' });
  return object;
}

/** Ids come before a filter where a body has both. */
function readSelector(body: JsonObject): PointSelector {
  const ids = optional(body, 'points', '', readPointIds);
  if (ids !== undefined) {
    if (ids.length === 0) throw emptyUpdate();
    return { kind: 'ids', ids };
  }
  const filter = optional(body, 'filter', '', readFilter);
  if (filter !== undefined) return { kind: 'filter', filter };
  throw formatError('expected `points` (a list of ids) or `filter`');
}
