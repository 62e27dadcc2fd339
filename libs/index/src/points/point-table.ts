// Which offset each point of a replica has, and what stands behind an offset: id, version, alive or
// not.
//
//   offset   free ──assign──► live ──release / assign again──► released ──reclaim──► free
//
// Invariant: two live points never share an offset, and an offset keeps its point until it is
// released.
//
// A released offset may still stand in indexes and in sets made earlier, so it is not used again by
// itself. The owner calls `reclaim` when it has taken the released offsets out of everything; then
// memory, and the bits of every set of offsets, are bounded by the most points ever held at once.
// Without it, each change of a point costs 29 bytes for good.

import type { PointId, PointOffset, Sequence } from '@tributary/model';
import { type Random, systemRandom, TributaryError } from '@tributary/runtime';
import type { OffsetSet } from '../vector-index.ts';
import { IdWords, PointIdColumn } from './point-id-column.ts';

/** The top two offsets mean "none" in the index. */
const OFFSETS_MAX = 2 ** 32 - 2;
const LENGTH_MIN = 1_024;
const SLOTS_MIN = 1_024;
const EMPTY = 0xffff_ffff;

export interface LivePoint {
  readonly id: PointId;
  readonly offset: PointOffset;
  readonly version: Sequence;
}

export class PointTable {
  readonly #ids = new PointIdColumn();
  readonly #wanted = new IdWords();
  readonly #seed: number;
  /**
   * Open addressing, linear probing: the offset of a live point, or EMPTY. At most two thirds are
   * taken.
   */
  #slots = new Uint32Array(SLOTS_MIN).fill(EMPTY);
  #versions = new Float64Array(LENGTH_MIN);
  #live: OffsetSet = new Uint32Array(LENGTH_MIN / 32);
  #released: PointOffset[] = [];
  #free: PointOffset[] = [];
  #count = 0;
  #end = 0;

  /**
   * The seed of the hash is random, so that no one can choose ids that collide. It shows in
   * nothing.
   */
  constructor(random: Random = systemRandom) {
    this.#seed = random.integer(2 ** 32);
  }

  get count(): number {
    return this.#count;
  }

  /** One above the highest offset in use: what a set of offsets needs bits for. */
  get offsetsEnd(): number {
    return this.#end;
  }

  /** Bits of the live offsets; a view, valid until the next change. */
  get live(): OffsetSet {
    return this.#live.subarray(0, Math.ceil(this.#end / 32));
  }

  get memoryBytes(): number {
    const columns = this.#ids.memoryBytes + this.#versions.byteLength + this.#live.byteLength;
    return columns + this.#slots.byteLength + 8 * (this.#free.length + this.#released.length);
  }

  resolve(id: PointId): PointOffset | undefined {
    const offset = this.#slots[this.#slotOf(id)] ?? EMPTY;
    return offset === EMPTY ? undefined : (offset as PointOffset);
  }

  /** Below 0 where the id of the first live offset is before that of the second. */
  compareIds(a: number, b: number): number {
    return this.#ids.compare(a, b);
  }

  /** The id of a live offset; undefined where there is none. */
  idAt(offset: PointOffset): PointId | undefined {
    return this.#ids.get(offset);
  }

  /** The version of a live offset; undefined where there is none. */
  versionAt(offset: PointOffset): Sequence | undefined {
    return this.#ids.has(offset) ? (this.#versions[offset] as Sequence) : undefined;
  }

  /**
   * Gives the point a new offset and releases the one it had. Throws `insufficient_storage` when
   * none is left.
   */
  assign(id: PointId, version: Sequence): PointOffset {
    const offset = this.#free.pop() ?? this.#nextOffset();
    if (3 * (this.#count + 1) > 2 * this.#slots.length) this.#growSlots();
    const slot = this.#slotOf(id);
    const old = this.#slots[slot] ?? EMPTY;
    if (old === EMPTY) this.#count++;
    else this.#release(old as PointOffset);
    this.#slots[slot] = offset;
    this.#ids.set(offset, this.#wanted);
    this.#versions[offset] = version;
    const word = offset >>> 5;
    this.#live[word] = (this.#live[word] ?? 0) | (1 << (offset & 31));
    return offset;
  }

  /** Changes the version of a point that keeps its offset; returns whether the point is there. */
  setVersion(id: PointId, version: Sequence): boolean {
    const offset = this.resolve(id);
    if (offset === undefined) return false;
    this.#versions[offset] = version;
    return true;
  }

  /** Returns the offset the point had; undefined where the point is not there. */
  release(id: PointId): PointOffset | undefined {
    const slot = this.#slotOf(id);
    const offset = this.#slots[slot] ?? EMPTY;
    if (offset === EMPTY) return undefined;
    this.#vacate(slot);
    this.#count--;
    this.#release(offset as PointOffset);
    return offset as PointOffset;
  }

  /**
   * Lets the offsets released so far be assigned again; returns how many. To be called when they
   * are out of every index and no one keeps a set or an answer made before: after a batch of
   * changes, say.
   */
  reclaim(): number {
    const reclaimed = this.#released.length;
    if (this.#free.length === 0) [this.#free, this.#released] = [this.#released, this.#free];
    else for (const offset of this.#released) this.#free.push(offset);
    this.#released.length = 0;
    return reclaimed;
  }

  /** Live points by offset; nothing may change meanwhile. */
  *[Symbol.iterator](): Generator<LivePoint> {
    for (let offset = 0; offset < this.#end; offset++) {
      const id = this.#ids.get(offset);
      if (id === undefined) continue;
      const version = this.#versions[offset] as Sequence;
      yield { id, offset: offset as PointOffset, version };
    }
  }

  #release(offset: PointOffset): void {
    this.#ids.clear(offset);
    const word = offset >>> 5;
    this.#live[word] = (this.#live[word] ?? 0) & ~(1 << (offset & 31));
    this.#released.push(offset);
  }

  #nextOffset(): PointOffset {
    if (this.#end >= OFFSETS_MAX) {
      throw new TributaryError('insufficient_storage', 'no offset is left: reclaim released ones');
    }
    const offset = this.#end++;
    if (offset >= this.#versions.length) {
      const length = Math.ceil((offset * 1.5) / 32) * 32;
      const versions = new Float64Array(length);
      versions.set(this.#versions);
      this.#versions = versions;
      const live = new Uint32Array(length / 32);
      live.set(this.#live);
      this.#live = live;
    }
    return offset as PointOffset;
  }

  /**
   * The slot that holds the id, or the empty one it would take; leaves the id's words in `#wanted`.
   */
  #slotOf(id: PointId): number {
    const wanted = this.#wanted.set(id);
    const mask = this.#slots.length - 1;
    let slot = wanted.hash(this.#seed) & mask;
    for (;;) {
      const offset = this.#slots[slot] ?? EMPTY;
      if (offset === EMPTY || this.#ids.equals(offset, wanted)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  /** Empties a slot and moves up what probed past it, so that no search stops short. */
  #vacate(slot: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    const moved = new IdWords();
    let hole = slot;
    for (let at = (slot + 1) & mask; ; at = (at + 1) & mask) {
      const offset = slots[at] ?? EMPTY;
      if (offset === EMPTY) break;
      this.#ids.read(offset, moved);
      const home = moved.hash(this.#seed) & mask;
      // It may move where its home is not between the hole (exclusive) and its place (inclusive).
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      slots[hole] = offset;
      hole = at;
    }
    slots[hole] = EMPTY;
  }

  #growSlots(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2).fill(EMPTY);
    const mask = this.#slots.length - 1;
    const words = new IdWords();
    for (const offset of old) {
      if (offset === EMPTY) continue;
      this.#ids.read(offset, words);
      let slot = words.hash(this.#seed) & mask;
      while (this.#slots[slot] !== EMPTY) slot = (slot + 1) & mask;
      this.#slots[slot] = offset;
    }
  }
}
