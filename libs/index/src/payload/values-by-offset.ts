// The numbers that stand at each offset: a column where there is at most one, lists for the few offsets with more.

const LENGTH_MIN = 64;
const NO_VALUES: readonly number[] = [];
/** From so many values on, a set tells whether one is among them: merges ask for each. */
const LONG_LIST = 16;
/** Of a Map's entry and the list, and of a number in a set. */
const LIST_BYTES = 64;
const MEMBER_BYTES = 32;

interface Several {
  readonly list: readonly number[];
  /** The values of a long list. */
  readonly members: ReadonlySet<number> | undefined;
}

/** Numbers of any kind but NaN. */
export class ValuesByOffset {
  readonly #many = new Map<number, Several>();
  readonly #none: number;
  #column: Float64Array | Uint32Array;

  /** `words` holds integers below 2^32 - 1 in half the memory of `doubles`. */
  constructor(kind: 'words' | 'doubles') {
    this.#none = kind === 'words' ? 0xffff_ffff : Number.NaN;
    this.#column = this.#emptyColumn(kind === 'words' ? Uint32Array : Float64Array, LENGTH_MIN);
  }

  get memoryBytes(): number {
    let bytes = this.#column.byteLength;
    for (const { list, members } of this.#many.values()) {
      bytes += LIST_BYTES + 8 * list.length + MEMBER_BYTES * (members?.size ?? 0);
    }
    return bytes;
  }

  set(offset: number, values: readonly number[]): void {
    const [first] = values;
    if (first === undefined) return;
    if (offset >= this.#column.length) this.#grow(offset);
    this.#column[offset] = first;
    if (values.length === 1) return;
    const members = values.length < LONG_LIST ? undefined : new Set(values);
    this.#many.set(offset, { list: values, members });
  }

  /** In the order they were set. */
  get(offset: number): readonly number[] {
    const first = this.#column[offset];
    if (first === undefined || Object.is(first, this.#none)) return NO_VALUES;
    return this.#several(offset)?.list ?? [first];
  }

  /** Calls back with each value of the offset; no list is made for it. */
  visit(offset: number, visitor: (value: number) => void): void {
    const first = this.#column[offset];
    if (first === undefined || Object.is(first, this.#none)) return;
    const several = this.#several(offset);
    if (several === undefined) visitor(first);
    else for (const value of several.list) visitor(value);
  }

  has(offset: number, value: number): boolean {
    if (this.#column[offset] === value) return true;
    const several = this.#several(offset);
    return several !== undefined && (several.members?.has(value) ?? several.list.includes(value));
  }

  delete(offset: number): void {
    if (offset >= this.#column.length) return;
    this.#column[offset] = this.#none;
    this.#many.delete(offset);
  }

  #several(offset: number): Several | undefined {
    // Mostly there are none at all.
    return this.#many.size > 0 ? this.#many.get(offset) : undefined;
  }

  #grow(offset: number): void {
    const old = this.#column;
    const length = Math.max(offset + 1, Math.ceil(old.length * 1.5));
    this.#column = this.#emptyColumn(
      old instanceof Uint32Array ? Uint32Array : Float64Array,
      length,
    );
    this.#column.set(old);
  }

  #emptyColumn(
    type: typeof Uint32Array | typeof Float64Array,
    length: number,
  ): Uint32Array | Float64Array {
    return new type(length).fill(this.#none);
  }
}
