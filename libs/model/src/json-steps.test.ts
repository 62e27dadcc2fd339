import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { jsonValues } from './arbitraries.ts';
import { JSON_DEPTH_MAX, JsonError, type JsonValue, parseJson, stringifyJson } from './json.ts';
import { parseJsonInSteps } from './json-steps.ts';

/** Undefined where it is refused. */
function read(parse: () => JsonValue): { readonly value: JsonValue } | undefined {
  try {
    return { value: parse() };
  } catch (error) {
    assert.ok(error instanceof JsonError, String(error));
    return undefined;
  }
}

function stepped(text: string, stepBytes: number): JsonValue {
  const steps = parseJsonInSteps(Buffer.from(text), stepBytes);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

const stepSizes = fc.integer({ min: 1, max: 40 });

test('in any steps, a text is the value that it is in one go', () => {
  fc.assert(
    fc.property(jsonValues, stepSizes, (value, stepBytes) => {
      const text = stringifyJson(value);
      assert.deepEqual(stepped(text, stepBytes), parseJson(text));
    }),
    { numRuns: 2_000 },
  );
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), stepSizes, fc.nat(3), (value, stepBytes, indent) => {
      const text = ` ${JSON.stringify(value, undefined, indent)}\n`;
      assert.deepEqual(stepped(text, stepBytes), parseJson(text));
    }),
    { numRuns: 1_000 },
  );
});

test('a text that is no JSON in one go is none in steps', () => {
  const damage = fc.record({
    at: fc.nat(),
    length: fc.nat(2),
    with: fc.constantFrom('', ',', '[', ']', '{', '}', '"', ':', '\\', ' ', '1', 'x'),
  });
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), stepSizes, damage, (value, stepBytes, change) => {
      const whole = JSON.stringify(value);
      const at = change.at % (whole.length + 1);
      const text = whole.slice(0, at) + change.with + whole.slice(at + change.length);
      fc.pre(text.isWellFormed());
      assert.deepEqual(
        read(() => stepped(text, stepBytes)),
        read(() => parseJson(text)),
        text,
      );
    }),
    { numRuns: 5_000 },
  );
  for (const text of [
    '',
    '[1,]',
    '[,1]',
    '[1 [2]]',
    '[[1,2] 3]',
    '[[1,2][3,4]]',
    '{"a":1,}',
    '{[1,2]:3}',
  ]) {
    for (let stepBytes = 1; stepBytes < 10; stepBytes++) {
      assert.equal(
        read(() => stepped(text, stepBytes)),
        undefined,
        text,
      );
    }
  }
});

test('names, depths and numbers are kept as in one go', () => {
  const same = '{"a":[1,2],"__proto__":[3,4],"a":[5,18446744073709551615,6.0]}';
  assert.deepEqual(stepped(same, 1), parseJson(same));
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
  assert.doesNotThrow(() => stepped(`[1,${nested(JSON_DEPTH_MAX - 1)}]`, 2));
  assert.throws(() => stepped(`[1,${nested(JSON_DEPTH_MAX)}]`, 2), /nested deeper/);
});

test('every step of a large text is small, and what is wrong is named with its place', () => {
  const rows = Array.from({ length: 2_000 }, (_, i) => ({
    id: i,
    vector: new Array(100).fill(0.5),
  }));
  const text = JSON.stringify({ points: rows });
  const steps = [...parseJsonInSteps(Buffer.from(text), 1_024)];
  assert.ok(steps.length >= text.length / 2_048, `${steps.length} steps`);
  const wrong = text.replace('"id":1999', '"id":19x9');
  assert.throws(() => stepped(wrong, 1_024), /in the part from byte \d{6}/);
});
