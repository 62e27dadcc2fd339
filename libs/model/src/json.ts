// JSON without loss: integers of 64 bits beyond 2^53 are bigint, so that ids and payload integers stay exact, and `5.0`
// is a WholeFloat, which is not the integer `5`.
//
// Invariant: parseJson(stringifyJson(value)) equals value, for every value parseJson can return.
//
// Two cheap scans decide whether a text needs a slower way: a bulk of float vectors hardly ever does. The first bounds
// the depth before anything that could recurse sees the text.

import { JsonError } from './json-error.ts';
import { needsExactReading, readExactly } from './json-exact.ts';
import type { JsonValue } from './json-value.ts';
import { floatText, rawJson, WholeFloat } from './whole-float.ts';

export { JsonError } from './json-error.ts';
export type { JsonArray, JsonObject, JsonValue } from './json-value.ts';

export const JSON_DEPTH_MAX = 128;

/** `stringify` writes a whole double beyond 2^53 as an integer, which would be read back as a bigint. */
const WRITTEN_LONG_INTEGER = /(?:^|[[:,])-?\d{16,21}(?![\d.eE])/;

/** Half of a pair that stands for one character, written as an escape. */
const SURROGATE = /\\u[dD][89a-fA-F]/;
/** A whole pair; one after a backslash may be no escape and is left to the exact way. */
const SURROGATE_PAIR = /(?<!\\)\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}/g;

/**
 * Parses a JSON text. Integers outside ±(2^53 - 1) but within i64 or u64 become bigint; larger ones become doubles;
 * floats that are whole and within ±(2^53 - 1) become WholeFloat, and so does `-0`. Throws a JsonError on bad syntax,
 * on a number beyond the largest double, on half a surrogate pair (UTF-8 cannot write it) and on nesting deeper than
 * `depthMax`.
 */
export function parseJson(text: string, options?: { readonly depthMax?: number }): JsonValue {
  const isInexact = needsExactReading(text, options?.depthMax ?? JSON_DEPTH_MAX);
  const hasHalves = SURROGATE.test(text) && SURROGATE.test(text.replace(SURROGATE_PAIR, ''));
  try {
    const value = hasHalves ? JSON.parse(text, refuseHalves) : JSON.parse(text);
    return isInexact ? readExactly(text) : value;
  } catch (error) {
    if (error instanceof JsonError) throw error;
    throw new JsonError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/**
 * Writes a value as JSON text, keys in insertion order; bigint as a plain integer. An object whose type is an interface
 * is welcome too: its members are JSON values, or undefined and then left out.
 */
export function stringifyJson(value: JsonValue | object): string {
  try {
    const text = JSON.stringify(value);
    if (!WRITTEN_LONG_INTEGER.test(text)) return text;
  } catch (error) {
    // A bigint is the one JsonValue that JSON.stringify refuses.
    if (!(error instanceof TypeError)) throw error;
  }
  return JSON.stringify(value, replaceNumber);
}

function refuseHalves(key: string, value: unknown): unknown {
  if (key.isWellFormed() && (typeof value !== 'string' || value.isWellFormed())) return value;
  throw new JsonError('a string holds half a surrogate pair');
}

function replaceNumber(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return rawJson(value.toString());
  if (typeof value !== 'number' || !Number.isInteger(value) || Number.isSafeInteger(value)) {
    return value;
  }
  return rawJson(floatText(value));
}

/** How deep objects and lists nest: 0 for a scalar, 1 for `{}`. For a value that was parsed, so not too deep itself. */
export function jsonDepth(value: JsonValue): number {
  if (typeof value !== 'object' || value === null || value instanceof WholeFloat) return 0;
  let deepest = 0;
  for (const item of Object.values(value)) deepest = Math.max(deepest, jsonDepth(item));
  return deepest + 1;
}
