// The score formulas of queries. Each JSON form has one reader; a condition counts as 1 or 0.

import type { ExactNumber, Expression, JsonObject, JsonValue } from '@tributary/model';
import { numberOfValue } from '@tributary/model';
import { formatError, validationError } from '../errors.ts';
import { readDatetime, readGeoPoint } from './field-condition.ts';
import { isCondition, readCondition } from './filter.ts';
import {
  at,
  isObject,
  optional,
  present,
  readArray,
  readFloat,
  readObject,
  readPath,
  readString,
  shown,
  wrongType,
} from './json-reader.ts';

const SCORE_VARIABLE = /^\$score(?:\[\d{1,9}\])?$/;
const SCALE_DEFAULT = 1;
const MIDPOINT_DEFAULT = 0.5;

type Read = (value: JsonValue, path: string) => Expression;

const READERS: Readonly<Record<string, Read>> = {
  sum: (value, path) => ({ kind: 'sum', operands: operandsOf(value, path) }),
  mult: (value, path) => ({ kind: 'mult', operands: operandsOf(value, path) }),
  min: (value, path) => ({ kind: 'min', operands: atLeastOne(operandsOf(value, path), path) }),
  max: (value, path) => ({ kind: 'max', operands: atLeastOne(operandsOf(value, path), path) }),
  neg: (value, path) => ({ kind: 'neg', operand: readExpression(value, path) }),
  abs: (value, path) => ({ kind: 'abs', operand: readExpression(value, path) }),
  sqrt: (value, path) => ({ kind: 'sqrt', operand: readExpression(value, path) }),
  exp: (value, path) => ({ kind: 'exp', operand: readExpression(value, path) }),
  ln: (value, path) => ({ kind: 'ln', operand: readExpression(value, path) }),
  log10: (value, path) => ({ kind: 'log10', operand: readExpression(value, path) }),
  acosh: (value, path) => ({ kind: 'acosh', operand: readExpression(value, path) }),
  div: divisionOf,
  pow: powerOf,
  geo_distance: geoDistanceOf,
  datetime: (value, path) => ({ kind: 'datetime', seconds: secondsOf(readDatetime(value, path)) }),
  datetime_key: (value, path) => ({ kind: 'datetimeKey', path: readPath(value, path) }),
  lin_decay: (value, path) => decayOf('linDecay', value, path),
  exp_decay: (value, path) => decayOf('expDecay', value, path),
  gauss_decay: (value, path) => decayOf('gaussDecay', value, path),
};

export function readExpression(value: JsonValue | undefined, path: string): Expression {
  const constant = numberOfValue(value);
  if (constant !== undefined) return { kind: 'constant', value: readFloat(value, path) };
  if (typeof value === 'string') return { kind: 'variable', name: checkVariable(value, path) };
  if (isObject(value)) {
    if (isCondition(value)) {
      return { kind: 'condition', filter: { must: [readCondition(value, path)] } };
    }
    const [name] = Object.keys(value);
    const read = name !== undefined && Object.hasOwn(READERS, name) ? READERS[name] : undefined;
    if (name !== undefined && read !== undefined) return read(value[name] ?? null, at(path, name));
  }
  const kinds = Object.keys(READERS).join(', ');
  throw wrongType(path, value, `a number, a variable, a condition or one of ${kinds}`);
}

/** Seconds of microseconds. */
export function secondsOf(micros: ExactNumber): number {
  return Number(micros) / 1e6;
}

/** `$score`, `$score[i]` or a path into the payload, which is returned as its canonical text. */
export function checkVariable(name: string, path: string): string {
  if (!name.startsWith('$')) return readPath(name, path);
  if (SCORE_VARIABLE.test(name)) return name;
  throw formatError(`${path}: ${shown(name)} is not a variable, expected $score or $score[index]`);
}

/** Values of variables that a point lacks. */
export function readDefaults(value: JsonValue, path: string): JsonObject {
  const defaults = Object.entries(readObject(value, path));
  return Object.fromEntries(defaults.map(([name, each]) => [checkVariable(name, path), each]));
}

/** The decay's parameters; a validation error where the scale or the midpoint makes no curve. */
export function checkDecay(scale: number, midpoint: number, path: string): void {
  if (!(scale > 0)) throw validationError(at(path, 'scale'), `value ${scale} must be above 0`);
  if (midpoint > 0 && midpoint < 1) return;
  throw validationError(at(path, 'midpoint'), `value ${midpoint} must lie between 0 and 1`);
}

/** The least or greatest of no operands is none. */
export function atLeastOne(operands: Expression[], path: string): Expression[] {
  if (operands.length > 0) return operands;
  throw validationError(path, 'needs at least one operand');
}

function operandsOf(value: JsonValue, path: string): Expression[] {
  return readArray(value, path).map((item, i) => readExpression(item, `${path}[${i}]`));
}

function divisionOf(value: JsonValue, path: string): Expression {
  const object = readObject(value, path);
  return present<Expression & { kind: 'div' }>({
    kind: 'div',
    left: readExpression(object.left, at(path, 'left')),
    right: readExpression(object.right, at(path, 'right')),
    byZeroDefault: optional(object, 'by_zero_default', path, readFloat),
  });
}

function powerOf(value: JsonValue, path: string): Expression {
  const object = readObject(value, path);
  return {
    kind: 'pow',
    base: readExpression(object.base, at(path, 'base')),
    exponent: readExpression(object.exponent, at(path, 'exponent')),
  };
}

function geoDistanceOf(value: JsonValue, path: string): Expression {
  const object = readObject(value, path);
  return {
    kind: 'geoDistance',
    origin: readGeoPoint(object.origin, at(path, 'origin')),
    to: readPath(readString(object.to, at(path, 'to')), at(path, 'to')),
  };
}

function decayOf(
  kind: 'linDecay' | 'expDecay' | 'gaussDecay',
  value: JsonValue,
  path: string,
): Expression {
  const object = readObject(value, path);
  const scale = optional(object, 'scale', path, readFloat) ?? SCALE_DEFAULT;
  const midpoint = optional(object, 'midpoint', path, readFloat) ?? MIDPOINT_DEFAULT;
  checkDecay(scale, midpoint, path);
  return present<Expression & { kind: typeof kind }>({
    kind,
    x: readExpression(object.x, at(path, 'x')),
    target: optional(object, 'target', path, readExpression),
    scale,
    midpoint,
  });
}
