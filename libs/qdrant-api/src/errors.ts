// The one table from error code to HTTP status, gRPC status and the prefix of the text; the texts clients look for.

import type { PointId } from '@tributary/model';
import { type ErrorCode, TributaryError } from '@tributary/runtime';

export interface ErrorStatus {
  readonly http: number;
  /** Number of the gRPC status code. */
  readonly grpc: number;
  /** What the text of the error starts with. */
  readonly prefix: string;
}

const INTERNAL: ErrorStatus = { http: 500, grpc: 13, prefix: 'Service internal error: ' };

const STATUS: Readonly<Record<ErrorCode, ErrorStatus>> = {
  wrong_input: { http: 400, grpc: 3, prefix: 'Wrong input: ' },
  bad_request: { http: 400, grpc: 3, prefix: 'Bad request: ' },
  validation: { http: 422, grpc: 3, prefix: '' },
  format: { http: 400, grpc: 3, prefix: '' },
  too_large: { http: 413, grpc: 8, prefix: '' },
  not_found: { http: 404, grpc: 5, prefix: 'Not found: ' },
  method_not_allowed: { http: 405, grpc: 12, prefix: '' },
  already_exists: { http: 409, grpc: 6, prefix: 'Wrong input: ' },
  forbidden: { http: 403, grpc: 7, prefix: 'Forbidden: ' },
  unauthenticated: { http: 401, grpc: 16, prefix: '' },
  rate_limited: { http: 429, grpc: 8, prefix: 'Rate limiting exceeded: ' },
  precondition_failed: { http: 500, grpc: 9, prefix: 'Pre-condition failure: ' },
  not_distributed: { http: 405, grpc: 12, prefix: '' },
  not_implemented: { http: 501, grpc: 12, prefix: '' },
  timeout: { http: 408, grpc: 4, prefix: 'Timeout: ' },
  // A deadline that passes while a write is under way says as little about the write as this does.
  unknown_outcome: { http: 408, grpc: 4, prefix: 'Timeout: ' },
  unavailable: { http: 503, grpc: 14, prefix: 'Shard temporarily unavailable: ' },
  exhausted: { http: 503, grpc: 8, prefix: '' },
  corrupt: { http: 500, grpc: 15, prefix: 'Service internal error: ' },
  insufficient_storage: { http: 507, grpc: 8, prefix: 'Insufficient storage: ' },
  cancelled: { http: 503, grpc: 1, prefix: '' },
  internal: INTERNAL,
};

/** Status of any thrown value; what is not a `TributaryError` is `internal`. */
export function statusOf(error: unknown): ErrorStatus {
  return error instanceof TributaryError ? STATUS[error.code] : INTERNAL;
}

/** Text of any thrown value as a client sees it, prefix included. */
export function errorText(error: unknown): string {
  return statusOf(error).prefix + TributaryError.from(error).message;
}

/** The same for a client of gRPC, whose body is no JSON. */
export function grpcErrorText(error: unknown): string {
  return errorText(error).replace(' error in JSON body: ', ' error in body: ');
}

/** Header of REST and metadata of gRPC: after how many whole seconds to try again. */
export const RETRY_AFTER = 'retry-after';

/** Undefined where the error does not say. */
export function retryAfterText(error: unknown): string | undefined {
  const afterMs = error instanceof TributaryError ? error.retryAfterMs : undefined;
  return afterMs === undefined ? undefined : String(Math.max(1, Math.ceil(afterMs / 1_000)));
}

/** The body cannot be read: HTTP 400. */
export function formatError(message: string): TributaryError {
  return new TributaryError('format', `Format error in JSON body: ${message}`);
}

/** A field of the body is readable but out of range: HTTP 422. `path` is like `points[0].id`. */
export function validationError(path: string, message: string): TributaryError {
  return new TributaryError('validation', `Validation error in JSON body: [${path}: ${message}]`);
}

export function collectionNotFound(name: string): TributaryError {
  return new TributaryError('not_found', `Collection \`${name}\` doesn't exist!`);
}

export function collectionExists(name: string): TributaryError {
  return new TributaryError('already_exists', `Collection \`${name}\` already exists!`);
}

/** The answer to a GET of one point. */
export function pointDoesNotExist(id: PointId): TributaryError {
  return new TributaryError('not_found', `Point with id ${id} does not exists!`);
}

/** The answer to a request that names a point it needs. */
export function noPointFound(id: PointId): TributaryError {
  return new TributaryError('not_found', `No point with id ${id} found`);
}

export function emptyUpdate(): TributaryError {
  return new TributaryError('bad_request', 'Empty update request');
}

export function invalidPointId(shown: string): string {
  return `value ${shown} is not a valid point ID, valid values are either an unsigned integer or a UUID`;
}
