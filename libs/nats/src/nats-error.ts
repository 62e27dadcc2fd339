// What a failure of NATS means to a caller. A publish has three outcomes, so it has a table of its own: only what is
// known to be refused before anything is stored is `unavailable`; what is not known is `unknown_outcome`.

import { JetStreamApiError, JetStreamError } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';
import { type ErrorCode, messageOf, TributaryError } from '@tributary/runtime';
import { NotSentError } from './connection.ts';

/** Error codes of the JetStream API, from the server's errors.json. */
export const API_ERROR = {
  clusterNotAvailable: 10008,
  insufficientResources: 10023,
  noMessageFound: 10037,
  insufficientStorage: 10047,
  messageTooLarge: 10054,
  streamNameInUse: 10058,
  streamNotFound: 10059,
  streamNotMatched: 10060,
  wrongLastMessageId: 10070,
  wrongLastSequence: 10071,
  duplicateInFlight: 10158,
  wrongLastSequenceUnknown: 10164,
  batchIncomplete: 10176,
  batchTooLarge: 10199,
  batchHasDuplicate: 10201,
} as const;

/** Refused before anything is stored. */
const REFUSED: ReadonlyMap<number, ErrorCode> = new Map<number, ErrorCode>([
  [API_ERROR.clusterNotAvailable, 'unavailable'],
  [API_ERROR.insufficientResources, 'insufficient_storage'],
  [API_ERROR.insufficientStorage, 'insufficient_storage'],
  [API_ERROR.messageTooLarge, 'too_large'],
  [API_ERROR.streamNotFound, 'not_found'],
  [API_ERROR.streamNotMatched, 'not_found'],
  [API_ERROR.wrongLastMessageId, 'precondition_failed'],
  [API_ERROR.wrongLastSequence, 'precondition_failed'],
  [API_ERROR.wrongLastSequenceUnknown, 'precondition_failed'],
  [API_ERROR.batchIncomplete, 'unavailable'],
  [API_ERROR.batchTooLarge, 'too_large'],
]);

/** Error of a call that reads, or that may be made again without harm. */
export function readError(error: unknown, what: string): TributaryError {
  if (error instanceof TributaryError) return error;
  return new TributaryError(readCode(error), `${what}: ${messageOf(error)}`, { cause: error });
}

/** Error of a publish that got no answer at all. */
export function publishError(error: unknown, what: string): TributaryError {
  const isRefused = error instanceof NotSentError || isNoResponders(error);
  const code = isRefused ? 'unavailable' : 'unknown_outcome';
  return new TributaryError(code, `${what}: ${messageOf(error)}`, { cause: error });
}

/** Error of a publish that the server answered with an error. */
export function refusedPublish(errorCode: number, text: string, what: string): TributaryError {
  return new TributaryError(REFUSED.get(errorCode) ?? 'unknown_outcome', `${what}: ${text}`);
}

function isNoResponders(error: unknown): boolean {
  return (
    error instanceof errors.NoRespondersError ||
    (error instanceof errors.RequestError && error.isNoResponders())
  );
}

export function isApiError(error: unknown, code: number): boolean {
  return error instanceof JetStreamApiError && error.code === code;
}

function readCode(error: unknown): ErrorCode {
  if (error instanceof JetStreamApiError) {
    if (error.code === API_ERROR.streamNotFound) return 'not_found';
    const known = REFUSED.get(error.code);
    if (known) return known;
    return error.status === 503 ? 'unavailable' : 'internal';
  }
  if (error instanceof TypeError || error instanceof RangeError) return 'internal';
  // What is left is a time-out, no responders, a lost connection or a status of the server.
  return error instanceof JetStreamError || error instanceof Error ? 'unavailable' : 'internal';
}
