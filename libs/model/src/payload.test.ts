import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { paths, payloads } from './arbitraries.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { parseJsonPath, valuesAt } from './json-path.ts';
import { mergePayload, overwritePayload, projectPayload, removePayloadKeys } from './payload.ts';
import { isJsonObject } from './payload-codec.ts';

const payload = {
  title: 'x',
  price: 5,
  city: { name: 'Berlin', geo: { lon: 1, lat: 2 } },
  tags: [
    { id: 1, on: true },
    { id: 2, on: false },
  ],
};

test('a merge sets the keys of the patch, keeps the others and removes those that are null', () => {
  assert.deepEqual(mergePayload(payload, { price: 6, new: [1], title: null }), {
    price: 6,
    city: payload.city,
    tags: payload.tags,
    new: [1],
  });
});

test('an overwrite leaves nothing of what was there, nor takes a null for a removal', () => {
  assert.deepEqual(overwritePayload(payload, { a: null }), { a: null });
  assert.deepEqual(overwritePayload(payload, { zip: 1 }, 'city'), { ...payload, city: { zip: 1 } });
  assert.deepEqual(overwritePayload({}, { a: 1 }, 'x.y'), { x: { y: { a: 1 } } });
  assert.deepEqual(overwritePayload(payload, { a: 1 }, 'tags[0]').tags, [
    { a: 1 },
    payload.tags[1],
  ]);
});

test('a merge at a key changes the object there, or makes one', () => {
  assert.deepEqual(mergePayload(payload, { name: 'Bonn' }, 'city').city, {
    name: 'Bonn',
    geo: payload.city.geo,
  });
  assert.deepEqual(mergePayload(payload, { a: 1 }, 'price'), { ...payload, price: { a: 1 } });
  assert.deepEqual(mergePayload({}, { a: 1 }, 'x.y'), { x: { y: { a: 1 } } });
  assert.deepEqual(mergePayload(payload, { on: null }, 'tags[]').tags, [{ id: 1 }, { id: 2 }]);
  assert.deepEqual(mergePayload(payload, { on: 7 }, 'tags[1]').tags, [
    { id: 1, on: true },
    { id: 2, on: 7 },
  ]);
});

test('merging the same patch again changes nothing', () => {
  fc.assert(
    fc.property(payloads, payloads, fc.option(paths, { nil: undefined }), (object, patch, key) => {
      const once = mergePayload(object, patch, key);
      assert.deepEqual(mergePayload(once, patch, key), once);
    }),
  );
});

test('removing the same keys again changes nothing', () => {
  fc.assert(
    fc.property(payloads, fc.array(paths, { maxLength: 3 }), (object, keys) => {
      const once = removePayloadKeys(object, keys);
      assert.deepEqual(removePayloadKeys(once, keys), once);
    }),
  );
});

test('a projection shows what the paths name', () => {
  const include = (...keys: string[]) => projectPayload(payload, { kind: 'include', keys });
  assert.deepEqual(include('title', 'city.geo.lon'), { title: 'x', city: { geo: { lon: 1 } } });
  assert.deepEqual(include('tags[].id'), { tags: [{ id: 1 }, { id: 2 }] });
  assert.deepEqual(include('tags[1].id', 'tags[].on'), {
    tags: [{ on: true }, { on: false, id: 2 }],
  });
  assert.deepEqual(include('tags[0]'), { tags: [payload.tags[0]] });
  assert.deepEqual(include('city', 'city.name'), { city: payload.city });
  assert.deepEqual(include('nothing', 'price.x', 'title[]'), {});
});

test('a projection leaves out what the paths name', () => {
  const exclude = (...keys: string[]) => projectPayload(payload, { kind: 'exclude', keys });
  assert.deepEqual(exclude('city.geo', 'tags', 'nothing'), {
    title: 'x',
    price: 5,
    city: { name: 'Berlin' },
  });
  assert.deepEqual(exclude('tags[].on', 'tags[0].id')?.tags, [{}, { id: 2 }]);
  assert.deepEqual(exclude('tags[0]')?.tags, [payload.tags[1]]);
});

test('a payload of many keys is changed and shown in one go, not key by key', () => {
  const names = Array.from({ length: 30_000 }, (_, i) => `key_${i}`);
  const wide = Object.fromEntries(names.map((name) => [name, 1]));
  const nothing = Object.fromEntries(names.map((name) => [name, null]));
  assert.deepEqual(mergePayload({ ...wide, rest: null }, nothing), { rest: null });
  assert.deepEqual(
    removePayloadKeys(
      { a: wide },
      names.map((name) => `a.${name}`),
    ),
    { a: {} },
  );
  assert.deepEqual(projectPayload(wide, { kind: 'include', keys: names }), wide);
  assert.deepEqual(projectPayload(wide, { kind: 'exclude', keys: names }), {});
});

test('everything and nothing are projections too', () => {
  assert.equal(projectPayload(payload, { kind: 'all' }), payload);
  assert.equal(projectPayload(payload, { kind: 'none' }), undefined);
});

test('what is included and what is excluded are together the payload', () => {
  const keyPaths = paths.filter((path) => !path.includes('['));
  fc.assert(
    fc.property(payloads, fc.array(keyPaths, { maxLength: 3 }), (object, keys) => {
      const included = projectPayload(object, { kind: 'include', keys });
      const excluded = projectPayload(object, { kind: 'exclude', keys });
      assert.equal(leaves(included) + leaves(excluded), leaves(object));
      for (const key of keys) {
        const path = parseJsonPath(key);
        assert.deepEqual(valuesAt(included ?? {}, path), valuesAt(object, path));
        assert.deepEqual(valuesAt(excluded ?? {}, path), []);
      }
    }),
  );
});

/** Values that are no objects; an empty object is none. */
function leaves(value: JsonValue | JsonObject | undefined): number {
  if (value === undefined) return 0;
  if (!isJsonObject(value)) return 1;
  return Object.values(value).reduce<number>((sum, inner) => sum + leaves(inner), 0);
}
