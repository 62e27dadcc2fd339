// JSON whose numbers JavaScript would change: integers beyond 2^53, and 42.0, which is not 42. Such a number stays the
// text that it was written as.

import { rawJson } from '@tributary/model';
import { isObject, type Json } from './case.ts';

/** A number as it is written. */
export function exactNumber(text: string): Json {
  const raw = rawJson(text);
  // By its type it could be anything; it is an object that holds the text.
  if (!isJson(raw)) throw new TypeError(`${text} is no number`);
  return raw;
}

/** Integers beyond 2^53 are kept as they are written; any other number is what JavaScript reads. */
export function parseExactly(text: string): Json {
  const read: unknown = JSON.parse(text, keepInteger);
  if (!isJson(read)) throw new TypeError('no JSON');
  return read;
}

function keepInteger(
  _key: string,
  value: unknown,
  context?: { readonly source?: string },
): unknown {
  const source = context?.source;
  if (typeof value !== 'number' || Number.isSafeInteger(value) || source === undefined)
    return value;
  return /^-?\d+$/.test(source) ? rawJson(source) : value;
}

/** Whether this is a number that is kept as text. */
export function isExactNumber(value: Json | undefined): boolean {
  return isObject(value) && typeof value.rawJSON === 'string';
}

/** Whether both are the same number, to the last digit where both are integers. */
export function sameNumber(left: Json | undefined, right: Json | undefined): boolean {
  const [a, b] = [textOf(left), textOf(right)];
  if (a === undefined || b === undefined) return false;
  return a === b || (isExactNumber(left) !== isExactNumber(right) && Number(a) === Number(b));
}

export function numberOf(value: Json | undefined): number | undefined {
  const text = textOf(value);
  return text === undefined ? undefined : Number(text);
}

function textOf(value: Json | undefined): string | undefined {
  if (typeof value === 'number') return String(value);
  return isObject(value) && isExactNumber(value) ? String(value.rawJSON) : undefined;
}

function isJson(value: unknown): value is Json {
  return value !== undefined && typeof value !== 'function' && typeof value !== 'symbol';
}
