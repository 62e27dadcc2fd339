// Paths into a payload: `a.b`, `a[].b` (every element), `a[0].b`, `"quoted key".b`.
//
// A path goes into arrays only where it says so: `a.b` finds nothing where `a` is an array. A key of anything but
// letters, digits, `_` and `-` stands in quotes, so that `$version` and what else may come to have a meaning is never a
// key by chance.
// Only own keys count, so that `constructor` or `__proto__` is an ordinary key. `"a".b` and `a.b` are one path: what is
// kept or looked up by a path's text goes by its canonical one.

import type { JsonObject, JsonValue } from './json.ts';
import { isJsonObject } from './payload-codec.ts';

export type JsonPathStep =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'elements' };

/** At least one step; the first is a key. */
export type JsonPath = readonly JsonPathStep[];

export class JsonPathError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'JsonPathError';
  }
}

const STEP_COUNT_MAX = 128;
const SIMPLE_KEY = /^[\p{Alphabetic}\p{N}_-]+$/u;
const TOKEN = /"(?<quoted>[^"]*)"|(?<bare>[\p{Alphabetic}\p{N}_-]+)/uy;
const KEY_EXPECTED = 'a key of letters, digits, _ and -, or any key in quotes, as in "my key",';
const BRACKET = /\[(?<index>\d{0,9})\]/y;

/** Throws a JsonPathError that says what is wrong and where. */
export function parseJsonPath(text: string): JsonPath {
  if (SIMPLE_KEY.test(text)) return [{ kind: 'key', key: text }];
  const path: JsonPathStep[] = [];
  let position = 0;
  while (true) {
    TOKEN.lastIndex = position;
    const key = TOKEN.exec(text)?.groups;
    if (key === undefined) throw invalid(text, position, KEY_EXPECTED);
    path.push({ kind: 'key', key: key.quoted ?? key.bare ?? '' });
    position = TOKEN.lastIndex;
    while (text[position] === '[') {
      BRACKET.lastIndex = position;
      const digits = BRACKET.exec(text)?.groups?.index;
      if (digits === undefined) throw invalid(text, position, '[] or [index]');
      path.push(digits === '' ? { kind: 'elements' } : { kind: 'index', index: Number(digits) });
      position = BRACKET.lastIndex;
    }
    if (path.length > STEP_COUNT_MAX) throw new JsonPathError('JSON path has too many steps');
    if (position === text.length) return path;
    if (text[position] !== '.') throw invalid(text, position, "'.' or '[', or the key in quotes,");
    position++;
  }
}

/** The one text of all that mean the same path: keys in quotes only where they need them. Throws a JsonPathError. */
export function canonicalJsonPath(text: string): string {
  if (SIMPLE_KEY.test(text)) return text;
  let canonical = '';
  for (const [i, step] of parseJsonPath(text).entries()) {
    switch (step.kind) {
      case 'key':
        canonical += `${i === 0 ? '' : '.'}${SIMPLE_KEY.test(step.key) ? step.key : `"${step.key}"`}`;
        break;
      case 'index':
        canonical += `[${step.index}]`;
        break;
      case 'elements':
        canonical += '[]';
    }
  }
  return canonical;
}

/**
 * The canonical text of a path, as indexes go by it; undefined where the text is no path. So a path that a nested
 * filter makes too long has no index.
 */
export function indexedPath(text: string): string | undefined {
  try {
    return canonicalJsonPath(text);
  } catch (error) {
    if (error instanceof JsonPathError) return undefined;
    throw error;
  }
}

/** Every value the path leads to, in document order; none where it leads nowhere. Arrays at its end stay whole. */
export function valuesAt(payload: JsonObject, path: JsonPath): JsonValue[] {
  let values: JsonValue[] = [payload];
  for (const step of path) {
    const next: JsonValue[] = [];
    for (const value of values) pushChildren(next, value, step);
    if (next.length === 0) return next;
    values = next;
  }
  return values;
}

/** The value of an own key, undefined where there is none. */
export function ownValue(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** A copy with the key set, also where it is `__proto__`. */
function withKey(object: JsonObject, key: string, value: JsonValue): JsonObject {
  return { ...object, [key]: value };
}

/**
 * A copy in which every value the path leads to is `replace` of the old one. Keys that are missing on the way are made,
 * with undefined as the old value; array elements are not. A value on the way that is not an object gives way to one.
 */
export function replaceAt(
  payload: JsonObject,
  path: JsonPath,
  replace: (old: JsonValue | undefined) => JsonValue,
): JsonObject {
  const result = replaceFrom(payload, path, 0, replace);
  return isJsonObject(result) ? result : payload;
}

function pushChildren(into: JsonValue[], value: JsonValue, step: JsonPathStep): void {
  switch (step.kind) {
    case 'key': {
      const child = isJsonObject(value) ? ownValue(value, step.key) : undefined;
      if (child !== undefined) into.push(child);
      return;
    }
    case 'index': {
      const child = Array.isArray(value) ? value[step.index] : undefined;
      if (child !== undefined) into.push(child);
      return;
    }
    case 'elements':
      if (Array.isArray(value)) for (const child of value) into.push(child);
  }
}

function replaceFrom(
  value: JsonValue | undefined,
  path: JsonPath,
  depth: number,
  replace: (old: JsonValue | undefined) => JsonValue,
): JsonValue {
  const step = path[depth];
  if (step === undefined) return replace(value);
  const array = Array.isArray(value) ? (value as readonly JsonValue[]) : [];
  switch (step.kind) {
    case 'key': {
      const object = isJsonObject(value) ? value : {};
      const child = replaceFrom(ownValue(object, step.key), path, depth + 1, replace);
      return withKey(object, step.key, child);
    }
    case 'index':
      return array.map((element, index) =>
        index === step.index ? replaceFrom(element, path, depth + 1, replace) : element,
      );
    case 'elements':
      return array.map((element) => replaceFrom(element, path, depth + 1, replace));
  }
}

function invalid(text: string, position: number, expected: string): JsonPathError {
  const excerpt = text.length > 64 ? `${text.slice(0, 64)}…` : text;
  return new JsonPathError(`invalid JSON path '${excerpt}': expected ${expected} at ${position}`);
}
