// Reads the parts of a parsed JSON body. A value of the wrong type is a format error (400), a readable one out of range
// a validation error (422). `path` says where in the body the value is, as in `points[0].id`.

import type { ExactNumber, JsonArray, JsonObject, JsonValue, PointId } from '@tributary/model';
import {
  canonicalJsonPath,
  exactNumberOf,
  JsonError,
  JsonPathError,
  numberOfValue,
  parseJson,
  parseJsonInSteps,
  parsePointId,
  stringifyJson,
  WholeFloat,
} from '@tributary/model';
import type { Steps } from '@tributary/runtime';
import { formatError, invalidPointId, validationError } from '../errors.ts';

export type Body = JsonValue | undefined;

/** The largest of 32 bits. */
const FLOAT_MAX = 2 ** 128 - 2 ** 104;
const U32_MAX = 0xffff_ffff;
const U64_MAX = 2n ** 64n - 1n;
/** A page and what is before it, and one more, still fit 32 bits. */
const COUNT_MAX = 2 ** 31 - 1;

/** The text of a body as JSON; a format error where it is none, is nested too deep or has a number out of range. */
export function parseBody(text: string): JsonValue {
  try {
    return parseJson(text);
  } catch (error) {
    throw asFormatError(error);
  }
}

/** The same of a large body, by its bytes. */
export function* bodySteps(bytes: Buffer): Steps<JsonValue> {
  try {
    return yield* parseJsonInSteps(bytes);
  } catch (error) {
    throw asFormatError(error);
  }
}

function asFormatError(error: unknown): unknown {
  return error instanceof JsonError ? formatError(error.message) : error;
}

/** `a.b` of `a` and `b`; `b` where `a` is the body itself. */
export function at(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

/** How a value is shown in an error: its JSON text, cut short. */
export function shown(value: unknown): string {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof WholeFloat) return stringifyJson(value);
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 100));
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return `${value}`;
  return Array.isArray(value) ? 'a list' : value === undefined ? 'nothing' : 'an object';
}

export function wrongType(path: string, value: unknown, expected: string): Error {
  const where = path === '' ? '' : `${path}: `;
  return formatError(`${where}invalid type: ${shown(value)}, expected ${expected}`);
}

export function isObject(value: unknown): value is JsonObject {
  if (typeof value !== 'object' || value === null) return false;
  return !Array.isArray(value) && !(value instanceof WholeFloat);
}

export function isArray(value: unknown): value is JsonArray {
  return Array.isArray(value);
}

export function readObject(value: Body, path: string): JsonObject {
  if (isObject(value)) return value;
  throw wrongType(path, value, 'an object');
}

export function readArray(value: Body, path: string): JsonArray {
  if (isArray(value)) return value;
  throw wrongType(path, value, 'a list');
}

export function readString(value: Body, path: string): string {
  if (typeof value === 'string') return value;
  throw wrongType(path, value, 'a string');
}

/** What `read` makes of each item, step by step. */
export function* readEach<T>(
  value: Body,
  path: string,
  read: (item: JsonValue, path: string) => T,
): Steps<T[]> {
  const items: T[] = [];
  for (const [i, item] of readArray(value, path).entries()) {
    items.push(read(item, `${path}[${i}]`));
    yield undefined;
  }
  return items;
}

export function readStrings(value: Body, path: string): string[] {
  return readArray(value, path).map((item, i) => readString(item, `${path}[${i}]`));
}

/** A JSON path into a payload, as its canonical text. */
export function readPath(value: Body, path: string): string {
  const text = readString(value, path);
  try {
    return canonicalJsonPath(text);
  } catch (error) {
    if (error instanceof JsonPathError) throw formatError(`${path}: ${error.message}`);
    throw error;
  }
}

export function readPaths(value: Body, path: string): string[] {
  return readArray(value, path).map((item, i) => readPath(item, `${path}[${i}]`));
}

export function readBoolean(value: Body, path: string): boolean {
  if (typeof value === 'boolean') return value;
  throw wrongType(path, value, 'a boolean');
}

/** A finite number; integers beyond 2^53 are rounded. */
export function readNumber(value: Body, path: string): number {
  const number = numberOfValue(value);
  if (number !== undefined && Number.isFinite(number)) return number;
  throw wrongType(path, value, 'a finite number');
}

/** A finite number, exactly. */
export function readExactNumber(value: Body, path: string): ExactNumber {
  const number = exactNumberOf(value);
  if (typeof number === 'bigint' || Number.isFinite(number)) return number ?? 0;
  throw wrongType(path, value, 'a finite number');
}

/**
 * A number that the contract keeps in 32 bits, as gRPC sends it: rounded, so that both protocols give the same scores.
 * What is beyond them becomes the largest there is.
 */
export function readFloat(value: Body, path: string): number {
  const number = Math.fround(readNumber(value, path));
  return Number.isFinite(number) ? number : Math.sign(number) * FLOAT_MAX;
}

/** A copy with plain numbers, for settings: it does not matter whether their 1 was written as `1.0`. */
export function withPlainNumbers(value: JsonObject): JsonObject;
export function withPlainNumbers(value: JsonValue): JsonValue;
export function withPlainNumbers(value: JsonValue): JsonValue {
  if (value instanceof WholeFloat) return value.value;
  if (isArray(value)) return value.map((item) => withPlainNumbers(item));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, withPlainNumbers(item)]),
  );
}

/** An integer of 64 bits without a sign; from 2^53 on, where it can only mean "no bound", 2^53 - 1. */
export function readUnsigned(value: Body, path: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) {
    if (value <= Number.MAX_SAFE_INTEGER) return value;
  }
  if (typeof value === 'bigint' && value >= 0 && value <= U64_MAX) return Number.MAX_SAFE_INTEGER;
  throw wrongType(path, value, `an integer from 0 to ${U64_MAX}`);
}

export function readU32(value: Body, path: string): number {
  const number = readUnsigned(value, path);
  if (number <= U32_MAX) return number;
  throw wrongType(path, value, `an integer from 0 to ${U32_MAX}`);
}

/** How many points to return or pass over, from `min` on. More than a replica can hold is as good as all of them. */
export function checkCount(count: number, path: string, min: 0 | 1): number {
  return Math.min(checkRange(count, path, min), COUNT_MAX);
}

/** Refuses a number outside `min` .. `max` as a validation error; returns it otherwise. */
export function checkRange(number: number, path: string, min: number, max = Infinity): number {
  if (number >= min && number <= max) return number;
  const bounds = max === Infinity ? `${min} or larger` : `from ${min} to ${max}`;
  throw validationError(path, `value ${number} invalid, must be ${bounds}`);
}

/** What `read` makes of the value at `key`; undefined where there is none or null. */
export function optional<T>(
  object: JsonObject,
  key: string,
  path: string,
  read: (value: JsonValue, path: string) => T,
): T | undefined {
  const value = object[key];
  return value === undefined || value === null ? undefined : read(value, at(path, key));
}

export function readPointId(value: Body, path: string): PointId {
  const id = parsePointId(value);
  if (id !== undefined) return id;
  throw formatError(`${path}: ${invalidPointId(shown(value))}`);
}

export function readPointIds(value: Body, path: string): PointId[] {
  // A path for each of a hundred thousand takes longer than to read them.
  return readArray(value, path).map((item, i) => {
    return parsePointId(item) ?? readPointId(item, `${path}[${i}]`);
  });
}

/** The object without the keys whose value is undefined, so that `null` and absence are the same to the model. */
export function present<T extends object>(object: { [K in keyof T]: T[K] | undefined }): T {
  const result: Partial<T> = {};
  for (const key in object) {
    const value = object[key];
    if (value !== undefined) result[key] = value;
  }
  return result as T;
}
