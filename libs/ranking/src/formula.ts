// Evaluates a score formula for one point at a time. A formula is compiled once: paths are parsed, conditions become
// predicates, variables are distinguished, and what can be wrong in itself is refused.
//
// What a point makes of it is a finite float32 or an error: a score no one can sort by is no one's answer.

import {
  compileFilter,
  type Expression,
  type Filter,
  type FilterPredicate,
  type FilterSubject,
  geoDistanceM,
  geoPointOf,
  type JsonValue,
  numberOfValue,
  parseDatetime,
  parseJsonPath,
  valuesAt,
} from '@tributary/model';
import { TributaryError } from '@tributary/runtime';

/** The point a formula is evaluated for. */
export interface FormulaSubject extends FilterSubject {
  /** Score of the point in each prefetch, undefined where the prefetch did not find it. */
  readonly scores: readonly (number | undefined)[];
}

export type Formula = (subject: FormulaSubject) => number;

export interface FormulaOptions {
  /** Values of variables that a point lacks. */
  readonly defaults: Readonly<Record<string, JsonValue>>;
  /** What a condition's filter means; by default what its payload says without any index. */
  readonly compileCondition?: (filter: Filter) => FilterPredicate;
  /** The values at a key of the payload; by default those that its path leads to. */
  readonly compileKey?: (key: string) => (subject: FormulaSubject) => readonly JsonValue[];
}

const SCORE_VARIABLE = /^\$score(?:\[(\d{1,9})\])?$/;

/**
 * Errors: `bad_request` for `$score` with anything but an index, a path that is none, a scale or a midpoint out of
 * range.
 * The formula throws `bad_request` where a value is missing or of the wrong kind, and where a result is not finite.
 */
export function compileFormula(expression: Expression, options: FormulaOptions): Formula {
  const evaluate = compile(expression, options);
  return (subject) => {
    const value = evaluate(subject);
    return Math.fround(finite(Math.fround(value), () => `${value} as f32`));
  };
}

function compile(expression: Expression, options: FormulaOptions): Formula {
  switch (expression.kind) {
    case 'constant':
      return () => expression.value;
    case 'variable':
      return compileVariable(expression.name, options);
    case 'condition': {
      const { compileCondition = compileFilter } = options;
      const holds = compileCondition(expression.filter);
      return (subject) => (holds(subject) ? 1 : 0);
    }
    case 'sum': {
      const operands = expression.operands.map((operand) => compile(operand, options));
      return (subject) => operands.reduce((sum, operand) => sum + operand(subject), 0);
    }
    case 'mult':
      return compileProduct(expression.operands.map((operand) => compile(operand, options)));
    case 'min':
    case 'max': {
      const pick = expression.kind === 'min' ? Math.min : Math.max;
      const operands = expression.operands.map((operand) => compile(operand, options));
      if (operands.length > 0)
        return (subject) => operands.map((each) => each(subject)).reduce((a, b) => pick(a, b));
      throw new TributaryError('bad_request', `\`${expression.kind}\` needs at least one operand`);
    }
    case 'div':
      return compileQuotient(expression, options);
    case 'pow':
      return compilePower(compile(expression.base, options), compile(expression.exponent, options));
    case 'neg':
    case 'abs':
    case 'sqrt':
    case 'exp':
    case 'ln':
    case 'log10':
    case 'acosh':
      return compileFunction(expression.kind, compile(expression.operand, options));
    case 'geoDistance': {
      const read = compilePayload(expression.to, options);
      return (subject) => {
        const point = geoPointOf(read(subject));
        if (point === undefined) throw expected('geo point', expression.to);
        return geoDistanceM(expression.origin, point);
      };
    }
    case 'datetime':
      return () => expression.seconds;
    case 'datetimeKey': {
      const read = compilePayload(expression.path, options);
      return (subject) => {
        const value = read(subject);
        const micros = typeof value === 'string' ? parseDatetime(value) : undefined;
        if (micros === undefined) throw expected('datetime', expression.path);
        return Number(micros) / 1_000_000;
      };
    }
    case 'linDecay':
    case 'expDecay':
    case 'gaussDecay':
      return compileDecay(expression, options);
  }
}

function compileVariable(name: string, options: FormulaOptions): Formula {
  if (name.startsWith('$score')) return compileScore(name, options.defaults);
  const read = compilePayload(name, options);
  return (subject) => {
    const value = numberOfValue(read(subject));
    if (value === undefined) throw expected('number', name);
    return value;
  };
}

function compileScore(name: string, defaults: FormulaOptions['defaults']): Formula {
  const match = SCORE_VARIABLE.exec(name);
  if (match === null) throw new TributaryError('bad_request', `Invalid score variable: ${name}`);
  const index = Number(match[1] ?? 0);
  const given = Object.hasOwn(defaults, name) ? defaults[name] : undefined;
  const fallback = numberOfValue(given) ?? 0;
  return ({ scores }) => scores[index] ?? fallback;
}

/**
 * The single value at the key; the default where there is none. A null is one, and none of the kinds that are wanted.
 */
function compilePayload(
  key: string,
  { defaults, compileKey }: FormulaOptions,
): (subject: FormulaSubject) => JsonValue {
  const path = pathOf(key);
  const valuesOf = compileKey?.(key) ?? (({ payload }) => valuesAt(payload, path));
  const fallback = single(Object.hasOwn(defaults, key) ? [defaults[key] ?? null] : []);
  return (subject) => {
    const found = single(valuesOf(subject));
    const value = found === undefined ? fallback : found;
    if (value !== undefined) return value;
    throw new TributaryError(
      'bad_request',
      `No value found for ${key} in the payload nor the formula defaults`,
    );
  };
}

function pathOf(key: string) {
  try {
    return parseJsonPath(key);
  } catch (cause) {
    throw new TributaryError('bad_request', `Invalid variable: ${key.slice(0, 200)}`, { cause });
  }
}

/** What stands alone, also in an array; several values stay an array, which no expression can use. */
function single(values: readonly JsonValue[]): JsonValue | undefined {
  const flat = values.flatMap((value): JsonValue | JsonValue[] =>
    Array.isArray(value) ? [...value] : value,
  );
  if (flat.length > 1) return flat;
  return flat[0];
}

/** A zero ends it: what is multiplied by nothing need not be there. */
function compileProduct(operands: readonly Formula[]): Formula {
  return (subject) => {
    let product = 1;
    for (const operand of operands) {
      const factor = operand(subject);
      if (factor === 0) return 0;
      product *= factor;
    }
    return product;
  };
}

function compileQuotient(
  { left, right, byZeroDefault }: Extract<Expression, { kind: 'div' }>,
  options: FormulaOptions,
): Formula {
  const dividend = compile(left, options);
  const divisor = compile(right, options);
  return (subject) => {
    const above = dividend(subject);
    if (above === 0) return 0;
    const below = divisor(subject);
    if (below === 0 && byZeroDefault !== undefined) return byZeroDefault;
    return finite(above / below, () => `${above}/${below}`);
  };
}

function compilePower(base: Formula, exponent: Formula): Formula {
  return (subject) => {
    const below = base(subject);
    const above = exponent(subject);
    return finite(below ** above, () => `${below}^${above}`);
  };
}

function compileFunction(kind: keyof typeof FUNCTIONS, operand: Formula): Formula {
  const apply = FUNCTIONS[kind];
  return (subject) => {
    const value = operand(subject);
    return finite(apply(value), () => `${kind}(${value})`);
  };
}

const FUNCTIONS = {
  neg: (value: number) => -value,
  abs: Math.abs,
  sqrt: Math.sqrt,
  exp: Math.exp,
  ln: Math.log,
  log10: Math.log10,
  acosh: Math.acosh,
} as const;

/** 1 at the target and `midpoint` at a distance of `scale` from it. */
function compileDecay(
  expression: Extract<Expression, { kind: 'linDecay' | 'expDecay' | 'gaussDecay' }>,
  options: FormulaOptions,
): Formula {
  const { kind, scale, midpoint } = expression;
  if (!(midpoint > 0 && midpoint < 1)) {
    throw new TributaryError('bad_request', `Midpoint must be between 0 and 1, got ${midpoint}`);
  }
  if (!(scale > 0)) {
    throw new TributaryError('bad_request', `Scale must be non-zero positive, got ${scale}`);
  }
  const x = compile(expression.x, options);
  const target = expression.target === undefined ? () => 0 : compile(expression.target, options);
  return (subject) => {
    const distance = Math.abs(x(subject) - target(subject)) / scale;
    if (kind === 'linDecay') return Math.max(0, 1 - (1 - midpoint) * distance);
    return Math.exp(Math.log(midpoint) * (kind === 'expDecay' ? distance : distance ** 2));
  };
}

function finite(value: number, shown: () => string): number {
  if (Number.isFinite(value)) return value;
  throw new TributaryError('bad_request', `The expression ${shown()} produced a non-finite number`);
}

function expected(what: string, key: string): TributaryError {
  return new TributaryError(
    'bad_request',
    `Expected ${what} value for ${key} in the payload and/or in the formula defaults`,
  );
}
