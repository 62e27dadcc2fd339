// How many bytes all readers of a connection may have asked for and not yet handled, where the server has them ready to
// send. So a thousand replicas that catch up at once neither overrun the server's queue for the connection, which would
// end it, nor the memory of the process, however many they are; they take turns instead.
//
//   claim: nothing held ──raise──► held ──lowerTo──► …      others hold all of it: waits in line, and is granted later
//
// Invariant: what is held is at most the total, and requests are served in their order.

import { assert } from '@tributary/runtime';

export interface PullBudgetOptions {
  readonly totalBytes: number;
  /** Of one pull: no message is larger. */
  readonly pullBytesMin: number;
  readonly pullBytesMax: number;
}

/** What one reader holds. */
export interface PullClaim {
  readonly heldBytes: number;
  /** Whether the bytes are held now; where not, the claim is in line for them, once, and its `onGranted` is called. */
  raise(bytes: number): boolean;
  lowerTo(bytes: number): void;
  /** Holds nothing and waits for nothing from here on. */
  close(): void;
}

interface Held {
  heldBytes: number;
  readonly onGranted: (bytes: number) => void;
}

const PULLS_PER_READER = 2;

export class PullBudget {
  readonly #options: PullBudgetOptions;
  readonly #claims = new Set<Held>();
  /** What each waits for, in order. */
  readonly #waiting = new Map<Held, number>();
  #heldBytes = 0;

  constructor(options: PullBudgetOptions) {
    assert(options.pullBytesMin <= options.totalBytes, 'a pull fits into the budget');
    this.#options = options;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  get pullBytesMin(): number {
    return this.#options.pullBytesMin;
  }

  /** The size of a pull, so that those who hold or wait for some have as much each. */
  get pullBytes(): number {
    const { totalBytes, pullBytesMin, pullBytesMax } = this.#options;
    const share = totalBytes / (PULLS_PER_READER * Math.max(1, this.#claims.size));
    return Math.round(Math.max(pullBytesMin, Math.min(pullBytesMax, share)));
  }

  /** `onGranted` is called with bytes that are held from then on. */
  claim(onGranted: (bytes: number) => void): PullClaim {
    const held: Held = { heldBytes: 0, onGranted };
    const lowerTo = (bytes: number) => {
      this.#heldBytes -= Math.max(0, held.heldBytes - bytes);
      held.heldBytes = Math.min(held.heldBytes, bytes);
      this.#forget(held);
      this.#grant();
    };
    return {
      get heldBytes() {
        return held.heldBytes;
      },
      raise: (bytes) => this.#raise(held, bytes),
      lowerTo,
      close: () => {
        this.#waiting.delete(held);
        lowerTo(0);
      },
    };
  }

  #raise(held: Held, bytes: number): boolean {
    this.#claims.add(held);
    if (this.#waiting.size === 0 && this.#fits(bytes)) {
      this.#hold(held, bytes);
      return true;
    }
    if (!this.#waiting.has(held)) this.#waiting.set(held, bytes);
    return false;
  }

  #grant(): void {
    for (const [held, bytes] of this.#waiting) {
      if (!this.#fits(bytes)) return;
      this.#waiting.delete(held);
      this.#hold(held, bytes);
      held.onGranted(bytes);
    }
  }

  #fits(bytes: number): boolean {
    return this.#heldBytes + bytes <= this.#options.totalBytes;
  }

  #hold(held: Held, bytes: number): void {
    held.heldBytes += bytes;
    this.#heldBytes += bytes;
  }

  #forget(held: Held): void {
    if (held.heldBytes === 0 && !this.#waiting.has(held)) this.#claims.delete(held);
  }
}
