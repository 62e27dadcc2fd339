// Conditions as tests of one payload value. What an index keeps by value it can ask the same question.

import { parseDatetime } from './datetime.ts';
import { type ExactNumber, exactInteger, exactNumberOf, integerOf } from './exact-number.ts';
import type { Condition, GeoPoint, MatchValue, RangeBounds } from './filter.ts';
import { geoDistanceM, geoPointOf, isInBox, isInPolygon } from './geo.ts';
import type { JsonValue } from './json.ts';
import type { FieldIndex, TextIndex } from './payload-schema.ts';
import { containsSequence, createTextAnalyser } from './text-tokens.ts';

export type ValueTest = (value: JsonValue) => boolean;

/** Conditions that hold where they hold for any of the values at their key. */
export type ValueCondition = Extract<
  Condition,
  {
    readonly kind:
      | 'match'
      | 'matchAny'
      | 'matchExcept'
      | 'range'
      | 'datetimeRange'
      | 'matchText'
      | 'matchTextAny'
      | 'matchPhrase'
      | 'matchPrefix'
      | 'geoBoundingBox'
      | 'geoRadius'
      | 'geoPolygon';
  }
>;

/**
 * `index` is the field's. A text index makes texts match by tokens. Under an integer index the field's numbers are its integers:
 * 42.0 is the integer 42, and 0.5 no number; without one only an integer matches an integer, and every number is in a range.
 */
export function compileValueTest(condition: ValueCondition, index?: FieldIndex): ValueTest {
  const text = index?.type === 'text' ? index : undefined;
  const isOfIntegers = index?.type === 'integer';
  const read = isOfIntegers ? (value: JsonValue) => integerOf(value) ?? value : asItIs;
  switch (condition.kind) {
    case 'match': {
      const expected = canonicalMatchValue(condition.value);
      return (value) => read(value) === expected;
    }
    case 'matchAny': {
      const accepted = new Set<JsonValue>(condition.any.map(canonicalMatchValue));
      return (value) => accepted.has(read(value));
    }
    case 'matchExcept': {
      const refused = new Set<JsonValue>(condition.except.map(canonicalMatchValue));
      if (isOfIntegers && areNumbers(condition.except)) {
        return (value) => {
          const integer = integerOf(value);
          return integer !== undefined && !refused.has(integer);
        };
      }
      return (value) => value !== null && !refused.has(value);
    }
    case 'range': {
      const isWithin = compileRange(condition.range);
      return (value) => {
        const number = isOfIntegers ? integerOf(value) : exactNumberOf(value);
        return number !== undefined && isWithin(number);
      };
    }
    case 'datetimeRange': {
      const isWithin = compileRange(condition.range);
      return onText((value) => {
        const time = parseDatetime(value);
        return time !== undefined && isWithin(time);
      });
    }
    case 'matchText':
    case 'matchTextAny':
      return onText(compileText(condition.kind, condition.text, text));
    case 'matchPhrase':
      return onText(compilePhrase(condition.phrase, text));
    case 'matchPrefix':
      return onText((value) => value.startsWith(condition.prefix));
    default:
      return compileGeoTest(condition);
  }
}

export function compileRange(range: RangeBounds): (number: ExactNumber) => boolean {
  const { lt = Infinity, gt = -Infinity, lte = Infinity, gte = -Infinity } = range;
  const isBelow = range.lt !== undefined;
  const isAbove = range.gt !== undefined;
  return (number) => {
    if ((isBelow && !(number < lt)) || (isAbove && !(number > gt))) return false;
    return number <= lte && number >= gte;
  };
}

/** The form `parseJson` gives an integer: a number where it is exact as one. */
export function canonicalMatchValue(value: MatchValue): MatchValue {
  return typeof value === 'bigint' ? exactInteger(value) : value;
}

/** A list of the language is all of one type; an empty one is of none. */
export function areNumbers([first]: readonly MatchValue[]): boolean {
  return typeof first === 'number' || typeof first === 'bigint';
}

function asItIs(value: JsonValue): JsonValue {
  return value;
}

export type GeoCondition = Extract<ValueCondition, { readonly kind: `geo${string}` }>;

function compileGeoTest(condition: GeoCondition): ValueTest {
  return (value) => {
    const point = geoPointOf(value);
    return point !== undefined && isInArea(point, condition);
  };
}

export function isInArea(point: GeoPoint, area: GeoCondition): boolean {
  switch (area.kind) {
    case 'geoBoundingBox':
      return isInBox(point, area.topLeft, area.bottomRight);
    case 'geoRadius':
      return geoDistanceM(point, area.center) < area.radiusM;
    case 'geoPolygon':
      return isInPolygon(point, area.exterior, area.interiors);
  }
}

type TextTest = (text: string) => boolean;

function onText(test: TextTest): ValueTest {
  return (value) => typeof value === 'string' && test(value);
}

function compileText(
  kind: 'matchText' | 'matchTextAny',
  text: string,
  index: TextIndex | undefined,
): TextTest {
  if (index === undefined) {
    if (kind === 'matchText') return (value) => value.includes(text);
    const words = text.split(/\s+/u).filter((word) => word !== '');
    return (value) => words.some((word) => value.includes(word));
  }
  const analyser = createTextAnalyser(index);
  const wanted = [...new Set(analyser.queryTokens(text))];
  if (wanted.length === 0) return () => false;
  return (value) => {
    const tokens = new Set(analyser.documentTokens(value));
    const has = (token: string) => tokens.has(token);
    return kind === 'matchText' ? wanted.every(has) : wanted.some(has);
  };
}

function compilePhrase(phrase: string, index: TextIndex | undefined): TextTest {
  if (index === undefined) return (value) => value.includes(phrase);
  const analyser = createTextAnalyser(index);
  const wanted = analyser.phraseTokens(phrase);
  return (value) => containsSequence(analyser.phraseTokens(value), wanted);
}
