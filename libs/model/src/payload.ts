// Pure rules for changing and showing payloads. Nothing is changed in place; untouched parts are shared.

import type { JsonObject, JsonValue } from './json.ts';
import {
  type JsonPath,
  ownValue,
  parseJsonPath,
  removeAt,
  replaceAt,
  withKey,
  withoutKey,
} from './json-path.ts';
import { isJsonObject } from './payload-codec.ts';
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
  return keys.reduce((rest, key) => removeAt(rest, parseJsonPath(key)), payload);
}

/** What the selector shows of the payload; undefined for `none`. Throws a JsonPathError. */
export function projectPayload(
  payload: JsonObject,
  selector: PayloadSelector,
): JsonObject | undefined {
  return compileProjection(selector)(payload);
}

/** `projectPayload` with the selector's paths parsed once, for many payloads. */
export function compileProjection(
  selector: PayloadSelector,
): (payload: JsonObject) => JsonObject | undefined {
  switch (selector.kind) {
    case 'none':
      return () => undefined;
    case 'all':
      return (payload) => payload;
    case 'include': {
      const tree = pathTree(selector.keys);
      return (payload) => asObject(include(payload, tree));
    }
    case 'exclude': {
      const tree = pathTree(selector.keys);
      return (payload) => asObject(exclude(payload, tree));
    }
  }
}

function mergeObject(object: JsonObject, patch: JsonObject): JsonObject {
  let merged: JsonObject = { ...object, ...patch };
  for (const key of Object.keys(patch)) {
    if (ownValue(patch, key) === null) merged = withoutKey(merged, key);
  }
  return merged;
}

/** The paths of a selector, joined where they share their beginning. */
interface PathTree {
  /** A path ends here: the whole value is meant. */
  whole: boolean;
  readonly keys: Map<string, PathTree>;
  readonly indexes: Map<number, PathTree>;
  elements: PathTree | undefined;
}

function pathTree(keys: readonly string[]): PathTree {
  const root = emptyTree();
  for (const key of keys) grow(root, parseJsonPath(key)).whole = true;
  return root;
}

function emptyTree(): PathTree {
  return { whole: false, keys: new Map(), indexes: new Map(), elements: undefined };
}

function grow(root: PathTree, path: JsonPath): PathTree {
  let tree = root;
  for (const step of path) {
    switch (step.kind) {
      case 'key':
        tree = childOf(tree.keys, step.key);
        break;
      case 'index':
        tree = childOf(tree.indexes, step.index);
        break;
      case 'elements':
        tree.elements ??= emptyTree();
        tree = tree.elements;
    }
  }
  return tree;
}

function childOf<K>(children: Map<K, PathTree>, key: K): PathTree {
  const child = children.get(key) ?? emptyTree();
  children.set(key, child);
  return child;
}

/** The part of the value the tree names; undefined where that is nothing. */
function include(value: JsonValue, tree: PathTree): JsonValue | undefined {
  if (tree.whole) return value;
  if (isJsonObject(value)) {
    let part: JsonObject | undefined;
    for (const [key, child] of tree.keys) {
      const old = ownValue(value, key);
      const kept = old === undefined ? undefined : include(old, child);
      if (kept !== undefined) part = withKey(part ?? {}, key, kept);
    }
    return part;
  }
  if (!Array.isArray(value)) return undefined;
  if (tree.elements === undefined && tree.indexes.size === 0) return undefined;
  const array = value as readonly JsonValue[];
  return array.flatMap((element, index) => {
    const kept = trees(tree, index)
      .map((child) => include(element, child))
      .filter((part) => part !== undefined);
    return kept.length === 0 ? [] : [kept.reduce(union)];
  });
}

/** The value without what the tree names; undefined where it is named whole. */
function exclude(value: JsonValue, tree: PathTree): JsonValue | undefined {
  if (tree.whole) return undefined;
  if (isJsonObject(value)) {
    let rest = value;
    for (const [key, child] of tree.keys) {
      const old = ownValue(value, key);
      if (old === undefined) continue;
      const kept = exclude(old, child);
      if (kept === undefined) rest = withoutKey(rest, key);
      else if (kept !== old) rest = withKey(rest, key, kept);
    }
    return rest;
  }
  if (!Array.isArray(value) || (tree.elements === undefined && tree.indexes.size === 0)) {
    return value;
  }
  const array = value as readonly JsonValue[];
  return array.flatMap((element, index) => {
    let rest: JsonValue | undefined = element;
    for (const child of trees(tree, index)) {
      if (rest !== undefined) rest = exclude(rest, child);
    }
    return rest === undefined ? [] : [rest];
  });
}

function trees(tree: PathTree, index: number): PathTree[] {
  return [tree.elements, tree.indexes.get(index)].filter((child) => child !== undefined);
}

/** Two parts of one value, put together. */
function union(a: JsonValue, b: JsonValue): JsonValue {
  if (!isJsonObject(a) || !isJsonObject(b)) return b;
  let both = a;
  for (const key of Object.keys(b)) {
    const left = ownValue(a, key);
    const right = ownValue(b, key);
    if (right === undefined) continue;
    both = withKey(both, key, left === undefined ? right : union(left, right));
  }
  return both;
}

function asObject(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
