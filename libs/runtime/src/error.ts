// The one operational error. Its code is closed: a gateway maps each code to an HTTP and a gRPC status in one table
// (libs/qdrant-api), and `retryable` follows from the code. A programmer's error is not one of these: it asserts and
// stops the process.

export type ErrorCode =
  /** A value is well formed but wrong here: wrong dimension, unknown vector name. */
  | 'wrong_input'
  /** The request as a whole makes no sense. */
  | 'bad_request'
  /** A field is out of range or missing: HTTP 422. */
  | 'validation'
  /** The body or a parameter cannot be read at all. */
  | 'format'
  | 'too_large'
  | 'not_found'
  /** The address is known, and takes other methods. */
  | 'method_not_allowed'
  | 'already_exists'
  | 'forbidden'
  | 'unauthenticated'
  | 'rate_limited'
  | 'precondition_failed'
  | 'not_distributed'
  /** A part of Qdrant's API that is not served yet. */
  | 'not_implemented'
  /** Nothing was done in the time given. */
  | 'timeout'
  /** The write may or may not take effect: it was sent, and no answer came. */
  | 'unknown_outcome'
  /** Nothing was done; a replica, a stream or a quorum is out of reach. */
  | 'unavailable'
  /** Nothing was done: what there is of memory for requests or answers is taken. */
  | 'exhausted'
  /** Stored bytes are not what was written. */
  | 'corrupt'
  | 'insufficient_storage'
  | 'cancelled'
  | 'internal';

const RETRYABLE: Readonly<Record<ErrorCode, boolean>> = {
  wrong_input: false,
  bad_request: false,
  validation: false,
  format: false,
  too_large: false,
  not_found: false,
  method_not_allowed: false,
  already_exists: false,
  forbidden: false,
  unauthenticated: false,
  rate_limited: true,
  precondition_failed: false,
  not_distributed: false,
  not_implemented: false,
  timeout: true,
  unknown_outcome: true,
  unavailable: true,
  exhausted: true,
  corrupt: false,
  insufficient_storage: false,
  cancelled: false,
  internal: false,
};

export class TributaryError extends Error {
  readonly code: ErrorCode;
  /** After how many milliseconds the same call may succeed, where that is known. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options?: { readonly cause?: unknown; readonly retryAfterMs?: number },
  ) {
    super(message, options);
    this.name = 'TributaryError';
    this.code = code;
    this.retryAfterMs = options?.retryAfterMs;
  }

  /** Whether the same call may succeed later without a change of its input. */
  get retryable(): boolean {
    return RETRYABLE[this.code];
  }

  /** The error itself where it is one, else an `internal` one that keeps it as its cause. */
  static from(error: unknown): TributaryError {
    if (error instanceof TributaryError) return error;
    return new TributaryError('internal', messageOf(error), { cause: error });
  }
}

/** What was thrown, in words. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(RETRYABLE, value);
}

/** States an invariant; a failure is a bug in the program, never the user's. */
export function assert(condition: unknown, invariant: string): asserts condition {
  if (!condition) throw new Error(`invariant violated: ${invariant}`);
}

/** Closes an exhaustive `switch`. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
