// Conditions as tests of one payload value. What an index keeps by value it can ask the same question.

import { parseDatetime } from './datetime.ts';
import type { Condition, GeoPoint, MatchValue, RangeBounds } from './filter.ts';
import { geoDistanceM, geoPointOf, isInBox, isInPolygon } from './geo.ts';
import type { JsonValue } from './json.ts';
import type { TextIndex } from './payload-schema.ts';
import { containsSequence, createTextAnalyser } from './text-tokens.ts';
import { numberOfValue } from './whole-float.ts';

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

export function compileValueTest(condition: ValueCondition, text?: TextIndex): ValueTest {
  switch (condition.kind) {
    case 'match': {
      const expected = canonicalMatchValue(condition.value);
      return (value) => value === expected;
    }
    case 'matchAny': {
      const accepted = new Set<JsonValue>(condition.any.map(canonicalMatchValue));
      return (value) => accepted.has(value);
    }
    case 'matchExcept': {
      const refused = new Set<JsonValue>(condition.except.map(canonicalMatchValue));
      return (value) => value !== null && !refused.has(value);
    }
    case 'range': {
      const isWithin = compileRange(condition.range);
      return (value) => {
        const number = numberOfValue(value);
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

export function compileRange(range: RangeBounds): (number: number) => boolean {
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
  if (typeof value !== 'bigint') return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
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
