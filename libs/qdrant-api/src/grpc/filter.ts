// Filters of protobuf requests to the model's filter.

import type { Condition, Filter, GeoPoint, MatchValue, RangeBounds } from '@tributary/model';
import { formatError, validationError } from '../errors.ts';
import type {
  Condition as ConditionMessage,
  DatetimeRange,
  FieldCondition,
  Filter as FilterMessage,
  GeoLineString,
  GeoPoint as GeoPointMessage,
  Match,
  MinShould,
  Range,
  ValuesCount,
} from '../gen/qdrant_common.ts';
import {
  anyOf,
  checkRing,
  emptiness,
  expecting,
  geoPoint,
  notNested,
} from '../requests/field-condition.ts';
import { checkFilterDepth, sliceCondition } from '../requests/filter.ts';
import { checkCount, checkRange, present, readPath } from '../requests/json-reader.ts';
import { readFieldPath, VERSION_KEY, versionCondition } from '../requests/version-condition.ts';
import { numberOf, readPointIds } from './ids.ts';
import { readTimestamp } from './timestamps.ts';

export function readFilter(message: FilterMessage, path: string): Filter {
  return filterOf(message, path, { depth: 0, nested: false });
}

export function readCondition(message: ConditionMessage, path: string): Condition {
  return conditionOf(message, path, { depth: 0, nested: false });
}

interface Place {
  readonly depth: number;
  /** Inside a `nested` condition. */
  readonly nested: boolean;
}

function filterOf(message: FilterMessage, path: string, place: Place): Filter {
  checkFilterDepth(place.depth, path);
  const clause = (conditions: readonly ConditionMessage[], name: string) =>
    conditions.length === 0 ? undefined : conditionsOf(conditions, `${path}.${name}`, place);
  return present<Filter>({
    must: clause(message.must, 'must'),
    should: clause(message.should, 'should'),
    mustNot: clause(message.mustNot, 'must_not'),
    minShould: message.minShould && minShouldOf(message.minShould, `${path}.min_should`, place),
  });
}

function conditionsOf(messages: readonly ConditionMessage[], path: string, place: Place) {
  return messages.map((each, i) => conditionOf(each, `${path}[${i}]`, place));
}

function minShouldOf({ conditions, minCount }: MinShould, path: string, place: Place) {
  return {
    conditions: conditionsOf(conditions, `${path}.conditions`, place),
    minCount: checkCount(numberOf(minCount), `${path}.min_count`, 1),
  };
}

function conditionOf(message: ConditionMessage, path: string, place: Place): Condition {
  if (message.field !== undefined) return fieldCondition(message.field, path, place.nested);
  if (message.isEmpty !== undefined) {
    return { kind: 'isEmpty', key: readFieldPath(message.isEmpty.key, `${path}.key`) };
  }
  if (message.isNull !== undefined) {
    return { kind: 'isNull', key: readFieldPath(message.isNull.key, `${path}.key`) };
  }
  if (message.hasId !== undefined) {
    if (place.nested) throw notNested('has_id', path);
    return { kind: 'hasId', ids: readPointIds(message.hasId.hasId, `${path}.has_id`) };
  }
  if (message.hasVector !== undefined) {
    if (place.nested) throw notNested('has_vector', path);
    return { kind: 'hasVector', name: message.hasVector.hasVector };
  }
  if (message.slice !== undefined) {
    if (place.nested) throw notNested('slice', path);
    const { total, index } = message.slice;
    return sliceCondition(total, index, `${path}.slice`);
  }
  if (message.nested !== undefined) {
    const key = readFieldPath(message.nested.key, `${path}.nested.key`);
    if (message.nested.filter === undefined) throw formatError(`${path}.nested: expected a filter`);
    const within = { depth: place.depth + 1, nested: true };
    return { kind: 'nested', key, filter: filterOf(message.nested.filter, path, within) };
  }
  if (message.filter !== undefined) {
    const within = { ...place, depth: place.depth + 1 };
    return { kind: 'filter', filter: filterOf(message.filter, path, within) };
  }
  throw formatError(`${path}: expected some form of condition`);
}

function fieldCondition(message: FieldCondition, path: string, nested: boolean): Condition {
  if (message.key === VERSION_KEY) {
    if (nested) throw notNested(VERSION_KEY, path);
    const predicates = predicatesOf(VERSION_KEY, message, path);
    const about = predicates.map((predicate) => versionCondition(predicate, path));
    return anyOf(about, path);
  }
  const key = readPath(message.key, `${path}.key`);
  const { isEmpty, isNull, valuesCount } = message;
  if (valuesCount !== undefined) return valuesCountOf(key, valuesCount, `${path}.values_count`);
  if (isEmpty !== undefined) return emptiness(isEmpty, key);
  if (isNull !== undefined) return expecting(isNull, { kind: 'isNull', key });
  return anyOf(predicatesOf(key, message, path), path);
}

function predicatesOf(key: string, message: FieldCondition, path: string): Condition[] {
  const { match, range, datetimeRange } = message;
  const conditions: Condition[] = [];
  if (match !== undefined) conditions.push(matchOf(key, match, path));
  if (range !== undefined) conditions.push(rangeOf(key, range, `${path}.range`));
  if (datetimeRange !== undefined) {
    conditions.push(datetimeRangeOf(key, datetimeRange, `${path}.datetime_range`));
  }
  conditions.push(...geoConditions(key, message, path));
  return conditions;
}

function geoConditions(key: string, message: FieldCondition, path: string): Condition[] {
  const { geoBoundingBox, geoRadius, geoPolygon } = message;
  const conditions: Condition[] = [];
  if (geoRadius !== undefined) {
    const center = readGeoPoint(geoRadius.center, `${path}.geo_radius.center`);
    const where = `${path}.geo_radius.radius`;
    const radiusM = checkRange(finite(geoRadius.radius, where), where, 0);
    conditions.push({ kind: 'geoRadius', key, center, radiusM });
  }
  if (geoBoundingBox !== undefined) {
    const where = `${path}.geo_bounding_box`;
    const topLeft = readGeoPoint(geoBoundingBox.topLeft, `${where}.top_left`);
    const bottomRight = readGeoPoint(geoBoundingBox.bottomRight, `${where}.bottom_right`);
    conditions.push({ kind: 'geoBoundingBox', key, topLeft, bottomRight });
  }
  if (geoPolygon !== undefined) {
    const where = `${path}.geo_polygon`;
    const exterior = readRing(geoPolygon.exterior, `${where}.exterior`);
    const interiors = geoPolygon.interiors.map((ring, i) =>
      readRing(ring, `${where}.interiors[${i}]`),
    );
    conditions.push({ kind: 'geoPolygon', key, exterior, interiors });
  }
  return conditions;
}

function readRing(line: GeoLineString | undefined, path: string): readonly GeoPoint[] {
  const points = (line?.points ?? []).map((point, i) =>
    readGeoPoint(point, `${path}.points[${i}]`),
  );
  return checkRing(points, `${path}.points`);
}

export function readGeoPoint(message: GeoPointMessage | undefined, path: string): GeoPoint {
  if (message === undefined) throw formatError(`${path}: expected a point`);
  return geoPoint(finite(message.lon, `${path}.lon`), finite(message.lat, `${path}.lat`), path);
}

export function finite(value: number, path: string): number {
  if (Number.isFinite(value)) return value;
  throw formatError(`${path}: expected a finite number`);
}

function valuesCountOf(key: string, message: ValuesCount, path: string): Condition {
  const { lt, gt, gte, lte } = message;
  const bound = (count: bigint | undefined) => (count === undefined ? undefined : numberOf(count));
  const bounds = { lt: bound(lt), gt: bound(gt), gte: bound(gte), lte: bound(lte) };
  const range = present<RangeBounds>(bounds);
  if (Object.keys(range).length > 0) return { kind: 'valuesCount', key, range };
  throw validationError(path, 'at least one of lt, gt, gte, lte must be given');
}

function datetimeRangeOf(key: string, message: DatetimeRange, path: string): Condition {
  const { lt, gt, gte, lte } = message;
  const bound = (bytes: Uint8Array | undefined) =>
    bytes === undefined ? undefined : readTimestamp(bytes, path);
  const bounds = { lt: bound(lt), gt: bound(gt), gte: bound(gte), lte: bound(lte) };
  return { kind: 'datetimeRange', key, range: present<RangeBounds>(bounds) };
}

/** Payloads hold finite numbers only, so beyond the largest of them is as good as infinitely far. */
function rangeOf(key: string, range: Range, path: string): Condition {
  const bound = (value: number | undefined): number | undefined => {
    if (Number.isNaN(value)) throw formatError(`${path}: not a number`);
    if (value === undefined || Number.isFinite(value)) return value;
    return Math.sign(value) * Number.MAX_VALUE;
  };
  const { lt, gt, gte, lte } = range;
  // All are below +∞, and all above -∞.
  const bounds = {
    lt: lt === Infinity ? undefined : bound(lt),
    gt: gt === -Infinity ? undefined : bound(gt),
    gte: bound(gte),
    lte: bound(lte),
  };
  return { kind: 'range', key, range: present<RangeBounds>(bounds) };
}

function matchOf(key: string, match: Match, path: string): Condition {
  const { keyword, integer, boolean, keywords, integers, exceptKeywords, exceptIntegers } = match;
  const value = keyword ?? boolean ?? (integer === undefined ? undefined : integerOf(integer));
  if (value !== undefined) return { kind: 'match', key, value };
  const any = keywords?.strings ?? integers?.integers.map(integerOf);
  if (any !== undefined) return { kind: 'matchAny', key, any };
  const except = exceptKeywords?.strings ?? exceptIntegers?.integers.map(integerOf);
  if (except !== undefined) return { kind: 'matchExcept', key, except };
  const { text, textAny, phrase, prefix, substring } = match;
  if (text !== undefined) return { kind: 'matchText', key, text };
  if (textAny !== undefined) return { kind: 'matchTextAny', key, text: textAny };
  if (phrase !== undefined) return { kind: 'matchPhrase', key, phrase };
  if (prefix !== undefined) return { kind: 'matchPrefix', key, prefix };
  if (substring !== undefined) return { kind: 'matchSubstring', key, substring };
  throw formatError(`${path}.match: expected a value`);
}

function integerOf(value: bigint): MatchValue {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
