// Filters and payload objects travel as JSON text: they are rare beside vectors, and their shape is checked on reading.

import type {
  Condition,
  ExactNumber,
  Filter,
  GeoPoint,
  JsonArray,
  JsonObject,
  JsonValue,
  MatchValue,
  PointId,
  RangeBounds,
} from '@tributary/model';
import {
  exactNumberOf,
  isJsonObject,
  parseJson,
  parsePointId,
  stringifyJson,
} from '@tributary/model';
import { corrupt } from './field.ts';
import { FILTER_DEPTH_MAX, filterToText } from './filter-text.ts';

const textEncoder = new TextEncoder();
const textDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function jsonToBytes(value: JsonValue): Uint8Array {
  return textEncoder.encode(stringifyJson(value));
}

export function objectFromBytes(bytes: Uint8Array): JsonObject {
  return asObject(parseJson(textDecoder.decode(bytes)));
}

/** Throws `bad_request` on a filter nested deeper than a reader accepts. */
export function filterToBytes(filter: Filter): Uint8Array {
  return textEncoder.encode(filterToText(filter));
}

export function filterFromBytes(bytes: Uint8Array): Filter {
  return filterFromJson(parseJson(textDecoder.decode(bytes)), 0);
}

function filterFromJson(value: JsonValue | undefined, depth: number): Filter {
  if (depth > FILTER_DEPTH_MAX) throw corrupt('a filter nests too deep');
  const filter: { -readonly [clause in keyof Filter]: Filter[clause] } = {};
  const conditions = (list: JsonValue | undefined) =>
    asArray(list).map((each) => conditionFromJson(each, depth));
  for (const [clause, content] of Object.entries(asObject(value))) {
    switch (clause) {
      case 'must':
      case 'should':
      case 'mustNot':
        filter[clause] = conditions(content);
        break;
      case 'minShould': {
        const json = asObject(content);
        filter.minShould = {
          conditions: conditions(json.conditions),
          minCount: asNumber(json.minCount),
        };
        break;
      }
      default:
        throw corrupt(`unknown clause of a filter: ${clause}`);
    }
  }
  return filter;
}

function conditionFromJson(value: JsonValue, depth: number): Condition {
  const json = asObject(value);
  const kind = asText(json.kind);
  switch (kind) {
    case 'match':
      return { kind, key: asText(json.key), value: asMatchValue(json.value) };
    case 'matchAny':
      return { kind, key: asText(json.key), any: asArray(json.any).map(asMatchValue) };
    case 'matchExcept':
      return { kind, key: asText(json.key), except: asArray(json.except).map(asMatchValue) };
    case 'range':
    case 'datetimeRange':
    case 'valuesCount':
      return { kind, key: asText(json.key), range: asRange(json.range) };
    case 'matchText':
    case 'matchTextAny':
      return { kind, key: asText(json.key), text: asText(json.text) };
    case 'matchPhrase':
      return { kind, key: asText(json.key), phrase: asText(json.phrase) };
    case 'matchPrefix':
      return { kind, key: asText(json.key), prefix: asText(json.prefix) };
    case 'matchSubstring':
      return { kind, key: asText(json.key), substring: asText(json.substring) };
    case 'geoBoundingBox':
    case 'geoRadius':
    case 'geoPolygon':
      return geoConditionFromJson(kind, json);
    case 'hasVector':
      return { kind, name: asText(json.name) };
    case 'slice':
      return { kind, total: asCount(json.total, 1), index: asCount(json.index, 0) };
    case 'version':
      return { kind, range: asRange(json.range) };
    case 'isEmpty':
    case 'isNull':
      return { kind, key: asText(json.key) };
    case 'hasId':
      return { kind, ids: asArray(json.ids).map(asPointId) };
    case 'nested':
      return { kind, key: asText(json.key), filter: filterFromJson(json.filter, depth + 1) };
    case 'filter':
      return { kind, filter: filterFromJson(json.filter, depth + 1) };
    default:
      throw corrupt(`unknown condition of a filter: ${kind}`);
  }
}

function geoConditionFromJson(
  kind: 'geoBoundingBox' | 'geoRadius' | 'geoPolygon',
  json: JsonObject,
): Condition {
  const key = asText(json.key);
  switch (kind) {
    case 'geoBoundingBox':
      return { kind, key, topLeft: asPlace(json.topLeft), bottomRight: asPlace(json.bottomRight) };
    case 'geoRadius':
      return { kind, key, center: asPlace(json.center), radiusM: asNumber(json.radiusM) };
    case 'geoPolygon':
      return {
        kind,
        key,
        exterior: asRing(json.exterior),
        interiors: asArray(json.interiors).map(asRing),
      };
  }
}

function asPlace(value: JsonValue | undefined): GeoPoint {
  const { lon, lat } = asObject(value);
  return { lon: asNumber(lon), lat: asNumber(lat) };
}

function asRing(value: JsonValue | undefined): GeoPoint[] {
  return asArray(value).map(asPlace);
}

function asRange(value: JsonValue | undefined): RangeBounds {
  const range: { -readonly [bound in keyof RangeBounds]: ExactNumber } = {};
  for (const [bound, limit] of Object.entries(asObject(value))) {
    if (bound !== 'lt' && bound !== 'gt' && bound !== 'lte' && bound !== 'gte') {
      throw corrupt(`unknown bound of a range: ${bound}`);
    }
    const number = exactNumberOf(limit);
    if (number === undefined) throw corrupt('not a number');
    range[bound] = number;
  }
  return range;
}

function asPointId(value: JsonValue): PointId {
  const id = parsePointId(value);
  if (id === undefined) throw corrupt('not a point id');
  return id;
}

function asMatchValue(value: JsonValue | undefined): MatchValue {
  if (value === undefined || value === null || typeof value === 'object') {
    throw corrupt('not a value to match');
  }
  return value;
}

function asNumber(value: JsonValue | undefined): number {
  if (typeof value !== 'number' && typeof value !== 'bigint') throw corrupt('not a number');
  return Number(value);
}

function asCount(value: JsonValue | undefined, min: number): number {
  const count = asNumber(value);
  if (!Number.isSafeInteger(count) || count < min) throw corrupt(`not a count of at least ${min}`);
  return count;
}

function asText(value: JsonValue | undefined): string {
  if (typeof value !== 'string') throw corrupt('not a text');
  return value;
}

function asArray(value: JsonValue | undefined): JsonArray {
  if (!Array.isArray(value)) throw corrupt('not a list');
  return value;
}

function asObject(value: JsonValue | undefined): JsonObject {
  if (!isJsonObject(value)) throw corrupt('not an object');
  return value;
}
