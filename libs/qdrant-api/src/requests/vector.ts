// Vectors in JSON bodies, in their three forms: a list of numbers, {indices, values}, a list of such lists.
// Only finite float32 numbers come out: strings, null, 1e999 and what overflows float32 do not.

import type {
  GivenVector,
  JsonArray,
  JsonObject,
  JsonValue,
  MultiVector,
  NamedVectors,
  SparseVector,
  VectorValue,
} from '@tributary/model';
import { numberOfValue, UNNAMED_VECTOR } from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import { formatError, validationError } from '../errors.ts';
import { isInference, readDocument } from './document.ts';
import { isArray, isObject, readArray, readU32, shown, wrongType } from './json-reader.ts';

/** Numbers in one multivector: Qdrant's own bound. */
export const MULTIVECTOR_LENGTH_MAX = 1_048_576;

export function unknownVectorName(name: string): TributaryError {
  return new TributaryError('wrong_input', `Not existing vector name error: ${name}`);
}

/** A vector of any form, or a document to make one of. */
export function readVector(value: JsonValue | undefined, path: string): GivenVector {
  if (isObject(value) && isInference(value)) return readDocument(value, path);
  return readPlainVector(value, path);
}

/** A vector of any form, as the requests from before the universal query have them. */
export function readPlainVector(value: JsonValue | undefined, path: string): VectorValue {
  if (isArray(value)) return isArray(value[0]) ? readRows(value, path) : readDense(value, path);
  if (isObject(value) && Object.hasOwn(value, 'indices')) return readSparse(value, path);
  throw wrongType(path, value, 'a vector');
}

/** The `vector` of a point: one unnamed vector, or vectors by name. */
export function readPointVectors(
  value: JsonValue | undefined,
  path: string,
): NamedVectors<GivenVector> {
  if (isArray(value)) return { [UNNAMED_VECTOR]: readVector(value, path) };
  if (!isObject(value)) throw wrongType(path, value, 'a vector, or vectors by name');
  if (isInference(value)) return { [UNNAMED_VECTOR]: readDocument(value, path) };
  const vectors: Record<string, GivenVector> = {};
  for (const [name, item] of Object.entries(value)) {
    if (!isArray(item) && !isObject(item)) throw wrongType(`${path}.${name}`, item, 'a vector');
    if (name === '__proto__') throw unknownVectorName(name);
    // The position of an untagged value within its alternatives is not known, hence the question mark.
    vectors[name] = readVector(item, isArray(item) ? `${path}.${name}` : `${path}.?`);
  }
  return vectors;
}

/** A list of numbers of which some, or none, are float32. */
function readDense(value: JsonArray, path: string): Float32Array {
  const vector = new Float32Array(value.length);
  fill(vector, 0, value, path);
  return vector;
}

function fill(into: Float32Array, start: number, values: JsonArray, path: string): void {
  let check = 0;
  for (let i = 0; i < values.length; i++) {
    const item = values[i];
    const component = typeof item === 'number' ? item : numberAt(item, path, i);
    into[start + i] = component;
    // 0 × Infinity and 0 × NaN are NaN, so one comparison after the loop finds a component that is not finite.
    check += (into[start + i] ?? 0) * 0;
  }
  if (check === 0) return;
  const at = values.findIndex((_, i) => !Number.isFinite(into[start + i]));
  throw formatError(`${path}[${at}]: number out of range for float32: ${shown(values[at])}`);
}

function numberAt(item: JsonValue | undefined, path: string, i: number): number {
  const number = numberOfValue(item);
  if (number !== undefined) return number;
  throw wrongType(`${path}[${i}]`, item, 'a number');
}

function readRows(value: JsonArray, path: string): MultiVector {
  const lists = value.map((row, i) => readArray(row, `${path}[${i}]`));
  const size = lists[0]?.length ?? 0;
  if (size === 0) throw validationError(path, 'the vectors of a multivector must not be empty');
  const length = lists.length * size;
  if (length > MULTIVECTOR_LENGTH_MAX) {
    throw validationError(path, `${length} numbers, at most ${MULTIVECTOR_LENGTH_MAX} are allowed`);
  }
  const rows = new Float32Array(length);
  lists.forEach((row, i) => {
    if (row.length !== size) {
      throw validationError(
        path,
        `all vectors must have the same size, found vector with size ${row.length}, expected ${size}`,
      );
    }
    fill(rows, i * size, row, `${path}[${i}]`);
  });
  return { size, rows };
}

/** Sorted by index, which is how replicas compare them. */
export function readSparse(object: JsonObject, path: string): SparseVector {
  const given = readArray(object.indices, `${path}.indices`);
  const indices = given.map((index, i) => readU32(index, `${path}.indices[${i}]`));
  const values = readDense(readArray(object.values, `${path}.values`), `${path}.values`);
  return sparseVector(indices, values, path);
}

/** Errors: `validation` where the lists differ in length or an index stands twice. */
export function sparseVector(
  indices: readonly number[],
  values: Float32Array,
  path: string,
): SparseVector {
  if (indices.length !== values.length) {
    const rule = 'Validation error: must be the same length as indices [{}]';
    throw validationError(`${path}.values`, rule);
  }
  if (new Set(indices).size !== indices.length) {
    throw validationError(`${path}.indices`, 'Validation error: must be unique [{}]');
  }
  const order = indices.map((_, i) => i).sort((a, b) => (indices[a] ?? 0) - (indices[b] ?? 0));
  return {
    indices: Uint32Array.from(order, (i) => indices[i] ?? 0),
    values: Float32Array.from(order, (i) => values[i] ?? 0),
  };
}
