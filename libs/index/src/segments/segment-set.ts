// The sealed segments in use, and for each offset the segment and row it is in.
//
// Invariant: an offset is in at most one segment.

import { assert } from '@tributary/runtime';
import { grownToHold } from '../growable.ts';
import { NONE } from '../rows/flat-vectors.ts';
import type { HnswSegment } from './hnsw-segment.ts';

export class SegmentSet {
  /** By slot; a slot is used again when its segment is gone. */
  readonly #slots: (HnswSegment | undefined)[] = [];
  #slotOf: Uint32Array = new Uint32Array(0);
  #rowOf: Uint32Array = new Uint32Array(0);

  *[Symbol.iterator](): Generator<HnswSegment> {
    for (const segment of this.#slots) if (segment !== undefined) yield segment;
  }

  get size(): number {
    return this.#slots.reduce((count, segment) => count + (segment === undefined ? 0 : 1), 0);
  }

  get memoryBytes(): number {
    let bytes = this.#slotOf.byteLength + this.#rowOf.byteLength;
    for (const segment of this) bytes += segment.memoryBytes;
    return bytes;
  }

  /** Puts an empty segment in; returns its slot. */
  insert(segment: HnswSegment): number {
    const free = this.#slots.indexOf(undefined);
    const slot = free === -1 ? this.#slots.length : free;
    this.#slots[slot] = segment;
    return slot;
  }

  has(offset: number): boolean {
    return (this.#slotOf[offset] ?? NONE) !== NONE;
  }

  claim(slot: number, row: number, offset: number): void {
    const segment = this.#slots[slot];
    assert(segment !== undefined && !this.has(offset), 'an offset is in one segment');
    segment.claim(row, offset);
    this.#slotOf = grownToHold(this.#slotOf, offset, NONE);
    this.#rowOf = grownToHold(this.#rowOf, offset, NONE);
    this.#slotOf[offset] = slot;
    this.#rowOf[offset] = row;
  }

  /** Takes an offset out of its segment, where it is in one. */
  kill(offset: number): void {
    const segment = this.#slots[this.#slotOf[offset] ?? NONE];
    if (segment === undefined) return;
    segment.kill(this.#rowOf[offset] ?? NONE);
    this.#slotOf[offset] = NONE;
  }

  /** Takes a segment out and frees it; its live offsets are in no segment then. */
  remove(segment: HnswSegment): void {
    const slot = this.#slots.indexOf(segment);
    assert(slot !== -1, 'the segment is in the set');
    for (let row = 0; row < segment.count; row++) {
      const offset = segment.offsetAt(row);
      if (offset !== undefined) this.#slotOf[offset] = NONE;
    }
    this.#slots[slot] = undefined;
    segment.free();
  }
}
