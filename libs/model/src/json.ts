// JSON without loss: integers of 64 bits beyond 2^53 are bigint, so that ids and payload integers stay exact.
//
// Invariant: parseJson(stringifyJson(value)) equals value, for every value parseJson can return.
//
// Two cheap scans decide whether a text needs the slow, exact way (a reviver that sees the source of each number):
// a bulk of float vectors never does. A third scan bounds the depth before anything that could recurse sees the text.

export type JsonValue = null | boolean | number | bigint | string | JsonArray | JsonObject;
export type JsonArray = readonly JsonValue[];
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

export const JSON_DEPTH_MAX = 128;

// Node 24 has it; the compiler's library does not know it yet.
declare global {
  interface JSON {
    rawJSON?(text: string): unknown;
  }
}

/** A text that is not JSON, is too deep, or holds a number that no double can carry or a string that is no Unicode. */
export class JsonError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'JsonError';
  }
}

const I64_MIN = -(2n ** 63n);
const U64_MAX = 2n ** 64n - 1n;
const INTEGER = /^-?\d{16,20}$/;
/** An integer of 16 digits or more may lie beyond 2^53. Bounded, because an unbounded run can exhaust the matcher. */
const LONG_INTEGER = /(?:^|[\s[:,])-?\d{16,200}(?![\d.eE])/;
/** Only an exponent of three digits or 200 digits in a row can pass the largest double. */
const OVERFLOW = /(?<=\d)[eE]\+?\d{3}|(?:^|[\s[:,.])-?\d{200}/;
/** `stringify` writes a whole double beyond 2^53 as an integer, which would be read back as a bigint. */
const WRITTEN_LONG_INTEGER = /(?:^|[[:,])-?\d{16,21}(?![\d.eE])/;

/** Half of a pair that stands for one character, written as an escape. */
const SURROGATE = /\\u[dD][89a-fA-F]/;
/** A whole pair; one after a backslash may be no escape and is left to the exact way. */
const SURROGATE_PAIR = /(?<!\\)\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}/g;

const DOUBLE_QUOTE = 0x22;
const BACKSLASH = 0x5c;
const CASE_BIT = 0x20;
/** `{`, and `[` with the case bit set. */
const OPENING = 0x7b;
/** `}`, and `]` with the case bit set. */
const CLOSING = 0x7d;

/**
 * Parses a JSON text. Integers outside ±(2^53 - 1) but within i64 or u64 become bigint; larger ones become doubles.
 * Throws a JsonError on bad syntax, on a number beyond the largest double, on half a surrogate pair (UTF-8 cannot write
 * it) and on nesting deeper than `depthMax`.
 */
export function parseJson(text: string, options?: { readonly depthMax?: number }): JsonValue {
  const depthMax = options?.depthMax ?? JSON_DEPTH_MAX;
  if (exceedsDepth(text, depthMax)) throw new JsonError(`nested deeper than ${depthMax} levels`);
  try {
    const hasHalves = SURROGATE.test(text) && SURROGATE.test(text.replace(SURROGATE_PAIR, ''));
    if (!hasHalves && !LONG_INTEGER.test(text) && !OVERFLOW.test(text)) return JSON.parse(text);
    return JSON.parse(text, hasHalves ? reviveText : reviveNumber);
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

function reviveText(key: string, value: unknown, context?: { source?: string }): unknown {
  if (!key.isWellFormed() || (typeof value === 'string' && !value.isWellFormed())) {
    throw new JsonError('a string holds half a surrogate pair');
  }
  return reviveNumber(key, value, context);
}

function reviveNumber(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? '';
  if (!Number.isFinite(value)) {
    throw new JsonError(`number out of range: ${source.slice(0, 32)}`);
  }
  if (!INTEGER.test(source)) return value;
  const integer = BigInt(source);
  return integer < I64_MIN || integer > U64_MAX ? value : integer;
}

function replaceNumber(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return rawJson(value.toString());
  if (typeof value !== 'number' || !Number.isInteger(value) || Number.isSafeInteger(value)) {
    return value;
  }
  // From 1e21 on a double is written with an exponent, and so read as a double again.
  return Math.abs(value) < 1e21 ? rawJson(`${value}.0`) : value;
}

function rawJson(text: string): unknown {
  if (JSON.rawJSON === undefined) throw new TypeError('JSON.rawJSON is missing: Node 24 has it');
  return JSON.rawJSON(text);
}

/** How deep objects and lists nest: 0 for a scalar, 1 for `{}`. For a value that was parsed, so not too deep itself. */
export function jsonDepth(value: JsonValue): number {
  if (typeof value !== 'object' || value === null) return 0;
  let deepest = 0;
  for (const item of Object.values(value)) deepest = Math.max(deepest, jsonDepth(item));
  return deepest + 1;
}

/** Iterative, so that a document of any depth costs one pass and no stack. */
function exceedsDepth(text: string, depthMax: number): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === DOUBLE_QUOTE) {
      i = endOfString(text, i);
    } else if ((code | CASE_BIT) === OPENING) {
      depth++;
      if (depth > depthMax) return true;
    } else if ((code | CASE_BIT) === CLOSING) {
      depth--;
    }
  }
  return false;
}

/** Index of the quote that ends the string that starts at `start`; the end of the text where none does. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end;
    end = text.indexOf('"', end + 1);
  }
  return text.length;
}
