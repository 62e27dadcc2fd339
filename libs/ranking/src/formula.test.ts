import assert from 'node:assert/strict';
import test from 'node:test';
import { type Expression, type JsonObject, WholeFloat } from '@tributary/model';
import fc from 'fast-check';
import { compileFormula } from './formula.ts';
import { formulaNeeds } from './formula-needs.ts';

const constant = (value: number): Expression => ({ kind: 'constant', value });
const variable = (name: string): Expression => ({ kind: 'variable', name });

function evaluate(
  formula: Expression,
  payload: JsonObject = {},
  scores: readonly (number | undefined)[] = [],
  defaults: JsonObject = {},
): number {
  return compileFormula(formula, { defaults })({ id: 1, payload, scores, vectorNames: ['image'] });
}

/** An expression of arithmetic, and the same as a function of x and y. */
type Pair = { readonly expression: Expression; readonly naive: (x: number, y: number) => number };

const arithmetic = fc.letrec<{ pair: Pair }>((tie) => ({
  pair: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.integer({ min: -4, max: 4 }).map((value) => ({
      expression: constant(value),
      naive: () => value,
    })),
    fc.constantFrom<Pair>(
      { expression: variable('x'), naive: (x) => x },
      { expression: variable('$score'), naive: (_, y) => y },
    ),
    fc
      .tuple(fc.constantFrom('sum', 'mult'), fc.array(tie('pair'), { maxLength: 3 }))
      .map(([kind, parts]) => ({
        expression: { kind, operands: parts.map(({ expression }) => expression) } as const,
        naive: (x: number, y: number) =>
          parts
            .map(({ naive }) => naive(x, y))
            .reduce((a, b) => (kind === 'sum' ? a + b : a * b), kind === 'sum' ? 0 : 1),
      })),
    fc
      .tuple(fc.constantFrom('neg', 'abs', 'exp'), tie('pair'))
      .map(([kind, { expression, naive }]) => ({
        expression: { kind, operand: expression } as const,
        naive: (x: number, y: number) => {
          const value = naive(x, y);
          if (kind === 'neg') return -value;
          return kind === 'abs' ? Math.abs(value) : Math.exp(value);
        },
      })),
    fc.tuple(tie('pair'), tie('pair')).map(([left, right]) => ({
      expression: { kind: 'div', left: left.expression, right: right.expression } as const,
      naive: (x: number, y: number) => left.naive(x, y) / right.naive(x, y),
    })),
  ),
})).pair;

test('a formula takes numbers of every kind', () => {
  for (const five of [5, new WholeFloat(5), 5n]) {
    const sum: Expression = { kind: 'sum', operands: [variable('a'), constant(0.5)] };
    assert.equal(evaluate(sum, { a: five }), 5.5);
    assert.equal(evaluate(sum, { a: [five] }), 5.5);
    assert.equal(evaluate(sum, {}, [], { a: five }), 5.5);
    assert.equal(evaluate(variable('$score'), {}, [], { $score: five }), 5);
  }
});

test('arithmetic is arithmetic, and what is not finite is refused', () => {
  fc.assert(
    fc.property(
      arithmetic,
      fc.integer({ min: -3, max: 3 }),
      fc.integer({ min: -3, max: 3 }),
      ({ expression, naive }, x, y) => {
        const expected = Math.fround(naive(x, y));
        let actual: number;
        try {
          actual = evaluate(expression, { x }, [y]);
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'bad_request');
          // A part may overflow where the whole does not: 1 / exp(exp(9)).
          return;
        }
        // A zero factor or dividend ends the product before it can become NaN.
        if (Number.isFinite(expected)) assert.equal(actual, expected === 0 ? actual * 0 : expected);
        else assert.ok(Number.isFinite(actual));
      },
    ),
  );
});

const CASES: readonly (readonly [string, Expression, number])[] = [
  ['a score by its index', variable('$score[1]'), 20],
  ['a payload path', variable('nested.price'), 4],
  ['an array of one', variable('one[]'), 7],
  ['a default', variable('missing'), 5],
  ['a default for a score the prefetch lacks', variable('$score[2]'), 0.5],
  ['no score at all is 0', variable('$score[9]'), 0],
  [
    'a condition that holds',
    {
      kind: 'condition',
      filter: { must: [{ kind: 'match', key: 'color', value: 'red' }] },
    },
    1,
  ],
  ['a vector that is there', has('image'), 1],
  ['a vector that is not there', has('text'), 0],
  ['a power', { kind: 'pow', base: constant(-2), exponent: constant(3) }, -8],
  ['a root', { kind: 'sqrt', operand: constant(9) }, 3],
  ['a natural logarithm', { kind: 'ln', operand: constant(Math.E) }, 1],
  ['a decimal logarithm', { kind: 'log10', operand: constant(1000) }, 3],
  ['an inverse hyperbolic cosine', { kind: 'acosh', operand: constant(2) }, 1.3169578969248166],
  ['the least such cosine', { kind: 'acosh', operand: constant(1) }, 0],
  ['the least', { kind: 'min', operands: [constant(3), constant(-1), constant(2)] }, -1],
  ['the greatest', { kind: 'max', operands: [constant(3), constant(-1), constant(2)] }, 3],
  ['the least of one', { kind: 'min', operands: [constant(3)] }, 3],
  [
    'a division by zero with a default',
    { kind: 'div', left: constant(1), right: constant(0), byZeroDefault: 6 },
    6,
  ],
  ['a time', { kind: 'datetime', seconds: 1.5 }, 1.5],
  ['the time of a payload field', { kind: 'datetimeKey', path: 'at' }, 86_400],
  ['a linear decay at its scale', decay('linDecay', 10, 10), 0.5],
  ['a linear decay far off', decay('linDecay', 10, 100), 0],
  ['an exponential decay at twice its scale', decay('expDecay', 10, 20), 0.25],
  ['a Gaussian decay at twice its scale', decay('gaussDecay', 10, 20), 0.0625],
  ['a decay at its target', decay('gaussDecay', 1, 0), 1],
];

function has(name: string): Expression {
  return { kind: 'condition', filter: { must: [{ kind: 'hasVector', name }] } };
}

function decay(kind: 'linDecay' | 'expDecay' | 'gaussDecay', scale: number, x: number): Expression {
  return { kind, x: constant(x + 3), target: constant(3), scale, midpoint: 0.5 };
}

const PAYLOAD: JsonObject = {
  color: ['red'],
  nested: { price: 4 },
  one: [7],
  nothing: null,
  mixed: [null, 3],
  at: '1970-01-02',
  berlin: { lon: 13.405, lat: 52.52 },
};

for (const [what, formula, expected] of CASES) {
  test(`a formula gives ${what}`, () => {
    const defaults = { missing: 5, '$score[2]': 0.5 };
    assert.equal(evaluate(formula, PAYLOAD, [10, 20], defaults), Math.fround(expected));
  });
}

test('a formula gives the distance of two places in metres', () => {
  const metres = evaluate(
    { kind: 'geoDistance', origin: { lon: -0.1278, lat: 51.5074 }, to: 'berlin' },
    PAYLOAD,
  );
  assert.ok(Math.abs(metres - 931_000) < 3_000, `${metres}`);
});

const REFUSED: readonly (readonly [string, Expression])[] = [
  ['a value that is not there', variable('missing')],
  ['a value that is no number', variable('color')],
  ['a null', variable('nothing')],
  ['a null among numbers', variable('mixed')],
  ['an index that is none', variable('$score[x]')],
  ['a path that is none', variable('a..b')],
  ['a place that is none', { kind: 'geoDistance', origin: { lon: 0, lat: 0 }, to: 'at' }],
  ['a time that is none', { kind: 'datetimeKey', path: 'color' }],
  ['a division by zero', { kind: 'div', left: constant(1), right: constant(0) }],
  ['the root of a negative number', { kind: 'sqrt', operand: constant(-1) }],
  ['an acosh below 1', { kind: 'acosh', operand: constant(0.5) }],
  ['the greatest of none', { kind: 'max', operands: [] }],
  ['the least with one missing', { kind: 'min', operands: [constant(1), variable('missing')] }],
  ['the logarithm of zero', { kind: 'ln', operand: constant(0) }],
  ['a broken power of a negative', { kind: 'pow', base: constant(-1), exponent: constant(0.5) }],
  ['an exponential beyond any double', { kind: 'exp', operand: constant(1e4) }],
  ['a sum beyond any float32', constant(1e300)],
  ['a midpoint of 1', { kind: 'linDecay', x: constant(0), scale: 1, midpoint: 1 }],
  ['a scale of 0', { kind: 'expDecay', x: constant(0), scale: 0, midpoint: 0.5 }],
];

for (const [what, formula] of REFUSED) {
  test(`a formula refuses ${what}`, () => {
    assert.throws(() => evaluate(formula, PAYLOAD), { code: 'bad_request' });
    // A default is for what is missing.
    const defaults = { color: 1, nothing: 1, mixed: 1 };
    assert.throws(() => evaluate(formula, PAYLOAD, [], defaults), { code: 'bad_request' });
  });
}

test('a formula needs the fields that it names and the filters that are its conditions', () => {
  const named: Expression = {
    kind: 'sum',
    operands: [
      variable('$score'),
      variable('price'),
      { kind: 'linDecay', x: { kind: 'datetimeKey', path: 'at' }, scale: 1, midpoint: 0.5 },
    ],
  };
  const payload = { kind: 'values', keys: ['price', 'at'] };
  assert.deepEqual(formulaNeeds(named), { payload, filters: [] });
  assert.deepEqual(formulaNeeds(variable('$score')).payload, { kind: 'none' });
  const both: Expression = { kind: 'mult', operands: [named, has('image')] };
  const filters = [{ must: [{ kind: 'hasVector', name: 'image' }] }];
  assert.deepEqual(formulaNeeds(both), { payload, filters });
});
