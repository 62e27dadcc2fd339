// A circuit breaker round calls to one dependency. It opens when most recent calls failed because the dependency was
// out of reach, refuses at once while open, and lets one call through after `resetTimeoutMs` to see. An answer that
// says no (a wrong dimension, an unknown name) is a success of the dependency.

import { isErrorCode, TributaryError } from '@tributary/runtime';
import CircuitBreaker from 'opossum';

/** Decides whether a call is made. */
export interface Guard {
  /** Errors: the action's; `unavailable` where it is not even tried. */
  run<T>(action: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  close(): void;
}

export interface BreakerOptions {
  /** What is behind it, for the error text. */
  readonly name: string;
  /** Calls in flight at once; one more is refused. */
  readonly inFlightMax: number;
  readonly resetTimeoutMs: number;
}

const OUTAGE_CODES: ReadonlySet<string> = new Set(['unavailable', 'timeout', 'unknown_outcome']);

export class Breaker implements Guard {
  readonly #name: string;
  readonly #circuit: CircuitBreaker<[() => Promise<unknown>], unknown>;

  constructor(options: BreakerOptions) {
    this.#name = options.name;
    this.#circuit = new CircuitBreaker((action: () => Promise<unknown>) => action(), {
      timeout: false,
      capacity: options.inFlightMax,
      resetTimeout: options.resetTimeoutMs,
      errorThresholdPercentage: 50,
      volumeThreshold: 5,
      rollingCountTimeout: 5_000,
      rollingCountBuckets: 5,
      rollingPercentilesEnabled: false,
      errorFilter: (error: unknown) => !isOutage(error),
    });
  }

  get isOpen(): boolean {
    return this.#circuit.opened;
  }

  /**
   * A failure after `signal` has aborted is no outage: someone's short timeout must not cut off the others. Errors:
   * the action's; `unavailable` at once while the breaker is open or too many calls are in flight.
   */
  async run<T>(action: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    let result: { readonly value: T } | undefined;
    let abandoned: { readonly error: unknown } | undefined;
    try {
      await this.#circuit.fire(async () => {
        try {
          result = { value: await action() };
        } catch (error) {
          if (!signal?.aborted) throw error;
          abandoned = { error };
        }
      });
    } catch (error) {
      throw this.#explain(error);
    }
    if (abandoned !== undefined) throw abandoned.error;
    if (result === undefined) throw new TributaryError('internal', `${this.#name}: no answer`);
    return result.value;
  }

  close(): void {
    this.#circuit.shutdown();
  }

  #explain(error: unknown): unknown {
    const code = codeOf(error);
    if (code === 'EOPENBREAKER') {
      return new TributaryError('unavailable', `${this.#name} is out of reach`, { cause: error });
    }
    if (code === 'ESEMLOCKED') {
      return new TributaryError('unavailable', `${this.#name}: too many calls in flight`, {
        cause: error,
      });
    }
    return error;
  }
}

function isOutage(error: unknown): boolean {
  const code = codeOf(error);
  return isErrorCode(code) ? OUTAGE_CODES.has(code) : true;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
