import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { keys, paths, payloads } from './arbitraries.ts';
import { stringifyJson } from './json.ts';
import {
  canonicalJsonPath,
  JsonPathError,
  parseJsonPath,
  replaceAt,
  valuesAt,
} from './json-path.ts';

const payload = {
  name: 'x',
  country: { cities: [{ name: 'Berlin', sights: ['Gate'] }, { name: 'Bonn' }, 7] },
  'a.b': 1,
  '': 'empty',
  'x y': { $z: 2 },
  matrix: [[1, 2], [3]],
};

const find = (path: string) => valuesAt(payload, parseJsonPath(path));

test('a path finds the values it spells', () => {
  assert.deepEqual(find('name'), ['x']);
  assert.deepEqual(find('country.cities[].name'), ['Berlin', 'Bonn']);
  assert.deepEqual(find('country.cities[1].name'), ['Bonn']);
  assert.deepEqual(find('country.cities[].sights'), [['Gate']]);
  assert.deepEqual(find('country.cities[].sights[]'), ['Gate']);
  assert.deepEqual(find('"a.b"'), [1]);
  assert.deepEqual(find('""'), ['empty']);
  assert.deepEqual(find('"".""'), []);
  assert.deepEqual(find('"x y"."$z"'), [2]);
  assert.deepEqual(find('matrix[][]'), [1, 2, 3]);
  assert.deepEqual(find('matrix[0][1]'), [2]);
});

test('a path finds nothing where there is nothing, and enters no array by itself', () => {
  for (const path of ['a.b', 'country.cities.name', 'name.length', 'matrix[9]', 'constructor']) {
    assert.deepEqual(find(path), [], path);
  }
});

test('texts of one path have one canonical text, which is the same path', () => {
  const written = fc.array(
    fc.tuple(keys, fc.boolean(), fc.constantFrom('', '[]', '[0]', '[007]', '[][1]')),
    { minLength: 1, maxLength: 4 },
  );
  const textOf = (steps: readonly [string, boolean, string][], isQuoted: (at: number) => boolean) =>
    steps
      .map(([key, , brackets], at) => {
        const isPlain = /^[a-z_]+$/.test(key) && !isQuoted(at);
        return (isPlain ? key : `"${key}"`) + brackets;
      })
      .join('.');
  fc.assert(
    fc.property(written, (steps) => {
      const text = textOf(steps, (at) => steps[at]?.[1] ?? false);
      const canonical = canonicalJsonPath(text);
      assert.deepEqual(parseJsonPath(canonical), parseJsonPath(text));
      assert.equal(canonicalJsonPath(canonical), canonical);
      assert.equal(canonicalJsonPath(textOf(steps, () => true)), canonical);
      assert.equal(canonicalJsonPath(textOf(steps, () => false)), canonical);
    }),
  );
  assert.equal(canonicalJsonPath('"a"."b c"[00]."d.e"."é"'), 'a."b c"[0]."d.e".é');
  for (const text of ['"$version"', '"$a"[].b', '"".a', 'a-1._ß', '日本.2']) {
    assert.equal(canonicalJsonPath(text), text);
  }
  for (const text of ['a..b', '"a', '', '$version']) {
    assert.throws(() => canonicalJsonPath(text), JsonPathError);
  }
});

test('a path that is none is refused with its place', () => {
  for (const path of [
    '',
    '.',
    'a.',
    '.a',
    'a..b',
    'a[',
    'a[x]',
    'a[-1]',
    '[0]',
    'a]',
    '"a',
    'a"b"',
    'a[0]b',
    'x y',
    ' a',
    'a ',
    'a. b',
    '$x',
    'a.$x',
    'a/b',
    'a:b',
    'a\n',
    '\u200b',
    '🙂',
    '"a""b"',
  ]) {
    assert.throws(() => parseJsonPath(path), JsonPathError, path);
  }
  assert.throws(() => parseJsonPath('a[x]'), /expected \[\] or \[index\] at 1/);
  assert.throws(() => parseJsonPath('x y'), /expected '\.' or '\[', or the key in quotes, at 1/);
  assert.throws(() => parseJsonPath('a.$x'), /a key of letters, .* in quotes, .* at 2/);
  assert.throws(() => parseJsonPath('a.'.repeat(200_000)), JsonPathError);
});

test('what was set at a path is found there, as many times as the path leads somewhere', () => {
  fc.assert(
    fc.property(payloads, paths, (object, text) => {
      const path = parseJsonPath(text);
      const marked = replaceAt(object, path, () => 'mark');
      for (const value of valuesAt(marked, path)) assert.equal(value, 'mark');
      if (!text.includes('[')) assert.deepEqual(valuesAt(marked, path), ['mark']);
    }),
  );
});

test('setting changes nothing in the payload itself', () => {
  fc.assert(
    fc.property(payloads, paths, (object, text) => {
      const before = stringifyJson(object);
      replaceAt(object, parseJsonPath(text), () => 1);
      assert.equal(stringifyJson(object), before);
    }),
  );
});
