// Which offset each point of a replica has, and what stands behind an offset: id, version, alive or not.
//
//   offset   free ──assign──► live ──release / assign again──► released ──reclaim──► free
//
// Invariant: two live points never share an offset, and an offset keeps its point until it is released.
//
// A released offset may still stand in indexes and in sets made earlier, so it is not used again by itself. The owner
// calls `reclaim` when it has taken the released offsets out of everything; then memory, and the bits of every set of
// offsets, are bounded by the most points ever held at once. Without it, each change of a point costs 16 bytes for good.

import type { PointId, PointOffset, Sequence } from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import type { OffsetSet } from './vector-index.ts';

/** The top two offsets mean "none" in the index. */
const OFFSETS_MAX = 2 ** 32 - 2;
/** A Map of V8 ends here. */
const POINTS_MAX = 2 ** 24 - 1;
const LENGTH_MIN = 1_024;

export interface LivePoint {
  readonly id: PointId;
  readonly offset: PointOffset;
  readonly version: Sequence;
}

export class PointTable {
  readonly #offsets = new Map<PointId, PointOffset>();
  /** By offset; undefined where no live point is. */
  readonly #ids: (PointId | undefined)[] = [];
  #versions = new Float64Array(LENGTH_MIN);
  #live: OffsetSet = new Uint32Array(LENGTH_MIN / 32);
  #released: PointOffset[] = [];
  #free: PointOffset[] = [];

  get count(): number {
    return this.#offsets.size;
  }

  /** One above the highest offset in use: what a set of offsets needs bits for. */
  get offsetsEnd(): number {
    return this.#ids.length;
  }

  /** Bits of the live offsets; a view, valid until the next `assign`. */
  get live(): OffsetSet {
    return this.#live.subarray(0, Math.ceil(this.#ids.length / 32));
  }

  resolve(id: PointId): PointOffset | undefined {
    return this.#offsets.get(id);
  }

  /** The id of a live offset; undefined where there is none. */
  idAt(offset: PointOffset): PointId | undefined {
    return this.#ids[offset];
  }

  /** The version of a live offset; undefined where there is none. */
  versionAt(offset: PointOffset): Sequence | undefined {
    if (this.#ids[offset] === undefined) return undefined;
    return this.#versions[offset] as Sequence;
  }

  /** Gives the point a new offset and releases the one it had. Throws `insufficient_storage` when full. */
  assign(id: PointId, version: Sequence): PointOffset {
    const old = this.#offsets.get(id);
    if (old === undefined && this.#offsets.size >= POINTS_MAX) {
      throw new TributaryError('insufficient_storage', `a shard holds ${POINTS_MAX} points`);
    }
    const offset = this.#free.pop() ?? this.#nextOffset();
    if (old !== undefined) this.#release(old);
    this.#offsets.set(id, offset);
    this.#ids[offset] = id;
    this.#versions[offset] = version;
    const word = offset >>> 5;
    this.#live[word] = (this.#live[word] ?? 0) | (1 << (offset & 31));
    return offset;
  }

  /** Changes the version of a point that keeps its offset; returns whether the point is there. */
  setVersion(id: PointId, version: Sequence): boolean {
    const offset = this.#offsets.get(id);
    if (offset === undefined) return false;
    this.#versions[offset] = version;
    return true;
  }

  /** Returns the offset the point had; undefined where the point is not there. */
  release(id: PointId): PointOffset | undefined {
    const offset = this.#offsets.get(id);
    if (offset === undefined) return undefined;
    this.#offsets.delete(id);
    this.#release(offset);
    return offset;
  }

  /**
   * Lets the offsets released so far be assigned again; returns how many. To be called when they are out of every
   * index and nobody keeps a set or an answer made before, after a batch of changes, say.
   */
  reclaim(): number {
    const reclaimed = this.#released.length;
    if (this.#free.length === 0) [this.#free, this.#released] = [this.#released, this.#free];
    else for (const offset of this.#released) this.#free.push(offset);
    this.#released.length = 0;
    return reclaimed;
  }

  /** Live points in no particular order; nothing may change meanwhile. */
  *[Symbol.iterator](): Generator<LivePoint> {
    for (const [id, offset] of this.#offsets) {
      yield { id, offset, version: this.#versions[offset] as Sequence };
    }
  }

  #release(offset: PointOffset): void {
    this.#ids[offset] = undefined;
    const word = offset >>> 5;
    this.#live[word] = (this.#live[word] ?? 0) & ~(1 << (offset & 31));
    this.#released.push(offset);
  }

  #nextOffset(): PointOffset {
    const offset = this.#ids.length;
    if (offset >= OFFSETS_MAX) {
      throw new TributaryError('insufficient_storage', 'no offset is left: reclaim released ones');
    }
    if (offset >= this.#versions.length) {
      const length = Math.ceil((offset * 1.5) / 32) * 32;
      const versions = new Float64Array(length);
      versions.set(this.#versions);
      this.#versions = versions;
      const live = new Uint32Array(length / 32);
      live.set(this.#live);
      this.#live = live;
    }
    this.#ids.push(undefined);
    return offset as PointOffset;
  }
}
