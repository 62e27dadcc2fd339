// The parts of one answer, taken one after the other by whoever asked.
//
//   coming ──end──► ended      coming ──fail──► failed      What came before is taken first.

import type { Answer } from './answer.ts';

export class StreamedAnswer implements Answer {
  readonly #parts: Uint8Array[] = [];
  #outcome: { readonly kind: 'ended' } | { readonly kind: 'failed'; reason: unknown } | undefined;
  #waiting: PromiseWithResolvers<void> | undefined;

  part(part: Uint8Array): boolean {
    this.#parts.push(part);
    this.#wake();
    // Used once it is taken.
    return false;
  }

  end(part: Uint8Array): void {
    if (part.length > 0) this.#parts.push(part);
    this.#outcome ??= { kind: 'ended' };
    this.#wake();
  }

  fail(reason: unknown): void {
    this.#outcome ??= { kind: 'failed', reason };
    this.#wake();
  }

  /** Undefined after the last. Errors: the reason for which it failed. */
  async next(): Promise<Uint8Array | undefined> {
    for (;;) {
      const part = this.#parts.shift();
      if (part !== undefined) return part;
      if (this.#outcome?.kind === 'failed') throw this.#outcome.reason;
      if (this.#outcome !== undefined) return undefined;
      this.#waiting ??= Promise.withResolvers<void>();
      await this.#waiting.promise;
    }
  }

  #wake(): void {
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }
}
