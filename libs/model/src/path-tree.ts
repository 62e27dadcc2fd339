// Several paths at once, joined where they share their beginning, and what is done to a value with them: keep what they
// name, leave it out of a projection, or take it out of a payload for good.
//
// Invariant: a value is gone through once, however many paths there are, and comes back itself where nothing of it
// changes.

import type { JsonObject, JsonValue } from './json.ts';
import { type JsonPath, ownValue } from './json-path.ts';
import { isJsonObject } from './payload-codec.ts';

export interface PathTree {
  /** A path ends here: the whole value is meant. */
  whole: boolean;
  readonly keys: Map<string, PathTree>;
  readonly indexes: Map<number, PathTree>;
  elements: PathTree | undefined;
}

export function pathTree(paths: readonly JsonPath[]): PathTree {
  const root = emptyTree();
  for (const path of paths) grow(root, path).whole = true;
  return root;
}

/** The part of the value the tree names; undefined where that is nothing. */
export function include(value: JsonValue, tree: PathTree): JsonValue | undefined {
  if (tree.whole) return value;
  if (isJsonObject(value)) {
    const parts: [string, JsonValue][] = [];
    for (const [key, child] of tree.keys) {
      const old = ownValue(value, key);
      const kept = old === undefined ? undefined : include(old, child);
      if (kept !== undefined) parts.push([key, kept]);
    }
    return parts.length === 0 ? undefined : Object.fromEntries(parts);
  }
  if (!isArray(value) || !entersArrays(tree)) return undefined;
  return value.flatMap((element, index) => {
    const kept = trees(tree, index)
      .map((child) => include(element, child))
      .filter((part) => part !== undefined);
    return kept.length === 0 ? [] : [kept.reduce(union)];
  });
}

/** The value without what the tree names; undefined where it is named whole. */
export function exclude(value: JsonValue, tree: PathTree): JsonValue | undefined {
  if (tree.whole) return undefined;
  if (isJsonObject(value)) return withChanges(value, tree, exclude);
  if (!isArray(value) || !entersArrays(tree)) return value;
  return value.flatMap((element, index) => {
    let rest: JsonValue | undefined = element;
    for (const child of trees(tree, index)) {
      if (rest !== undefined) rest = exclude(rest, child);
    }
    return rest === undefined ? [] : [rest];
  });
}

/**
 * The object without what the tree names, so that doing it twice is doing it once: `a[]` empties the array, and a path
 * that ends in an index removes nothing.
 */
export function remove(object: JsonObject, tree: PathTree): JsonObject {
  return withChanges(object, tree, (value, child) =>
    child.whole ? undefined : removeWithin(value, child),
  );
}

function removeWithin(value: JsonValue, tree: PathTree): JsonValue {
  if (isJsonObject(value)) return remove(value, tree);
  if (!isArray(value) || !entersArrays(tree)) return value;
  if (tree.elements?.whole) return value.length > 0 ? [] : value;
  const changed = value.map((element, index) =>
    trees(tree, index).reduce<JsonValue>(removeWithin, element),
  );
  return changed.every((element, index) => element === value[index]) ? value : changed;
}

/** With every value that the tree has a key of changed, and left out where that gives undefined. */
function withChanges(
  object: JsonObject,
  tree: PathTree,
  change: (value: JsonValue, child: PathTree) => JsonValue | undefined,
): JsonObject {
  const changes = new Map<string, JsonValue | undefined>();
  for (const [key, child] of tree.keys) {
    const old = ownValue(object, key);
    const changed = old === undefined ? undefined : change(old, child);
    if (changed !== old) changes.set(key, changed);
  }
  if (changes.size === 0) return object;
  const kept: [string, JsonValue][] = [];
  for (const [key, old] of Object.entries(object)) {
    const value = changes.has(key) ? changes.get(key) : old;
    if (value !== undefined) kept.push([key, value]);
  }
  return Object.fromEntries(kept);
}

/** Two parts of one value, put together. */
function union(a: JsonValue, b: JsonValue): JsonValue {
  if (!isJsonObject(a) || !isJsonObject(b)) return b;
  const both = new Map(Object.entries(a));
  for (const [key, right] of Object.entries(b)) {
    const left = both.get(key);
    both.set(key, left === undefined ? right : union(left, right));
  }
  return Object.fromEntries(both);
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

/** What the paths go on with in an element. */
function trees(tree: PathTree, index: number): PathTree[] {
  return [tree.elements, tree.indexes.get(index)].filter((child) => child !== undefined);
}

function entersArrays({ elements, indexes }: PathTree): boolean {
  return elements !== undefined || indexes.size > 0;
}

function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
