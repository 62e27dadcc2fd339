// The parts of one answer, kept until its end is here.

import type { Answer } from './answer.ts';

/** A smaller answer in one part is not reported to `hold`: there are at most as many of them as calls. */
export const UNHELD_BYTES_MAX = 64 * 1024;

export class CollectedAnswer implements Answer {
  readonly #resolve: (parts: readonly Uint8Array[]) => void;
  readonly #reject: (reason: unknown) => void;
  readonly #hold: ((bytes: number) => void) | undefined;
  #parts: Uint8Array[] = [];

  constructor(
    resolve: (parts: readonly Uint8Array[]) => void,
    reject: (reason: unknown) => void,
    hold: ((bytes: number) => void) | undefined,
  ) {
    this.#resolve = resolve;
    this.#reject = reject;
    this.#hold = hold;
  }

  part(part: Uint8Array): boolean {
    this.#hold?.(part.length);
    this.#parts.push(part);
    return true;
  }

  end(part: Uint8Array): void {
    try {
      if (part.length > UNHELD_BYTES_MAX) this.#hold?.(part.length);
    } catch (error) {
      this.fail(error);
      return;
    }
    this.#parts.push(part);
    this.#resolve(this.#parts);
  }

  fail(reason: unknown): void {
    this.#parts = [];
    this.#reject(reason);
  }
}
