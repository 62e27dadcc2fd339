// Conditions on a field of the payload: what follows `key` in a filter.

import type {
  Condition,
  ExactNumber,
  GeoPoint,
  JsonObject,
  JsonValue,
  MatchValue,
  RangeBounds,
} from '@tributary/model';
import { parseDatetime } from '@tributary/model';
import { formatError, validationError } from '../errors.ts';
import {
  at,
  checkRange,
  optional,
  present,
  readArray,
  readBoolean,
  readExactNumber,
  readNumber,
  readObject,
  readPath,
  readString,
  readUnsigned,
  shown,
  wrongType,
} from './json-reader.ts';
import { VERSION_KEY, versionCondition } from './version-condition.ts';

const I64_MIN = -(2n ** 63n);
const I64_MAX = 2n ** 63n - 1n;
/** A triangle, closed. */
const RING_POINTS_MIN = 4;

type Read = (key: string, value: JsonValue, path: string) => Condition;

const PREDICATES: Readonly<Record<string, Read>> = {
  match: matchOf,
  range: rangeOf,
  geo_bounding_box: boundingBoxOf,
  geo_radius: radiusOf,
  geo_polygon: polygonOf,
};

/**
 * Several predicates on one key hold when any of them does; values_count, is_empty and is_null stand alone, in that
 * order. `nested`: the key is one of an element of the payload.
 */
export function fieldCondition(object: JsonObject, path: string, nested: boolean): Condition {
  if (object.key === VERSION_KEY) {
    if (nested) throw notNested(VERSION_KEY, path);
    const predicates = predicatesOf(object, VERSION_KEY, path);
    const about = predicates.map((predicate) => versionCondition(predicate, path));
    return anyOf(about, path);
  }
  const key = readPath(object.key, at(path, 'key'));
  const valuesCount = optional(object, 'values_count', path, valuesCountOf);
  if (valuesCount !== undefined) return { kind: 'valuesCount', key, range: valuesCount };
  const isEmpty = optional(object, 'is_empty', path, readBoolean);
  if (isEmpty !== undefined) return emptiness(isEmpty, key);
  const isNull = optional(object, 'is_null', path, readBoolean);
  if (isNull !== undefined) return expecting(isNull, { kind: 'isNull', key });
  return anyOf(predicatesOf(object, key, path), path);
}

function predicatesOf(object: JsonObject, key: string, path: string): Condition[] {
  return Object.entries(PREDICATES).flatMap(
    ([name, read]) => optional(object, name, path, (value, where) => read(key, value, where)) ?? [],
  );
}

/** These look at the point itself, and inside a nested condition there is only an element of its payload. */
export function notNested(kind: string, path: string): Error {
  return validationError(`${path}.${kind}`, `${kind} is not allowed inside a nested condition`);
}

/** Empty, or of at least one value: of a nested index one entry each may be so. */
export function emptiness(isEmpty: boolean, key: string): Condition {
  return isEmpty ? { kind: 'isEmpty', key } : { kind: 'valuesCount', key, range: { gte: 1 } };
}

/** The condition itself where `holds`, else its negation. */
export function expecting(holds: boolean, condition: Condition): Condition {
  return holds ? condition : { kind: 'filter', filter: { mustNot: [condition] } };
}

/** One condition that holds when any of these does; there must be one. */
export function anyOf(conditions: readonly Condition[], path: string): Condition {
  const [first] = conditions;
  if (first === undefined) {
    throw validationError(path, 'At least one field condition must be specified');
  }
  return conditions.length === 1 ? first : { kind: 'filter', filter: { should: conditions } };
}

function matchOf(key: string, value: JsonValue, path: string): Condition {
  const match = readObject(value, path);
  const text = (name: string) => readString(match[name], at(path, name));
  if (match.value !== undefined) {
    return { kind: 'match', key, value: readMatchValue(match.value, at(path, 'value')) };
  }
  if (match.text !== undefined) return { kind: 'matchText', key, text: text('text') };
  if (match.text_any !== undefined) return { kind: 'matchTextAny', key, text: text('text_any') };
  if (match.phrase !== undefined) return { kind: 'matchPhrase', key, phrase: text('phrase') };
  if (match.prefix !== undefined) return { kind: 'matchPrefix', key, prefix: text('prefix') };
  if (match.substring !== undefined) {
    return { kind: 'matchSubstring', key, substring: text('substring') };
  }
  if (match.any !== undefined) {
    return { kind: 'matchAny', key, any: readMatchList(match.any, at(path, 'any')) };
  }
  const except = match.except ?? match.except_any;
  if (except !== undefined) {
    return { kind: 'matchExcept', key, except: readMatchList(except, at(path, 'except')) };
  }
  const kinds = '`value`, `text`, `text_any`, `phrase`, `prefix`, `substring`, `any`, `except`';
  throw wrongType(path, value, `one of ${kinds}`);
}

function readMatchValue(value: JsonValue, path: string): MatchValue {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (isInteger64(value)) return value;
  throw wrongType(path, value, 'a string, a 64-bit integer or a boolean');
}

/** All strings, or all integers. Not copied: there may be some 100,000. */
function readMatchList(value: JsonValue, path: string): readonly MatchValue[] {
  const items = readArray(value, path);
  const isFitting: (value: JsonValue) => value is string | number | bigint =
    typeof items[0] === 'string' ? isString : isInteger64;
  if (items.every(isFitting)) return items;
  const item = items.find((each) => !isFitting(each)) ?? null;
  throw wrongType(path, item, 'a list of strings or of 64-bit integers');
}

function isString(value: JsonValue): value is string {
  return typeof value === 'string';
}

function isInteger64(value: JsonValue): value is number | bigint {
  if (typeof value === 'number') return Number.isSafeInteger(value);
  return typeof value === 'bigint' && value >= I64_MIN && value <= I64_MAX;
}

const BOUNDS = ['lt', 'gt', 'gte', 'lte'] as const;

/** Bounds are all numbers, or all datetimes. */
function rangeOf(key: string, value: JsonValue, path: string): Condition {
  const range = readObject(value, path);
  const isDatetime = BOUNDS.some((name) => typeof range[name] === 'string');
  const read = isDatetime ? readDatetime : readExactNumber;
  return { kind: isDatetime ? 'datetimeRange' : 'range', key, range: boundsOf(range, path, read) };
}

/** Microseconds since the Unix epoch. */
export function readDatetime(value: JsonValue | undefined, path: string): ExactNumber {
  const micros = parseDatetime(readString(value, path));
  if (micros !== undefined) return micros;
  throw formatError(`${path}: ${shown(value)} is not a datetime, expected RFC 3339`);
}

function valuesCountOf(value: JsonValue, path: string): RangeBounds {
  const range = boundsOf(readObject(value, path), path, readUnsigned);
  if (Object.keys(range).length > 0) return range;
  throw validationError(path, 'at least one of lt, gt, gte, lte must be given');
}

function boundsOf(
  range: JsonObject,
  path: string,
  read: (value: JsonValue, path: string) => ExactNumber,
): RangeBounds {
  return present<RangeBounds>({
    lt: optional(range, 'lt', path, read),
    gt: optional(range, 'gt', path, read),
    gte: optional(range, 'gte', path, read),
    lte: optional(range, 'lte', path, read),
  });
}

/** Degrees; a validation error outside ±180 and ±90. */
export function readGeoPoint(value: JsonValue | undefined, path: string): GeoPoint {
  const object = readObject(value, path);
  return geoPoint(
    readNumber(object.lon, at(path, 'lon')),
    readNumber(object.lat, at(path, 'lat')),
    path,
  );
}

export function geoPoint(lon: number, lat: number, path: string): GeoPoint {
  checkRange(lon, at(path, 'lon'), -180, 180);
  checkRange(lat, at(path, 'lat'), -90, 90);
  return { lon, lat };
}

function boundingBoxOf(key: string, value: JsonValue, path: string): Condition {
  const box = readObject(value, path);
  const topLeft = readGeoPoint(box.top_left, at(path, 'top_left'));
  const bottomRight = readGeoPoint(box.bottom_right, at(path, 'bottom_right'));
  return { kind: 'geoBoundingBox', key, topLeft, bottomRight };
}

function radiusOf(key: string, value: JsonValue, path: string): Condition {
  const circle = readObject(value, path);
  const center = readGeoPoint(circle.center, at(path, 'center'));
  const radiusM = readNumber(circle.radius, at(path, 'radius'));
  return { kind: 'geoRadius', key, center, radiusM: checkRange(radiusM, at(path, 'radius'), 0) };
}

function polygonOf(key: string, value: JsonValue, path: string): Condition {
  const polygon = readObject(value, path);
  const interiors = optional(polygon, 'interiors', path, readArray) ?? [];
  return {
    kind: 'geoPolygon',
    key,
    exterior: readRing(polygon.exterior, at(path, 'exterior')),
    interiors: interiors.map((ring, i) => readRing(ring, `${at(path, 'interiors')}[${i}]`)),
  };
}

function readRing(value: JsonValue | undefined, path: string): readonly GeoPoint[] {
  const where = at(path, 'points');
  const points = readArray(readObject(value, path).points, where);
  return checkRing(
    points.map((point, i) => readGeoPoint(point, `${where}[${i}]`)),
    where,
  );
}

/** The ring itself; a validation error where it has too few points or is not closed. */
export function checkRing(points: readonly GeoPoint[], path: string): readonly GeoPoint[] {
  const [first] = points;
  const last = points.at(-1);
  if (points.length < RING_POINTS_MIN) {
    const rule = `at least ${RING_POINTS_MIN} points are required`;
    throw validationError(path, `invalid polygon, ${points.length} points given, ${rule}`);
  }
  if (first?.lon === last?.lon && first?.lat === last?.lat) return points;
  throw validationError(path, 'invalid polygon, the first and the last point must be the same');
}
