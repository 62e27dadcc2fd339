// Filters and payload objects travel as JSON text: they are rare beside vectors, and their shape is checked on reading.

import type {
  Condition,
  Filter,
  JsonArray,
  JsonObject,
  JsonValue,
  MatchValue,
  PointId,
  RangeBounds,
} from '@tributary/model';
import { parseJson, parsePointId, stringifyJson } from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import { corrupt } from './field.ts';

/** How deep filters may nest: one level takes three of JSON, of which parseJson reads 128. */
export const FILTER_DEPTH_MAX = 40;

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
  return jsonToBytes(filterToJson(filter, 0));
}

export function filterFromBytes(bytes: Uint8Array): Filter {
  return filterFromJson(parseJson(textDecoder.decode(bytes)), 0);
}

function filterToJson(filter: Filter, depth: number): JsonObject {
  if (depth > FILTER_DEPTH_MAX) {
    throw new TributaryError('bad_request', `a filter nests deeper than ${FILTER_DEPTH_MAX}`);
  }
  const clause = (conditions: readonly Condition[]) =>
    conditions.map((condition) => conditionToJson(condition, depth));
  const json: Record<string, JsonValue> = {};
  if (filter.must) json.must = clause(filter.must);
  if (filter.should) json.should = clause(filter.should);
  if (filter.mustNot) json.mustNot = clause(filter.mustNot);
  return json;
}

function conditionToJson(condition: Condition, depth: number): JsonObject {
  switch (condition.kind) {
    case 'nested':
      return { ...condition, filter: filterToJson(condition.filter, depth + 1) };
    case 'filter':
      return { ...condition, filter: filterToJson(condition.filter, depth + 1) };
    case 'range':
      return { ...condition, range: { ...condition.range } };
    default:
      return { ...condition };
  }
}

function filterFromJson(value: JsonValue | undefined, depth: number): Filter {
  if (depth > FILTER_DEPTH_MAX) throw corrupt('a filter nests too deep');
  const json = asObject(value);
  const filter: { must?: Condition[]; should?: Condition[]; mustNot?: Condition[] } = {};
  for (const [clause, conditions] of Object.entries(json)) {
    if (clause !== 'must' && clause !== 'should' && clause !== 'mustNot') {
      throw corrupt(`unknown clause of a filter: ${clause}`);
    }
    filter[clause] = asArray(conditions).map((each) => conditionFromJson(each, depth));
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
      return { kind, key: asText(json.key), range: asRange(json.range) };
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

function asRange(value: JsonValue | undefined): RangeBounds {
  const range: { -readonly [bound in keyof RangeBounds]: number } = {};
  for (const [bound, limit] of Object.entries(asObject(value))) {
    if (bound !== 'lt' && bound !== 'gt' && bound !== 'lte' && bound !== 'gte') {
      throw corrupt(`unknown bound of a range: ${bound}`);
    }
    if (typeof limit !== 'number' && typeof limit !== 'bigint') throw corrupt('not a number');
    range[bound] = Number(limit);
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

function asText(value: JsonValue | undefined): string {
  if (typeof value !== 'string') throw corrupt('not a text');
  return value;
}

function asArray(value: JsonValue | undefined): JsonArray {
  if (!Array.isArray(value)) throw corrupt('not a list');
  return value;
}

function asObject(value: JsonValue | undefined): JsonObject {
  if (typeof value !== 'object' || value === null || isArray(value)) throw corrupt('not an object');
  return value;
}

/** `Array.isArray` does not narrow a readonly array away. */
function isArray(value: JsonValue): value is JsonArray {
  return Array.isArray(value);
}
