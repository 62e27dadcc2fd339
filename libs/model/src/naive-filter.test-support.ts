// The naive evaluator: one rule a line, straight from the description of the language, nothing shared with the real one
// but the parsers of paths, times and tokens and the places of areas, which have tests of their own.

import { parseDatetime } from './datetime.ts';
import type { ExactNumber } from './exact-number.ts';
import type { Condition, Filter, GeoPoint, MatchValue, RangeBounds } from './filter.ts';
import { geoDistanceM, geoPointOf, isInBox, isInPolygon } from './geo.ts';
import { sliceOfId } from './id-slice.ts';
import type { Sequence } from './ids.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { type JsonPathStep, parseJsonPath } from './json-path.ts';
import { isJsonObject } from './payload-codec.ts';
import type { FieldIndex, TextIndex } from './payload-schema.ts';
import { type PointId, parseUuid } from './point-id.ts';
import { createTextAnalyser } from './text-tokens.ts';
import { WholeFloat } from './whole-float.ts';

export interface Subject {
  readonly id: PointId;
  readonly payload: JsonObject;
  readonly vectorNames: readonly string[];
  readonly version: Sequence;
}

/** `indexes` are those that change what a condition means, by the canonical path of their field. */
export function naive(
  filter: Filter,
  subject: Subject,
  indexes: ReadonlyMap<string, FieldIndex>,
  prefix = '',
): boolean {
  const holds = (condition: Condition) => naiveCondition(condition, subject, indexes, prefix);
  const { must = [], should = [], mustNot = [], minShould } = filter;
  const { conditions = [], minCount = 0 } = minShould ?? {};
  return (
    must.every(holds) &&
    (should.length === 0 || should.some(holds)) &&
    conditions.filter(holds).length >= minCount &&
    !mustNot.some(holds)
  );
}

function naiveCondition(
  condition: Condition,
  subject: Subject,
  indexes: ReadonlyMap<string, FieldIndex>,
  prefix: string,
): boolean {
  const { id, payload, vectorNames, version } = subject;
  switch (condition.kind) {
    case 'hasId':
      return condition.ids.some((other) => other === id);
    case 'version':
      return isWithin(version, condition.range);
    case 'hasVector':
      return vectorNames.some((name) => name === condition.name);
    case 'slice':
      return sliceOfId(id, condition.total) === condition.index;
    case 'filter':
      return naive(condition.filter, subject, indexes, prefix);
    case 'nested': {
      const path = [...parseJsonPath(condition.key)];
      const brackets = path.at(-1)?.kind === 'elements' ? '' : '[]';
      if (brackets !== '') path.push({ kind: 'elements' });
      return walk(payload, path)
        .filter(isJsonObject)
        .some((element) =>
          naive(
            condition.filter,
            { ...subject, payload: element as JsonObject },
            indexes,
            `${prefix}${condition.key}${brackets}.`,
          ),
        );
    }
    default:
      return naiveField(condition, subject, indexes.get(prefix + condition.key), prefix);
  }
}

type Keyed = Exclude<
  Condition,
  { readonly kind: 'hasId' | 'hasVector' | 'version' | 'slice' | 'filter' | 'nested' }
>;

function naiveField(
  condition: Keyed,
  subject: Subject,
  index: FieldIndex | undefined,
  prefix: string,
): boolean {
  const path = parseJsonPath(condition.key);
  // Of a nested index one element alone must do, and each is looked at like a payload.
  const isOfOneElement = condition.kind === 'matchText' || condition.kind === 'isEmpty';
  if (index?.nested !== undefined && prefix === '' && isOfOneElement) {
    return walk(subject.payload, path.slice(0, 2))
      .filter(isJsonObject)
      .some((element) => naiveValues(condition, walk(element, path.slice(2)), index));
  }
  return naiveValues(condition, walk(subject.payload, path), index);
}

function naiveValues(
  condition: Keyed,
  values: readonly JsonValue[],
  index: FieldIndex | undefined,
): boolean {
  const elements = values.flatMap((value) => (Array.isArray(value) ? value : [value]));
  const texts = elements.filter((value) => typeof value === 'string');
  const integers = index?.type === 'integer';
  /** Under an index of integers a whole float is one. */
  const seen = integers ? elements.map((each) => integerIn(each) ?? each) : elements;
  const equals = (a: JsonValue, b: JsonValue) => {
    if (index?.type === 'uuid' && parseUuid(a) !== undefined) return parseUuid(a) === parseUuid(b);
    return typeof a === typeof b && (a instanceof WholeFloat ? Object.is(a, b) : a === b);
  };
  const isText = index?.type === 'text';
  const analyser = createTextAnalyser(isText ? index : WORDS);
  const tokens = (text: string) => analyser.documentTokens(text).map((token) => ` ${token}`);
  const hasOf = (text: string, among: readonly string[]) => {
    const there = among.flatMap(tokens);
    return tokens(text).map((token) => there.includes(token));
  };
  switch (condition.kind) {
    case 'match':
      return seen.some((value) => equals(value, sameKind(condition.value)));
    case 'matchAny':
      return seen.some((value) => condition.any.some((any) => equals(value, sameKind(any))));
    case 'matchExcept':
      return (
        integers && /number|bigint/.test(typeof condition.except[0])
          ? seen.filter((value) => integerIn(value) !== undefined)
          : seen
      ).some((v) => v !== null && condition.except.every((except) => !equals(v, sameKind(except))));
    case 'matchPrefix':
      return texts.some((text) => text.slice(0, condition.prefix.length) === condition.prefix);
    case 'matchSubstring':
      return texts.some(
        (text) => condition.substring === '' || text.split(condition.substring).length > 1,
      );
    case 'matchPhrase': {
      const phrase = tokens(condition.phrase).join('');
      return (
        phrase !== '' && texts.some((text) => `${tokens(text).join('')} `.includes(`${phrase} `))
      );
    }
    case 'matchText': {
      // With an index the texts are one, without it each is by itself.
      const documents = isText ? [texts] : texts.map((text) => [text]);
      const isThere = documents.map((document) => hasOf(condition.text, document));
      return isThere.some((tokens) => tokens.length > 0 && !tokens.includes(false));
    }
    case 'matchTextAny':
      return hasOf(condition.text, texts).includes(true);
    case 'range':
      return elements
        .map((value) => (integers ? integerIn(value) : numberIn(value)))
        .some((value) => value !== undefined && isWithin(value, condition.range));
    case 'datetimeRange':
      return texts
        .map(parseDatetime)
        .some((time) => time !== undefined && isWithin(time, condition.range));
    case 'valuesCount': {
      const counts = values.map((v) => (Array.isArray(v) ? v.length : Number(v !== null)));
      return (counts.length === 0 ? [0] : counts).some((c) => isWithin(c, condition.range));
    }
    case 'isEmpty':
      return values.every((value) => value === null || JSON.stringify(value, plain) === '[]');
    case 'isNull':
      return elements.some((value) => value === null);
    default:
      return elements.map(geoPointOf).some((place) => place && naiveArea(condition, place));
  }
}

function naiveArea(area: Extract<Condition, { kind: `geo${string}` }>, place: GeoPoint): boolean {
  switch (area.kind) {
    case 'geoBoundingBox':
      return isInBox(place, area.topLeft, area.bottomRight);
    case 'geoRadius':
      return geoDistanceM(area.center, place) < area.radiusM;
    case 'geoPolygon':
      return isInPolygon(place, area.exterior, area.interiors);
  }
}

function isWithin(number: ExactNumber, { lt, gt, lte, gte }: RangeBounds): boolean {
  const against = (bound: ExactNumber) => compared(number, bound);
  if (lt !== undefined && against(lt) >= 0n) return false;
  if (gt !== undefined && against(gt) <= 0n) return false;
  return (lte === undefined || against(lte) <= 0n) && (gte === undefined || against(gte) >= 0n);
}

/** The difference of two numbers with all of its digits, in units that every double here is a multiple of. */
function compared(a: ExactNumber, b: ExactNumber): bigint {
  const UNITS = 1_074n;
  const scaled = (value: ExactNumber): bigint => {
    if (typeof value === 'bigint') return value << UNITS;
    let [whole, places] = [value, 0n];
    while (!Number.isInteger(whole)) [whole, places] = [whole * 2, places + 1n];
    return BigInt(whole) << (UNITS - places);
  };
  return scaled(a) - scaled(b);
}

function numberIn(value: JsonValue): ExactNumber | undefined {
  if (value instanceof WholeFloat) return value.value;
  return typeof value === 'number' || typeof value === 'bigint' ? value : undefined;
}

/** An integer of 64 bits, in the form that a payload has it. */
function integerIn(value: JsonValue): ExactNumber | undefined {
  const number = numberIn(value);
  if (number === undefined || (typeof number === 'number' && number % 1 !== 0)) return undefined;
  const integer = BigInt(number);
  return BigInt.asIntN(64, integer) === integer ? sameKind(integer) : undefined;
}

function sameKind<T extends MatchValue>(value: T): T | number {
  if (typeof value !== 'bigint') return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function walk(value: JsonValue, [step, ...rest]: readonly JsonPathStep[]): JsonValue[] {
  if (step === undefined) return [value];
  if (typeof value !== 'object' || value === null) return [];
  if (step.kind === 'key') {
    if (Array.isArray(value)) return [];
    const entry = Object.entries(value).find(([key]) => key === step.key);
    return entry === undefined ? [] : walk(entry[1], rest);
  }
  if (!Array.isArray(value)) return [];
  const array = value as JsonValue[];
  return array
    .filter((_, index) => step.kind === 'elements' || index === step.index)
    .flatMap((element) => walk(element, rest));
}

function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? 0 : value;
}

const WORDS: TextIndex = {
  type: 'text',
  tokenizer: 'word',
  lowercase: true,
  asciiFolding: false,
  phraseMatching: true,
  stopwords: [],
};
