// Generated JSON values as `parseJson` can return them, for property tests.

import fc from 'fast-check';
import type { JsonObject, JsonValue } from './json.ts';
import { floatValue, WholeFloat } from './whole-float.ts';

/** Few enough that generated paths and payloads meet; some are traps for careless object access. */
export const KEYS = ['a', 'b', 'c.d', 'two words', '', '$x', '__proto__', 'constructor'] as const;

export const keys = fc.constantFrom(...KEYS);

const I64_MIN = -(2n ** 63n);
const U64_MAX = 2n ** 64n - 1n;
const SAFE_MAX = BigInt(Number.MAX_SAFE_INTEGER);

export const scalars: fc.Arbitrary<JsonValue> = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer({ min: -3, max: 3 }),
  fc.string({ maxLength: 3 }),
  fc.constantFrom('red', 'green'),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(floatValue),
  fc.constantFrom(new WholeFloat(1), new WholeFloat(-0), new WholeFloat(1e15)),
  fc.bigInt({ min: SAFE_MAX + 1n, max: U64_MAX }),
  fc.bigInt({ min: I64_MIN, max: -SAFE_MAX - 1n }),
);

const tree = fc.letrec<{ value: JsonValue; object: JsonObject }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'medium' },
    scalars,
    fc.array(tie('value'), { maxLength: 4 }),
    tie('object'),
  ),
  object: fc
    .array(fc.tuple(keys, tie('value')), { maxLength: 4 })
    .map((entries) => Object.fromEntries(entries)),
}));

export const jsonValues: fc.Arbitrary<JsonValue> = tree.value;
export const payloads: fc.Arbitrary<JsonObject> = tree.object;

/** A path over KEYS, as text. */
export const paths: fc.Arbitrary<string> = fc
  .array(
    fc.tuple(keys, fc.array(fc.constantFrom('[]', '[0]', '[1]'), { maxLength: 2, size: 'small' })),
    { minLength: 1, maxLength: 3 },
  )
  .map((steps) =>
    steps
      .map(([key, brackets]) => (/^[a-z_]+$/.test(key) ? key : `"${key}"`) + brackets.join(''))
      .join('.'),
  );
