// Vector schemas read from JSON. Their JSON form is the value itself, so writing them needs no code. Reading is strict:
// a schema that one replica reads otherwise than another would make their points differ.

import { VECTOR_SIZE_MAX } from './collection.ts';
import { STORED_DATATYPES } from './datatype.ts';
import { DISTANCES } from './distance.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { JsonError } from './json-error.ts';
import { isJsonObject } from './payload-codec.ts';
import type { VectorEntry, VectorSchema, VectorShape } from './vector-schema.ts';

/** Throws a JsonError. */
export function vectorSchemaFromJson(value: JsonValue): VectorSchema {
  const entries = Object.entries(asObject(value));
  return Object.fromEntries(entries.map(([name, entry]) => [name, entryFromJson(entry)]));
}

/** Throws a JsonError. */
export function vectorShapeFromJson(value: JsonValue): VectorShape {
  const { kind, size, distance, datatype, ...rest } = asObject(value);
  refuseMembers(rest);
  if (kind === 'sparse') {
    const has = [size, distance, datatype].some((member) => member !== undefined);
    if (!has) return { kind };
    throw new JsonError('a sparse vector has no size, distance or datatype');
  }
  if (kind !== 'dense' && kind !== 'multi') throw new JsonError('not a kind of vector');
  const known = DISTANCES.find((name) => name === distance);
  if (known === undefined) throw new JsonError('not a distance');
  const shape = { kind, size: asInteger(size, 1, VECTOR_SIZE_MAX), distance: known } as const;
  if (datatype === undefined) return shape;
  const stored = STORED_DATATYPES.find((name) => name === datatype);
  if (stored === undefined) throw new JsonError('not a datatype');
  return { ...shape, datatype: stored };
}

function entryFromJson(value: JsonValue): VectorEntry {
  const { revision, shape, replaces, ...rest } = asObject(value);
  refuseMembers(rest);
  if (replaces !== undefined && replaces !== true) throw new JsonError('not a flag');
  return {
    revision: asInteger(revision, 0, Number.MAX_SAFE_INTEGER),
    ...(shape !== undefined && { shape: vectorShapeFromJson(shape) }),
    ...(replaces !== undefined && { replaces }),
  };
}

function refuseMembers(rest: JsonObject): void {
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw new JsonError(`unknown member of a vector: ${unknown}`);
}

function asInteger(value: JsonValue | undefined, min: number, max: number): number {
  const isInteger = typeof value === 'number' && Number.isSafeInteger(value);
  if (!isInteger || value < min || value > max) throw new JsonError('not such a number');
  return value;
}

function asObject(value: JsonValue): JsonObject {
  if (!isJsonObject(value)) throw new JsonError('not an object');
  return value;
}
