// A point: its id, its vectors by name, its payload. The unnamed vector of a collection has the name ''.

import type { Sequence } from './ids.ts';
import type { PointId } from './point-id.ts';

/** UTF-8 JSON text of an object; empty (length 0) where the point has no payload. Never parsed on the write path. */
export type PayloadBytes = Uint8Array;

/** Vectors by name; a point may lack any of its collection's. Values are finite; length is the collection's `size`. */
export type NamedVectors = Readonly<Record<string, Float32Array>>;

export const UNNAMED_VECTOR = '';
export const NO_PAYLOAD: PayloadBytes = new Uint8Array(0);

/** A point as a writer hands it over. */
export interface Point {
  readonly id: PointId;
  readonly vectors: NamedVectors;
  readonly payload: PayloadBytes;
}

/** A point as a replica holds it: `version` is the sequence of the entry that last changed it. */
export interface StoredPoint extends Point {
  readonly version: Sequence;
}
