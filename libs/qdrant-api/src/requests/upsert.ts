// The two forms of an upsert: a list of points, or columns of ids, vectors and payloads.

import type {
  GivenOperation,
  GivenVector,
  JsonObject,
  JsonValue,
  NamedVectors,
  Point,
} from '@tributary/model';
import { NO_PAYLOAD, payloadToBytes, UNNAMED_VECTOR } from '@tributary/model';
import type { Steps } from '@tributary/runtime';
import { emptyUpdate, formatError, validationError } from '../errors.ts';
import { refuseKeys } from '../unsupported.ts';
import { readFilter } from './filter.ts';
import {
  isArray,
  isObject,
  optional,
  present,
  readArray,
  readEach,
  readObject,
  readPointId,
  wrongType,
} from './json-reader.ts';
import { readPointVectors, readVector, unknownVectorName } from './vector.ts';

/** Vectors are finite but not yet checked against the collection: see `prepareSteps`. */
export function* upsertSteps(
  body: JsonValue | undefined,
): Steps<GivenOperation & { kind: 'upsert' }> {
  const object = readObject(body, '');
  refuseKeys(object, { shard_key: 'shardKeys' });
  const points = isArray(object.points)
    ? yield* readEach(object.points, 'points', readPoint)
    : yield* readBatch(object.batch);
  if (points.length === 0) throw emptyUpdate();
  return present<GivenOperation & { kind: 'upsert' }>({
    kind: 'upsert',
    points,
    mode: optional(object, 'update_mode', '', readUpdateMode),
    updateFilter: optional(object, 'update_filter', '', readFilter),
  });
}

const UPDATE_MODES = {
  // The default is left out of the log.
  upsert: undefined,
  insert_only: 'insertOnly',
  update_only: 'updateOnly',
} as const;

function readUpdateMode(value: JsonValue, path: string): 'insertOnly' | 'updateOnly' | undefined {
  if (value === 'upsert' || value === 'insert_only' || value === 'update_only') {
    return UPDATE_MODES[value];
  }
  throw wrongType(path, value, 'one of `upsert`, `insert_only`, `update_only`');
}

function readPoint(value: JsonValue, path: string): Point<GivenVector> {
  const point = readObject(value, path);
  return {
    id: readPointId(point.id, `${path}.id`),
    vectors: readPointVectors(
      point.vector === undefined ? point.vectors : point.vector,
      `${path}.vector`,
    ),
    payload: readPayload(point.payload, `${path}.payload`),
  };
}

function readPayload(value: JsonValue | undefined, path: string): Uint8Array {
  if (value === undefined || value === null) return NO_PAYLOAD;
  return payloadToBytes(readObject(value, path));
}

function* readBatch(value: JsonValue | undefined): Steps<Point<GivenVector>[]> {
  if (!isObject(value)) throw formatError('expected `points` (a list) or `batch` (an object)');
  const ids = yield* readEach(value.ids, 'batch.ids', readPointId);
  const vectors = yield* readColumns(value.vectors, ids.length);
  const payloads = readPayloadColumn(value, ids.length);
  const points: Point<GivenVector>[] = [];
  for (const [i, id] of ids.entries()) {
    const payload = readPayload(payloads?.[i], `batch.payloads[${i}]`);
    points.push({ id, vectors: vectors[i] ?? {}, payload });
    yield undefined;
  }
  return points;
}

function readPayloadColumn(batch: JsonObject, count: number): readonly JsonValue[] | undefined {
  if (batch.payloads === undefined || batch.payloads === null) return undefined;
  const payloads = readArray(batch.payloads, 'batch.payloads');
  checkCount(payloads.length, 'batch.payloads', count);
  return payloads;
}

function* readColumns(
  value: JsonValue | undefined,
  count: number,
): Steps<NamedVectors<GivenVector>[]> {
  const path = 'batch.vectors';
  if (isArray(value)) {
    checkCount(value.length, path, count);
    const vectors = yield* readEach(value, path, readVector);
    return vectors.map((vector) => ({ [UNNAMED_VECTOR]: vector }));
  }
  if (!isObject(value)) throw wrongType(path, value, 'a list of vectors, or such lists by name');
  const rows = Array.from({ length: count }, (): Record<string, GivenVector> => ({}));
  for (const [name, column] of Object.entries(value)) {
    const items = readArray(column, `${path}.${name}`);
    checkCount(items.length, `${path}.${name}`, count);
    if (name === '__proto__') throw unknownVectorName(name);
    for (const [i, row] of rows.entries()) {
      row[name] = readVector(items[i], `${path}.${name}[${i}]`);
      yield undefined;
    }
  }
  return rows;
}

function checkCount(actual: number, path: string, ids: number): void {
  if (actual === ids) return;
  throw validationError(path, `number of items (${actual}) must be the number of ids (${ids})`);
}
