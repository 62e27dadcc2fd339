// How many bytes may be held at once, over all clients: of requests, from their arrival until they are answered, or of
// answers until they are taken. Bytes of requests are counted as they arrive, so that a client who announces much and
// sends nothing takes nothing from the others. Making large ones wait for room (rejected) would let slow senders that
// have some of it stop all.

import { Transform, type TransformCallback } from 'node:stream';
import type { ReadParameters } from '@tributary/qdrant-api';
import { TributaryError } from '@tributary/runtime';

/**
 * Smaller requests do not count: there are at most so many of them, and searches go on while uploads have taken all.
 */
export const UNCOUNTED_BYTES_MAX = 64 * 1024;

/** How a read goes, and who counts what its answer is made of. */
export interface HeldReadParameters extends ReadParameters {
  /** Takes room for bytes of replicas' answers. Errors: `exhausted`. */
  readonly hold?: (bytes: number) => void;
}

export class ByteBudget {
  readonly #bytesMax: number;
  readonly #what: string;
  #held = 0;

  /** `what` says in an error what is held: `of answers wait`. */
  constructor(bytesMax: number, what: string) {
    this.#bytesMax = bytesMax;
    this.#what = what;
  }

  get held(): number {
    return this.#held;
  }

  /** Errors: `exhausted`; then nothing is taken. */
  take(bytes: number): void {
    if (this.#held + bytes > this.#bytesMax) {
      throw new TributaryError(
        'exhausted',
        `${this.#held} bytes ${this.#what} already, and there may be ${this.#bytesMax}`,
      );
    }
    this.#held += bytes;
  }

  release(bytes: number): void {
    this.#held -= bytes;
  }

  /** Begins with nothing held, for one request. */
  share(): BudgetShare {
    return new BudgetShare(this);
  }
}

/** What one request holds of the budget. */
export class BudgetShare implements Disposable {
  readonly #budget: ByteBudget;
  #held = 0;
  #isOver = false;

  constructor(budget: ByteBudget) {
    this.#budget = budget;
  }

  /** Takes nothing for what still arrives once all was given back: no one keeps that. Errors: `exhausted`. */
  take(bytes: number): void {
    if (this.#isOver) return;
    this.#budget.take(bytes);
    this.#held += bytes;
  }

  /** Passes a body on and takes its bytes as they come; ends with `exhausted` where there is no room for more. */
  counting(): Transform {
    return new Transform({
      transform: (bytes: Buffer, _encoding, done: TransformCallback) => {
        try {
          this.take(bytes.length);
          done(null, bytes);
        } catch (error) {
          done(TributaryError.from(error));
        }
      },
    });
  }

  /** Gives everything back. Idempotent. */
  [Symbol.dispose](): void {
    this.#budget.release(this.#held);
    this.#held = 0;
    this.#isOver = true;
  }
}
