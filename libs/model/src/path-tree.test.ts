import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { keys, paths, payloads } from './arbitraries.ts';
import { type JsonObject, stringifyJson } from './json.ts';
import { type JsonPath, parseJsonPath, replaceAt, valuesAt } from './json-path.ts';
import { exclude, include, pathTree, remove } from './path-tree.ts';

const payload = {
  name: 'x',
  country: { cities: [{ name: 'Berlin', sights: ['Gate'] }, { name: 'Bonn' }, 7] },
  matrix: [[1, 2], [3]],
};

const removeAt = (object: JsonObject, path: JsonPath) => remove(object, pathTree([path]));

test('what was removed at a path of keys is not found there, and nothing else is gone', () => {
  fc.assert(
    fc.property(payloads, fc.array(keys, { minLength: 1, maxLength: 3 }), (object, steps) => {
      const path = steps.map((key) => ({ kind: 'key' as const, key }));
      const rest = removeAt(object, path);
      assert.deepEqual(valuesAt(rest, path), []);
      const [value] = valuesAt(object, path);
      if (value === undefined) assert.equal(rest, object);
      else assert.deepEqual(sorted(replaceAt(rest, path, () => value)), sorted(object));
    }),
  );
});

test('removing goes through arrays, empties them, and never removes by position', () => {
  const removed = (path: string) => removeAt(payload, parseJsonPath(path));
  assert.deepEqual(removed('country.cities[].name').country, {
    cities: [{ sights: ['Gate'] }, {}, 7],
  });
  assert.deepEqual(removed('country.cities[0].name').country, {
    cities: [{ sights: ['Gate'] }, { name: 'Bonn' }, 7],
  });
  assert.deepEqual(removed('matrix[]').matrix, []);
  assert.deepEqual(removed('matrix[][]').matrix, [[], []]);
  assert.equal(removed('matrix[0]'), payload);
});

test('removing many paths is removing one after the other, in any order', () => {
  fc.assert(
    fc.property(payloads, fc.array(paths, { maxLength: 5 }), (object, texts) => {
      const all = texts.map((text) => parseJsonPath(text));
      const together = stringifyJson(remove(object, pathTree(all)));
      assert.equal(together, stringifyJson(all.reduce(removeAt, object)));
      assert.equal(together, stringifyJson(all.toReversed().reduce(removeAt, object)));
    }),
  );
});

test('what a tree does to a payload leaves the payload itself as it was', () => {
  fc.assert(
    fc.property(payloads, fc.array(paths, { maxLength: 3 }), (object, texts) => {
      const before = stringifyJson(object);
      const tree = pathTree(texts.map((text) => parseJsonPath(text)));
      for (const change of [include, exclude, remove]) change(object, tree);
      assert.equal(stringifyJson(object), before);
    }),
  );
});

/** Equal for objects that differ in the order of their keys only. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (_key, inner) => {
    if (typeof inner === 'bigint') return `${inner}n`;
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1));
  });
}
