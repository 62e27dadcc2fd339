import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { jsonValues } from './arbitraries.ts';
import { JSON_DEPTH_MAX, JsonError, parseJson, stringifyJson } from './json.ts';
import { WholeFloat } from './whole-float.ts';

test('a value is read back exactly as it was written', () => {
  fc.assert(
    fc.property(jsonValues, (value) => {
      assert.deepEqual(parseJson(stringifyJson(value)), value);
    }),
    { numRuns: 2_000 },
  );
});

test('a text without large integers is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), fc.nat(2), (value, indent) => {
      const text = JSON.stringify(value, undefined, indent);
      fc.pre(!/(?<![.\d])\d{16}(?!\d*[.e])/.test(text));
      assert.deepEqual(parseJson(text), JSON.parse(text));
    }),
  );
});

test('integers are exact up to 64 bits, doubles stay doubles', () => {
  const cases: readonly (readonly [string, unknown])[] = [
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', 9007199254740992n],
    ['-9007199254740993', -9007199254740993n],
    ['18446744073709551615', 18446744073709551615n],
    ['-9223372036854775808', -9223372036854775808n],
    ['18446744073709551616', 18446744073709552000],
    ['9007199254740993.0', 9007199254740992],
    ['9007199254740993e0', 9007199254740992],
    ['5', 5],
    ['5.0', new WholeFloat(5)],
    ['-5.00E0', new WholeFloat(-5)],
    ['0.0', new WholeFloat(0)],
    ['-0', new WholeFloat(-0)],
    ['-0.0', new WholeFloat(-0)],
    ['1.5e1', new WholeFloat(15)],
    ['150e-1', new WholeFloat(15)],
    ['5e-0', new WholeFloat(5)],
    ['1e-999', new WholeFloat(0)],
    ['1e-07', 1e-7],
    ['1.20e-7', 1.2e-7],
    ['9007199254740991.0', new WholeFloat(9007199254740991)],
    ['1e21', 1e21],
    ['0.12345678901234566', 0.12345678901234566],
    ['1e3', new WholeFloat(1000)],
    ['1.7976931348623157e308', Number.MAX_VALUE],
  ];
  for (const [text, value] of cases) {
    assert.deepEqual(parseJson(text), value, text);
    assert.deepEqual(parseJson(`{"a": [ ${text}\t,"12345678901234567"]}`), {
      a: [value, '12345678901234567'],
    });
  }
});

test('a number is written back as the kind it was, and a second time the same', () => {
  const texts = ['5', '5.0', '-5.0', '0.0', '-0.0', '2.5', '1e+21', '9007199254740992.0', '1e-7'];
  for (const text of texts) assert.equal(stringifyJson(parseJson(text)), text);
  const rewritten = [
    ['5.000', '5.0'],
    ['1e3', '1000.0'],
    ['-0', '-0.0'],
    ['18446744073709551616', '18446744073709552000.0'],
  ] as const;
  for (const [given, text] of rewritten) {
    assert.equal(stringifyJson(parseJson(given)), text);
    assert.equal(stringifyJson(parseJson(text)), text);
  }
});

test('a text with a whole float is read as one without, but for its numbers', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), fc.nat(2), (value, indent) => {
      const text = JSON.stringify(value, undefined, indent);
      const read = parseJson(`[5.0,${text}]`);
      assert.deepEqual(read, [new WholeFloat(5), parseJson(text)]);
    }),
    { numRuns: 1_000 },
  );
});

/** Numbers in every spelling that JSON has. */
const numbers = fc.stringMatching(
  /^-?(0|[1-9][0-9]{0,3}|[1-9][0-9]{9,18})(\.(0{0,18}|9{0,18})[0-9]{1,4})?([eE][+-]?[0-9]{1,3})?$/,
);

test('a number is read by its spelling, regardless of what stands beside it', () => {
  fc.assert(
    fc.property(numbers, (text) => {
      const number = Number(text);
      fc.pre(Number.isFinite(number));
      const isInteger = /^-?\d+$/.test(text) && text !== '-0' && number >= -(2 ** 63);
      const whole = Number.isSafeInteger(number) ? new WholeFloat(number) : number;
      const expected = isInteger ? (Number.isSafeInteger(number) ? number : BigInt(text)) : whole;
      assert.deepEqual(parseJson(text), expected);
      assert.deepEqual(parseJson(`{"a":[1,${text}],"b":"5.0"}`), { a: [1, expected], b: '5.0' });
      assert.deepEqual(parseJson(`[${text} , 5.0]`), [expected, new WholeFloat(5)]);
    }),
    { numRuns: 5_000 },
  );
});

test('of a key that stands twice the last value counts, in either way of reading', () => {
  const twice = '{"a":{"b":1},"c":2,"a":[3.0]}';
  assert.equal(stringifyJson(parseJson(twice)), '{"a":[3.0],"c":2}');
  assert.equal(stringifyJson(parseJson(twice.replace('.0', ''))), '{"a":[3],"c":2}');
});

test('a number beyond the largest double is refused, wherever it stands', () => {
  const nines = '9'.repeat(310);
  for (const number of [
    '1e999',
    '-1E+400',
    nines,
    `-${nines}`,
    `${nines}.5`,
    '0.5e310',
    `1${'0'.repeat(250)}e99`,
  ]) {
    for (const text of [number, `[1,${number}]`, `{"a":{"b": ${number}}}`]) {
      assert.throws(() => parseJson(text), /out of range/, text.slice(0, 40));
    }
  }
});

test('text that only looks like such a number is accepted', () => {
  for (const text of ['"1e999"', '["[1e999]"]', '1e-99', `"${'9'.repeat(400)}"`]) {
    assert.deepEqual(parseJson(text), JSON.parse(text));
  }
});

test('a text that is no JSON is refused', () => {
  for (const text of ['', '{', '[1,]', '{"a"}', '01', 'NaN', '"abc', '"\\', '[]]', '{"a":1}}']) {
    assert.throws(() => parseJson(text), JsonError, text);
  }
});

test('nesting is accepted up to the limit and refused beyond it, at any size', () => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
  assert.doesNotThrow(() => parseJson(nested(JSON_DEPTH_MAX)));
  for (const text of [
    nested(JSON_DEPTH_MAX + 1),
    nested(100_000),
    '{"a":'.repeat(100_000),
    `["${'\\"'.repeat(10)}",${nested(JSON_DEPTH_MAX)}]`,
  ]) {
    assert.throws(() => parseJson(text), /nested deeper than 128 levels/);
  }
  assert.throws(() => parseJson('[[1]]', { depthMax: 1 }), /nested deeper than 1 levels/);
});

test('brackets inside strings are not nesting', () => {
  const value = ['['.repeat(500), `\\"${'{'.repeat(500)}`, '\\'];
  assert.deepEqual(parseJson(JSON.stringify(value)), value);
});

test('many large arrays side by side are not deep', () => {
  const value = Array.from({ length: 1_000 }, () => [[1], { a: 2 }]);
  assert.deepEqual(parseJson(JSON.stringify(value)), value);
});

test('a key named __proto__ is a key', () => {
  const value = parseJson('{"__proto__": {"polluted": 12345678901234567890}}');
  assert.equal(stringifyJson(value), '{"__proto__":{"polluted":12345678901234567890}}');
  assert.ok(!('polluted' in {}));
});

test('half a surrogate pair is refused, wherever it stands; whole pairs are read', () => {
  const half = ['\\ud83d', '\\ude00', '\\uDE00\\uD83D', '\\ud83dx', '\\ud83d\\\\ude00'];
  for (const text of [...half, '\\\\\\ud83d', '\\ud83d\\ude00\\ud83d', '\\\\ud83d\\ude00']) {
    for (const json of [`"${text}"`, `{"a":["${text}"]}`, `{"${text}":1}`]) {
      assert.throws(() => parseJson(json), JsonError, json);
    }
  }
  for (const text of ['\\ud83d\\ude00', '\\\\\\uD83D\\uDE00', '\\\\ud83d', '\\u00e9']) {
    for (const json of [`"${text}"`, `{"${text}":9007199254740993}`]) {
      assert.deepEqual(Object.keys(Object(parseJson(json))), Object.keys(Object(JSON.parse(json))));
    }
    assert.equal(parseJson(`"${text}"`), JSON.parse(`"${text}"`));
  }
});
