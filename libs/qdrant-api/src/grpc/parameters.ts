// What protobuf requests carry in place of query parameters, and which payload keys and vectors they ask for.

import type {
  PayloadSelector,
  Projection,
  ReadConsistency,
  VectorSelector,
} from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import {
  type ReadConsistency as ReadConsistencyMessage,
  ReadConsistencyType,
  type WithPayloadSelector,
  type WithVectorsSelector,
  type WriteOrdering as WriteOrderingMessage,
  WriteOrderingType,
} from '../gen/points.ts';
import {
  consistencyFactor,
  parseIdempotencyKey,
  parseMinSequence,
  type QueryStrings,
  timeoutMsOf,
} from '../query-parameters.ts';
import { present, readPaths } from '../requests/json-reader.ts';
import type { ReadParameters, WriteOrdering, WriteParameters } from '../requests/request.ts';
import { numberOf } from './ids.ts';

/**
 * `wait`, `ordering` and `timeout` of a write, and its idempotency key; `wait` is false where the request leaves it
 * out.
 * `headers` is the metadata of the call, by name in lower case.
 */
export function writeParametersOf(
  message: {
    readonly wait?: boolean | undefined;
    readonly ordering?: WriteOrderingMessage | undefined;
    readonly timeout?: bigint | undefined;
  },
  headers: QueryStrings = {},
): WriteParameters {
  return present<WriteParameters>({
    wait: message.wait ?? false,
    ordering: orderingOf(message.ordering),
    timeoutMs: timeoutMsOfMessage(message),
    idempotencyKey: parseIdempotencyKey(headers),
  });
}

/** `read_consistency` and `timeout` of a read, and the sequence it has to see. */
export function readParametersOf(
  message: {
    readonly readConsistency?: ReadConsistencyMessage | undefined;
    readonly timeout?: bigint | undefined;
  },
  headers: QueryStrings = {},
): ReadParameters {
  return present<ReadParameters>({
    consistency: consistencyOf(message.readConsistency),
    timeoutMs: timeoutMsOfMessage(message),
    minSequence: parseMinSequence(headers),
  });
}

/** `timeout` of any request, in milliseconds. */
export function timeoutMsOfMessage(message: {
  readonly timeout?: bigint | undefined;
}): number | undefined {
  return message.timeout === undefined ? undefined : timeoutMsOf(numberOf(message.timeout));
}

function orderingOf(message: WriteOrderingMessage | undefined): WriteOrdering {
  switch (message?.type) {
    case WriteOrderingType.Medium:
      return 'medium';
    case WriteOrderingType.Strong:
      return 'strong';
    default:
      return 'weak';
  }
}

function consistencyOf(message: ReadConsistencyMessage | undefined): ReadConsistency | undefined {
  if (message?.factor !== undefined) return consistencyFactor(numberOf(message.factor));
  switch (message?.type) {
    case undefined:
      return undefined;
    case ReadConsistencyType.All:
      return 'all';
    case ReadConsistencyType.Majority:
      return 'majority';
    case ReadConsistencyType.Quorum:
      return 'quorum';
    default:
      throw new TributaryError('format', 'read_consistency: unknown type');
  }
}

export function projectionOf(
  message: {
    readonly withPayload?: WithPayloadSelector | undefined;
    readonly withVectors?: WithVectorsSelector | undefined;
  },
  payloadDefault: boolean,
): Projection {
  return {
    payload: payloadSelectorOf(message.withPayload, payloadDefault),
    vectors: vectorSelectorOf(message.withVectors),
  };
}

function payloadSelectorOf(
  message: WithPayloadSelector | undefined,
  whenAbsent: boolean,
): PayloadSelector {
  const { enable, include, exclude } = message ?? {};
  if (include !== undefined) {
    return { kind: 'include', keys: readPaths(include.fields, 'with_payload.include') };
  }
  if (exclude !== undefined) {
    return { kind: 'exclude', keys: readPaths(exclude.fields, 'with_payload.exclude') };
  }
  return { kind: (enable ?? whenAbsent) ? 'all' : 'none' };
}

function vectorSelectorOf(message: WithVectorsSelector | undefined): VectorSelector {
  if (message?.include !== undefined) return { kind: 'names', names: message.include.names };
  return { kind: message?.enable ? 'all' : 'none' };
}
