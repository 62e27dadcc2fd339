// A point: its id, its vectors by name, its payload. The unnamed vector of a collection has the name ''.

import type { Sequence } from './ids.ts';
import type { PointId } from './point-id.ts';

/** UTF-8 JSON text of an object; empty (length 0) where the point has no payload. Never parsed on the write path. */
export type PayloadBytes = Uint8Array;

/** Indices ascend and are unique; values are finite and as many as indices. */
export interface SparseVector {
  readonly indices: Uint32Array;
  readonly values: Float32Array;
}

/** Several dense vectors of one size, compared by MaxSim. */
export interface MultiVector {
  readonly size: number;
  /** Row-major; a positive multiple of `size` values, all finite. */
  readonly rows: Float32Array;
}

/** Dense as it is; its length is the collection's `size`. */
export type VectorValue = Float32Array | SparseVector | MultiVector;

/** Vectors by name; a point may lack any of its collection's. */
export type NamedVectors = Readonly<Record<string, VectorValue>>;

export function isDense(vector: VectorValue): vector is Float32Array {
  return vector instanceof Float32Array;
}

export function isSparse(vector: VectorValue): vector is SparseVector {
  return 'indices' in vector;
}

export function isMulti(vector: VectorValue): vector is MultiVector {
  return 'rows' in vector;
}

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
