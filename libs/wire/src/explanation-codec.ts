// The bytes of an explanation: JSON text, as few are asked for.

import type {
  Condition,
  Explanation,
  FieldIndexType,
  FilterExplanation,
  FilterPlanKind,
  IndexOption,
  JsonObject,
  SearchExplanation,
  SearchMethod,
  UnindexedCondition,
} from '@tributary/model';
import { jsonToBytes, objectFromBytes } from './json-field.ts';
import {
  booleanMember,
  choiceMember,
  numberMember,
  objectMember,
  objectsMember,
  textMember,
} from './json-members.ts';

const PLANS: readonly FilterPlanKind[] = ['listed', 'table', 'index', 'narrow', 'scan'];
const METHODS: readonly SearchMethod[] = ['graph', 'scan', 'codes', 'lists'];
const INDEX_TYPES: readonly FieldIndexType[] = [
  'keyword',
  'integer',
  'float',
  'geo',
  'bool',
  'datetime',
  'uuid',
  'text',
];
const INDEX_OPTIONS: readonly IndexOption[] = ['lookup', 'range', 'prefix', 'phrase_matching'];
const CONDITIONS: readonly Condition['kind'][] = [
  'match',
  'matchAny',
  'matchExcept',
  'range',
  'datetimeRange',
  'matchText',
  'matchTextAny',
  'matchPhrase',
  'matchPrefix',
  'matchSubstring',
  'geoBoundingBox',
  'geoRadius',
  'geoPolygon',
  'valuesCount',
  'isEmpty',
  'isNull',
];

export function explanationToBytes({ points, filter, search }: Explanation): Uint8Array {
  return jsonToBytes({
    points,
    ...(filter !== undefined && { filter: filterJson(filter) }),
    ...(search !== undefined && { search: { ...search } }),
  });
}

/** Errors: `corrupt`. */
export function explanationFromBytes(bytes: Uint8Array): Explanation {
  const json = objectFromBytes(bytes);
  return {
    points: numberMember(json, 'points'),
    ...(json.filter !== undefined && { filter: filterOf(objectMember(json, 'filter')) }),
    ...(json.search !== undefined && { search: searchOf(objectMember(json, 'search')) }),
  };
}

function filterJson(filter: FilterExplanation): JsonObject {
  const { estimated, unindexed, ...others } = filter;
  return {
    ...others,
    estimated: { ...estimated },
    unindexed: unindexed.map((condition) => ({ ...condition })),
  };
}

function filterOf(json: JsonObject): FilterExplanation {
  const estimated = objectMember(json, 'estimated');
  return {
    plan: choiceMember(json, 'plan', PLANS),
    estimated: {
      min: numberMember(estimated, 'min'),
      expected: numberMember(estimated, 'expected'),
      max: numberMember(estimated, 'max'),
    },
    candidates: numberMember(json, 'candidates'),
    ...(json.matched !== undefined && { matched: numberMember(json, 'matched') }),
    ...(json.tookMs !== undefined && { tookMs: numberMember(json, 'tookMs') }),
    unindexed: objectsMember(json, 'unindexed').map(unindexedOf),
  };
}

function unindexedOf(json: JsonObject): UnindexedCondition {
  return {
    key: textMember(json, 'key'),
    asks: choiceMember(json, 'asks', CONDITIONS),
    helps: choiceMember(json, 'helps', INDEX_TYPES),
    ...(json.option !== undefined && { option: choiceMember(json, 'option', INDEX_OPTIONS) }),
    ...(json.has !== undefined && { has: choiceMember(json, 'has', INDEX_TYPES) }),
  };
}

function searchOf(json: JsonObject): SearchExplanation {
  return {
    method: choiceMember(json, 'method', METHODS),
    limit: numberMember(json, 'limit'),
    ef: numberMember(json, 'ef'),
    exact: booleanMember(json, 'exact'),
    vectors: numberMember(json, 'vectors'),
    indexed: numberMember(json, 'indexed'),
    segments: numberMember(json, 'segments'),
  };
}
