// The examples as messages of the official gRPC clients, and their answers as values again.

import assert from 'node:assert/strict';
import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type ConditionSchema,
  type FilterSchema,
  type MatchSchema,
  type PointIdSchema,
  type PointStructSchema,
  type RetrievedPoint,
  type ScoredPoint,
  toDenseVector,
  type Value,
  type ValueSchema,
  type VectorsSchema,
} from '@qdrant/js-client-grpc';
import type { ConditionBody, FilterBody, MatchBody } from './example-filters.ts';
import type { ExampleHit, ExampleId, ExamplePoint, Payload } from './example-points.ts';

type Id = MessageInitShape<typeof PointIdSchema>;
type Filter = MessageInitShape<typeof FilterSchema>;
type Condition = MessageInitShape<typeof ConditionSchema>;
type Match = MessageInitShape<typeof MatchSchema>;
type ValueMessage = MessageInitShape<typeof ValueSchema>;
type Vectors = MessageInitShape<typeof VectorsSchema>;

export function idMessage(id: ExampleId): Id {
  return typeof id === 'string'
    ? { pointIdOptions: { case: 'uuid', value: id } }
    : { pointIdOptions: { case: 'num', value: BigInt(id) } };
}

/** One unnamed vector where there are no names, else the same vector under each name. */
export function pointMessage(
  { id, vector, payload }: ExamplePoint,
  names: readonly string[] = [],
): MessageInitShape<typeof PointStructSchema> {
  const dense = { vector: { case: 'dense' as const, value: { data: [...vector] } } };
  const vectors: Vectors =
    names.length === 0
      ? { vectorsOptions: { case: 'vector', value: dense } }
      : {
          vectorsOptions: {
            case: 'vectors',
            value: { vectors: Object.fromEntries(names.map((name) => [name, dense])) },
          },
        };
  return { id: idMessage(id), vectors, payload: payloadMessage(payload) };
}

export function payloadMessage(payload: Payload): Record<string, ValueMessage> {
  return Object.fromEntries(
    Object.entries(payload).map(([key, each]) => [key, valueMessage(each)]),
  );
}

function valueMessage(value: unknown): ValueMessage {
  if (value === null) return { kind: { case: 'nullValue', value: 0 } };
  if (typeof value === 'boolean') return { kind: { case: 'boolValue', value } };
  if (typeof value === 'string') return { kind: { case: 'stringValue', value } };
  if (typeof value === 'bigint') return { kind: { case: 'integerValue', value } };
  if (typeof value === 'number') {
    return Number.isInteger(value)
      ? { kind: { case: 'integerValue', value: BigInt(value) } }
      : { kind: { case: 'doubleValue', value } };
  }
  if (Array.isArray(value)) {
    return { kind: { case: 'listValue', value: { values: value.map(valueMessage) } } };
  }
  assert.ok(typeof value === 'object', 'a payload is made of JSON values');
  const fields = payloadMessage(Object.fromEntries(Object.entries(value)));
  return { kind: { case: 'structValue', value: { fields } } };
}

export function filterMessage(filter: FilterBody): Filter {
  return {
    must: (filter.must ?? []).map(conditionMessage),
    should: (filter.should ?? []).map(conditionMessage),
    mustNot: (filter.must_not ?? []).map(conditionMessage),
  };
}

function conditionMessage(condition: ConditionBody): Condition {
  if ('has_id' in condition) {
    const hasId = condition.has_id.map(idMessage);
    return { conditionOneOf: { case: 'hasId', value: { hasId } } };
  }
  if ('is_empty' in condition) {
    return { conditionOneOf: { case: 'isEmpty', value: condition.is_empty } };
  }
  if ('is_null' in condition) {
    return { conditionOneOf: { case: 'isNull', value: condition.is_null } };
  }
  if ('nested' in condition) {
    const { key, filter } = condition.nested;
    return { conditionOneOf: { case: 'nested', value: { key, filter: filterMessage(filter) } } };
  }
  if ('range' in condition) {
    const { key, range } = condition;
    return { conditionOneOf: { case: 'field', value: { key, range } } };
  }
  if ('match' in condition) {
    const { key, match } = condition;
    return { conditionOneOf: { case: 'field', value: { key, match: matchMessage(match) } } };
  }
  return { conditionOneOf: { case: 'filter', value: filterMessage(condition) } };
}

function matchMessage(match: MatchBody): Match {
  if ('value' in match) {
    const { value } = match;
    if (typeof value === 'string') return { matchValue: { case: 'keyword', value } };
    if (typeof value === 'boolean') return { matchValue: { case: 'boolean', value } };
    return { matchValue: { case: 'integer', value: BigInt(value) } };
  }
  const isAny = 'any' in match;
  const values = isAny ? match.any : match.except;
  const strings = values.filter((value) => typeof value === 'string');
  const integers = values.filter((value) => typeof value === 'number').map(BigInt);
  if (strings.length > 0) {
    return {
      matchValue: { case: isAny ? 'keywords' : 'exceptKeywords', value: { strings } },
    };
  }
  return { matchValue: { case: isAny ? 'integers' : 'exceptIntegers', value: { integers } } };
}

/** As the examples have it: a number where it is exact. */
export function idIn({ id }: Pick<RetrievedPoint, 'id'>): ExampleId {
  const value = id?.pointIdOptions.value;
  assert.ok(value !== undefined, 'a point has an id');
  return typeof value === 'bigint' ? plainInteger(value) : value;
}

export function payloadIn({ payload }: Pick<RetrievedPoint, 'payload'>): Payload {
  return Object.fromEntries(Object.entries(payload).map(([key, value]) => [key, plain(value)]));
}

/** The unnamed vector, or one of the named ones. */
export function vectorIn(
  { vectors }: Pick<RetrievedPoint, 'vectors'>,
  name?: string,
): number[] | undefined {
  const options = vectors?.vectorsOptions;
  if (options?.case === 'vector') return toDenseVector(options.value)?.data;
  const named = name === undefined ? undefined : options?.value?.vectors[name];
  return named && toDenseVector(named)?.data;
}

export function vectorNamesIn({ vectors }: Pick<RetrievedPoint, 'vectors'>): string[] {
  const options = vectors?.vectorsOptions;
  return options?.case === 'vectors' ? Object.keys(options.value.vectors).sort() : [];
}

export function hitsIn(points: readonly ScoredPoint[]): ExampleHit[] {
  return points.map((point) => ({ id: idIn(point), score: point.score }));
}

function plain({ kind }: Value): unknown {
  switch (kind.case) {
    case 'integerValue':
      return plainInteger(kind.value);
    case 'structValue':
      return payloadIn({ payload: kind.value.fields });
    case 'listValue':
      return kind.value.values.map(plain);
    case 'nullValue':
    case undefined:
      return null;
    default:
      return kind.value;
  }
}

function plainInteger(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
