// The first few of many that are offered in any order.
//
// Invariant: what is held is bounded by twice what is wanted and some, and what is left out comes after all of it.

/** Held beside twice those wanted, so that a few are not sorted for every offer. */
const MORE = 64;

export class FirstOf<T extends NonNullable<unknown>> {
  readonly #limit: number;
  readonly #compare: (a: T, b: T) => number;
  #held: T[] = [];
  #last: T | undefined;

  /** `limit` from 0. */
  constructor(limit: number, compare: (a: T, b: T) => number) {
    this.#limit = limit;
    this.#compare = compare;
  }

  /** What comes after it is none of the first; undefined while that is not known. */
  get last(): T | undefined {
    return this.#last;
  }

  offer(item: T): void {
    if (this.#last !== undefined && this.#compare(item, this.#last) >= 0) return;
    this.#held.push(item);
    if (this.#held.length >= 2 * this.#limit + MORE) this.#cut();
  }

  /** In their order; begins again. */
  take(): T[] {
    this.#cut();
    const taken = this.#held;
    this.#held = [];
    this.#last = undefined;
    return taken;
  }

  #cut(): void {
    this.#held = this.#held.sort(this.#compare).slice(0, this.#limit);
    if (this.#held.length === this.#limit) this.#last = this.#held.at(-1);
  }
}
