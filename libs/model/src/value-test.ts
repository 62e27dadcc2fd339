// Conditions as tests of one payload value, or of the texts of a field together. What an index keeps by value it can
// ask the same question.

import { parseDatetime } from './datetime.ts';
import { type ExactNumber, exactInteger, exactNumberOf, integerOf } from './exact-number.ts';
import type { Condition, GeoPoint, MatchValue, RangeBounds } from './filter.ts';
import { geoDistanceM, geoPointOf, isInBox, isInPolygon } from './geo.ts';
import type { JsonValue } from './json.ts';
import type { FieldIndex, TextIndex } from './payload-schema.ts';
import { parseUuid } from './point-id.ts';
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
      | 'matchSubstring'
      | 'geoBoundingBox'
      | 'geoRadius'
      | 'geoPolygon';
  }
>;

/**
 * `index` is the field's. A text index has texts match by its tokens, else they match by words. To one of UUIDs all
 * spellings of one are the same. Under an integer index the field's numbers are its integers: 42.0 is the integer 42,
 * and 0.5 no number; without one only an integer matches an integer, and every number is in a range.
 */
export function compileValueTest(condition: ValueCondition, index?: FieldIndex): ValueTest {
  const text = index?.type === 'text' ? index : WORDS;
  const isOfIntegers = index?.type === 'integer';
  switch (condition.kind) {
    case 'match': {
      const expected = matchKeyOf(condition.value, index);
      if (!isKeyed(index)) return (value) => value === expected;
      return (value) => matchKeyOf(value, index) === expected;
    }
    case 'matchAny':
      return isAmong(condition.any, index);
    case 'matchExcept': {
      const isRefused = isAmong(condition.except, index);
      if (isOfIntegers && areNumbers(condition.except)) {
        return (value) => integerOf(value) !== undefined && !isRefused(value);
      }
      return (value) => value !== null && !isRefused(value);
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
    case 'matchSubstring':
      return onText((value) => value.includes(condition.substring));
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

function isAmong(values: readonly MatchValue[], index: FieldIndex | undefined): ValueTest {
  const keys = new Set<JsonValue>(values.map((value) => matchKeyOf(value, index)));
  if (!isKeyed(index)) return (value) => keys.has(value);
  return (value) => keys.has(matchKeyOf(value, index));
}

/** What a value is compared by; under the indexes of most types the value itself. */
export function matchKeyOf<V extends JsonValue>(
  value: V,
  index: FieldIndex | undefined,
): V | MatchValue {
  const plain = typeof value === 'bigint' ? canonicalMatchValue(value) : value;
  switch (index?.type) {
    case 'uuid':
      return parseUuid(plain) ?? plain;
    case 'integer':
      return integerOf(plain) ?? plain;
    default:
      return plain;
  }
}

function isKeyed(index: FieldIndex | undefined): boolean {
  return index?.type === 'uuid' || index?.type === 'integer';
}

/** The form `parseJson` gives an integer: a number where it is exact as one. */
export function canonicalMatchValue(value: MatchValue): MatchValue {
  return typeof value === 'bigint' ? exactInteger(value) : value;
}

/** A list of the language is all of one type; an empty one is of none. */
export function areNumbers([first]: readonly MatchValue[]): boolean {
  return typeof first === 'number' || typeof first === 'bigint';
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

/** How texts match without an index. */
const WORDS: TextIndex = {
  type: 'text',
  tokenizer: 'word',
  lowercase: true,
  asciiFolding: false,
  phraseMatching: true,
  stopwords: [],
};

function compileText(kind: 'matchText' | 'matchTextAny', text: string, index: TextIndex): TextTest {
  if (kind === 'matchText') {
    const holds = compileWordsTest(text, index);
    return (value) => holds([value]);
  }
  const analyser = createTextAnalyser(index);
  const wanted = new Set(analyser.queryTokens(text));
  return (value) => analyser.documentTokens(value).some((token) => wanted.has(token));
}

/** Whether the values, of which texts count, have all tokens of the text together. */
export function compileWordsTest(
  text: string,
  index: TextIndex,
): (values: Iterable<JsonValue>) => boolean {
  const analyser = createTextAnalyser(index);
  const wanted = new Set(analyser.queryTokens(text));
  return (values) => {
    const missing = new Set(wanted);
    for (const value of values) {
      if (typeof value !== 'string') continue;
      for (const token of analyser.documentTokens(value)) missing.delete(token);
    }
    return wanted.size > 0 && missing.size === 0;
  };
}

function compilePhrase(phrase: string, index: TextIndex): TextTest {
  const analyser = createTextAnalyser(index);
  const wanted = analyser.phraseTokens(phrase);
  return (value) => containsSequence(analyser.phraseTokens(value), wanted);
}
