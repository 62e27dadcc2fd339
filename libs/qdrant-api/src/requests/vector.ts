// Vectors in JSON bodies. Only finite float32 numbers come out: strings, null, 1e999 and what overflows float32 do not.

import type { JsonArray, JsonValue, NamedVectors } from '@tributary/model';
import { UNNAMED_VECTOR } from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import { formatError } from '../errors.ts';
import { unsupported } from '../unsupported.ts';
import { isArray, isObject, shown, wrongType } from './json-reader.ts';

export function unknownVectorName(name: string): TributaryError {
  return new TributaryError('wrong_input', `Not existing vector name error: ${name}`);
}

/** One dense vector: a list of finite numbers. Sparse vectors, multivectors and inference are refused by name. */
export function readVector(value: JsonValue | undefined, path: string): Float32Array {
  if (!isArray(value)) throw notAVector(value, path);
  const length = value.length;
  const vector = new Float32Array(length);
  let check = 0;
  for (let i = 0; i < length; i++) {
    const item = value[i];
    if (typeof item !== 'number') return readUnusualVector(value, path);
    vector[i] = item;
    // 0 × Infinity and 0 × NaN are NaN, so one comparison after the loop finds a component that is not finite.
    check += (vector[i] ?? 0) * 0;
  }
  if (check !== 0) throw notFinite(vector, value, path);
  return vector;
}

/** The `vector` of a point: one unnamed vector, or vectors by name. */
export function readPointVectors(value: JsonValue | undefined, path: string): NamedVectors {
  if (isArray(value)) return { [UNNAMED_VECTOR]: readVector(value, path) };
  if (!isObject(value)) throw wrongType(path, value, 'a vector, or vectors by name');
  const vectors: Record<string, Float32Array> = {};
  for (const [name, item] of Object.entries(value)) {
    if (!isArray(item) && !isObject(item)) throw notAVectorMap(value, item, `${path}.${name}`);
    if (name === '__proto__') throw unknownVectorName(name);
    vectors[name] = readVector(item, `${path}.${name}`);
  }
  return vectors;
}

function notAVectorMap(
  map: { readonly [key: string]: JsonValue },
  item: JsonValue,
  path: string,
): Error {
  const isInference = 'model' in map && ('text' in map || 'image' in map || 'object' in map);
  return isInference ? unsupported('inference') : wrongType(path, item, 'a vector');
}

function notAVector(value: JsonValue | undefined, path: string): Error {
  if (isObject(value)) {
    if (Object.hasOwn(value, 'indices')) return unsupported('sparseVectors');
    if (Object.hasOwn(value, 'model')) return unsupported('inference');
  }
  return wrongType(path, value, 'a vector');
}

function readUnusualVector(values: JsonArray, path: string): Float32Array {
  if (isArray(values[0])) throw unsupported('multivectors');
  const numbers = values.map((item, i) => {
    if (typeof item === 'bigint') return Number(item);
    if (typeof item === 'number') return item;
    throw wrongType(`${path}[${i}]`, item, 'a number');
  });
  return readVector(numbers, path);
}

function notFinite(vector: Float32Array, values: JsonArray, path: string): Error {
  const i = vector.findIndex((component) => !Number.isFinite(component));
  return formatError(`${path}[${i}]: number out of range for float32: ${shown(values[i])}`);
}
