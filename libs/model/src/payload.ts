// Pure rules for changing and showing payloads. Nothing is changed in place; untouched parts are shared.

import { compileFormulaValues } from './formula-values.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { parseJsonPath, replaceAt } from './json-path.ts';
import { exclude, include, pathTree, remove } from './path-tree.ts';
import { isJsonObject } from './payload-codec.ts';
import type { PayloadSchema } from './payload-schema.ts';
import type { PayloadSelector } from './query.ts';

/**
 * The payload with the keys of `patch` set; a null in the patch removes its key. With `key`, the patch is merged into
 * the object at that JSON path instead, which is made where it is missing or something else. Throws a JsonPathError.
 */
export function mergePayload(payload: JsonObject, patch: JsonObject, key?: string): JsonObject {
  if (key === undefined) return mergeObject(payload, patch);
  return replaceAt(payload, parseJsonPath(key), (old) =>
    mergeObject(isJsonObject(old) ? old : {}, patch),
  );
}

/** The payload replaced by `replacement`, or with `key` only what is at that JSON path. Throws a JsonPathError. */
export function overwritePayload(
  payload: JsonObject,
  replacement: JsonObject,
  key?: string,
): JsonObject {
  if (key === undefined) return replacement;
  return replaceAt(payload, parseJsonPath(key), () => replacement);
}

/** The payload without what the JSON paths `keys` lead to. Throws a JsonPathError. */
export function removePayloadKeys(payload: JsonObject, keys: readonly string[]): JsonObject {
  return remove(payload, pathTree(keys.map(parseJsonPath)));
}

/** What the selector shows of the payload; undefined for `none`. Throws a JsonPathError. */
export function projectPayload(
  payload: JsonObject,
  selector: PayloadSelector,
  schema: PayloadSchema = {},
): JsonObject | undefined {
  return compileProjection(selector, schema)(payload);
}

/** `projectPayload` with the selector's paths parsed once, for many payloads. */
export function compileProjection(
  selector: PayloadSelector,
  schema: PayloadSchema = {},
): (payload: JsonObject) => JsonObject | undefined {
  switch (selector.kind) {
    case 'none':
      return () => undefined;
    case 'all':
      return (payload) => payload;
    case 'include': {
      const tree = pathTree(selector.keys.map(parseJsonPath));
      return (payload) => asObject(include(payload, tree));
    }
    case 'exclude': {
      const tree = pathTree(selector.keys.map(parseJsonPath));
      return (payload) => asObject(exclude(payload, tree));
    }
    case 'values':
      return compileFormulaValues(selector.keys, schema);
  }
}

function mergeObject(object: JsonObject, patch: JsonObject): JsonObject {
  const merged: JsonObject = { ...object, ...patch };
  if (!Object.values(patch).includes(null)) return merged;
  const kept = Object.entries(merged).filter(
    ([key, value]) => value !== null || !Object.hasOwn(patch, key),
  );
  return Object.fromEntries(kept);
}

function asObject(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
