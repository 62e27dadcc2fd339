// Score formulas of protobuf requests to the model's.

import type { Expression, Query } from '@tributary/model';
import { formatError, validationError } from '../errors.ts';
import type {
  DecayParamsExpression,
  Expression as ExpressionMessage,
  Formula,
} from '../gen/points.ts';
import {
  atLeastOne,
  checkDecay,
  checkVariable,
  readDefaults,
  secondsOf,
} from '../requests/expression.ts';
import { readDatetime } from '../requests/field-condition.ts';
import { present, readPath } from '../requests/json-reader.ts';
import { NESTING_MAX } from '../requests/nesting.ts';
import { finite, readCondition, readGeoPoint } from './filter.ts';
import { objectOfEntries } from './payload-reader.ts';

const UNARY = ['neg', 'abs', 'sqrt', 'exp', 'ln', 'log10', 'acosh'] as const;
const DECAYS = ['linDecay', 'expDecay', 'gaussDecay'] as const;

export function formulaOf({ expression, defaults }: Formula, path: string): Query {
  return {
    kind: 'formula',
    formula: expressionOf(expression, `${path}.expression`, 0),
    defaults: readDefaults(objectOfEntries(defaults), `${path}.defaults`),
  };
}

function expressionOf(
  message: ExpressionMessage | undefined,
  path: string,
  depth: number,
): Expression {
  if (message === undefined) throw formatError(`${path}: expected an expression`);
  if (depth >= NESTING_MAX)
    throw validationError(path, `formulas may be nested ${NESTING_MAX} deep`);
  return leafOf(message, path) ?? innerOf(message, path, depth + 1);
}

function leafOf(message: ExpressionMessage, path: string): Expression | undefined {
  const { constant, variable, condition, geoDistance, datetime, datetimeKey } = message;
  if (constant !== undefined) return { kind: 'constant', value: finite(constant, path) };
  if (variable !== undefined) {
    return { kind: 'variable', name: checkVariable(variable, path) };
  }
  if (condition !== undefined) {
    return { kind: 'condition', filter: { must: [readCondition(condition, path)] } };
  }
  if (geoDistance !== undefined) {
    const origin = readGeoPoint(geoDistance.origin, `${path}.origin`);
    return { kind: 'geoDistance', origin, to: readPath(geoDistance.to, `${path}.to`) };
  }
  if (datetime !== undefined) {
    return { kind: 'datetime', seconds: secondsOf(readDatetime(datetime, path)) };
  }
  if (datetimeKey === undefined) return undefined;
  return { kind: 'datetimeKey', path: readPath(datetimeKey, path) };
}

function innerOf(message: ExpressionMessage, path: string, depth: number): Expression {
  const { sum, mult, min, max, div, pow } = message;
  const read = (inner: ExpressionMessage | undefined, name: string) =>
    expressionOf(inner, `${path}.${name}`, depth);
  const readAll = (operands: readonly ExpressionMessage[], name: string) =>
    operands.map((each, i) => read(each, `${name}[${i}]`));
  if (sum !== undefined) return { kind: 'sum', operands: readAll(sum.sum, 'sum') };
  if (mult !== undefined) return { kind: 'mult', operands: readAll(mult.mult, 'mult') };
  if (min !== undefined) {
    return { kind: 'min', operands: atLeastOne(readAll(min.min, 'min'), `${path}.min`) };
  }
  if (max !== undefined) {
    return { kind: 'max', operands: atLeastOne(readAll(max.max, 'max'), `${path}.max`) };
  }
  if (div !== undefined) {
    const { byZeroDefault } = div;
    return {
      kind: 'div',
      left: read(div.left, 'div.left'),
      right: read(div.right, 'div.right'),
      ...(byZeroDefault !== undefined && { byZeroDefault: finite(byZeroDefault, path) }),
    };
  }
  if (pow !== undefined) {
    return {
      kind: 'pow',
      base: read(pow.base, 'pow.base'),
      exponent: read(pow.exponent, 'pow.exponent'),
    };
  }
  for (const kind of UNARY) {
    const operand = message[kind];
    if (operand !== undefined) return { kind, operand: read(operand, kind) };
  }
  for (const kind of DECAYS) {
    const decay = message[kind];
    if (decay !== undefined) return decayOf(kind, decay, `${path}.${kind}`, depth);
  }
  throw formatError(`${path}: expected an expression`);
}

const SCALE_DEFAULT = 1;
const MIDPOINT_DEFAULT = 0.5;

function decayOf(
  kind: (typeof DECAYS)[number],
  message: DecayParamsExpression,
  path: string,
  depth: number,
): Expression {
  const scale = finite(message.scale ?? SCALE_DEFAULT, `${path}.scale`);
  const midpoint = finite(message.midpoint ?? MIDPOINT_DEFAULT, `${path}.midpoint`);
  checkDecay(scale, midpoint, path);
  const { target } = message;
  return present<Expression & { kind: typeof kind }>({
    kind,
    x: expressionOf(message.x, `${path}.x`, depth),
    target: target && expressionOf(target, `${path}.target`, depth),
    scale,
    midpoint,
  });
}
