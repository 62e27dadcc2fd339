// The numbers that stand at each offset: a column where there is at most one, lists for the few offsets with more. An
// integer that is no double takes a second column, for how far it is from the double next to it.

import { type ExactNumber, exactInteger } from '@tributary/model';

const LENGTH_MIN = 64;
const NO_VALUES: readonly never[] = [];
/** From so many values on, a set tells whether one is among them: merges ask for each. */
const LONG_LIST = 16;
/** Of a Map's entry and the list, and of a number in a set. */
const LIST_BYTES = 64;
const MEMBER_BYTES = 32;

/** What the numbers are. None is NaN. */
export interface ValueKind<T extends ExactNumber> {
  readonly Column: typeof Uint32Array | typeof Float64Array;
  /** Stands in the column for no number. */
  readonly none: number;
  /** The number from its double and its distance to that. */
  readonly join: (value: number, rest: number) => T;
}

/** Integers below 2^32 - 1, in half the memory of doubles. */
export const WORDS: ValueKind<number> = {
  Column: Uint32Array,
  none: 0xffff_ffff,
  join: (value) => value,
};
export const DOUBLES: ValueKind<number> = {
  Column: Float64Array,
  none: Number.NaN,
  join: (value) => value,
};
/** Integers of 64 bits, in the form of an ExactNumber. */
export const INTEGERS: ValueKind<ExactNumber> = {
  Column: Float64Array,
  none: Number.NaN,
  join: (value, rest) =>
    Number.isSafeInteger(value) ? value : exactInteger(BigInt(value) + BigInt(rest)),
};

/** How far an integer of 64 bits is from the double next to it: at most 1,024. */
export function restOf(value: ExactNumber): number {
  return typeof value === 'bigint' ? Number(value - BigInt(Number(value))) : 0;
}

interface Several<T> {
  readonly list: readonly T[];
  /** The values of a long list. */
  readonly members: ReadonlySet<T> | undefined;
}

export class ValuesByOffset<T extends ExactNumber> {
  readonly #many = new Map<number, Several<T>>();
  readonly #kind: ValueKind<T>;
  #column: Float64Array | Uint32Array;
  /** Made for the first integer that is no double. */
  #rests: Int16Array | undefined;

  constructor(kind: ValueKind<T>) {
    this.#kind = kind;
    this.#column = new kind.Column(LENGTH_MIN).fill(kind.none);
  }

  get memoryBytes(): number {
    let bytes = this.#column.byteLength + (this.#rests?.byteLength ?? 0);
    for (const { list, members } of this.#many.values()) {
      bytes += LIST_BYTES + 8 * list.length + MEMBER_BYTES * (members?.size ?? 0);
    }
    return bytes;
  }

  set(offset: number, values: readonly T[]): void {
    const [first] = values;
    if (first === undefined) return;
    if (offset >= this.#column.length) this.#grow(offset);
    this.#column[offset] = Number(first);
    const rest = restOf(first);
    if (rest !== 0) this.#rests ??= new Int16Array(this.#column.length);
    if (this.#rests !== undefined) this.#rests[offset] = rest;
    if (values.length === 1) return;
    const members = values.length < LONG_LIST ? undefined : new Set(values);
    this.#many.set(offset, { list: values, members });
  }

  /** In the order they were set. */
  get(offset: number): readonly T[] {
    const first = this.#column[offset];
    if (first === undefined || Object.is(first, this.#kind.none)) return NO_VALUES;
    return this.#several(offset)?.list ?? [this.#join(first, offset)];
  }

  /** Calls back with each value of the offset; no list is made for it. */
  visit(offset: number, visitor: (value: T) => void): void {
    const first = this.#column[offset];
    if (first === undefined || Object.is(first, this.#kind.none)) return;
    const several = this.#several(offset);
    if (several === undefined) visitor(this.#join(first, offset));
    else for (const value of several.list) visitor(value);
  }

  /** Whether the number of this double and distance is among the offset's. */
  has(offset: number, value: number, rest = 0): boolean {
    if (this.#column[offset] === value && (this.#rests?.[offset] ?? 0) === rest) return true;
    const several = this.#several(offset);
    if (several === undefined) return false;
    const number = this.#kind.join(value, rest);
    return several.members?.has(number) ?? several.list.includes(number);
  }

  delete(offset: number): void {
    if (offset >= this.#column.length) return;
    this.#column[offset] = this.#kind.none;
    this.#many.delete(offset);
  }

  #join(value: number, offset: number): T {
    return this.#kind.join(value, this.#rests?.[offset] ?? 0);
  }

  #several(offset: number): Several<T> | undefined {
    // Mostly there are none at all.
    return this.#many.size > 0 ? this.#many.get(offset) : undefined;
  }

  #grow(offset: number): void {
    const { Column, none } = this.#kind;
    const length = Math.max(offset + 1, Math.ceil(this.#column.length * 1.5));
    const column = new Column(length).fill(none);
    column.set(this.#column);
    this.#column = column;
    if (this.#rests === undefined) return;
    const rests = new Int16Array(length);
    rests.set(this.#rests);
    this.#rests = rests;
  }
}
