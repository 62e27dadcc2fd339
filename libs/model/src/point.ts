// A point: its id, its vectors by name, its payload. The unnamed vector of a collection has the name ''.

import type { Sequence } from './ids.ts';
import type { JsonObject } from './json.ts';
import type { PointId } from './point-id.ts';
import type { Stamp } from './stamp.ts';

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
export type NamedVectors<V = VectorValue> = Readonly<Record<string, V>>;

/** A text of which the model of this name makes a vector, by options that are the model's own. */
export interface Document {
  readonly text: string;
  readonly model: string;
  readonly options: JsonObject;
}

/** A vector as a client gives it: a document becomes its vector at the gateway, before anything else looks at it. */
export type GivenVector = VectorValue | Document;

export function isDense(vector: GivenVector): vector is Float32Array {
  return vector instanceof Float32Array;
}

export function isSparse(vector: GivenVector): vector is SparseVector {
  return 'indices' in vector;
}

export function isMulti(vector: GivenVector): vector is MultiVector {
  return 'rows' in vector;
}

export function isDocument(vector: GivenVector): vector is Document {
  return 'model' in vector;
}

export const UNNAMED_VECTOR = '';
export const NO_PAYLOAD: PayloadBytes = new Uint8Array(0);

/** A point as a writer hands it over. */
export interface Point<V = VectorValue> {
  readonly id: PointId;
  readonly vectors: NamedVectors<V>;
  readonly payload: PayloadBytes;
}

/** What a deleted point leaves in a collection that keeps such: that, and when, it was deleted. No read shows it. */
export interface Tombstone {
  readonly id: PointId;
  /** Of the entry that deleted it. */
  readonly version: Sequence;
  readonly stamp: Stamp;
  /** As of a point. */
  readonly origin?: string;
}

/** A point as a replica holds it: `version` is the sequence of the entry that last changed it. */
export interface StoredPoint extends Point {
  readonly version: Sequence;
  /** Of that entry. */
  readonly stamp: Stamp;
  /** The region that the entry came from; absent for the own one. */
  readonly origin?: string;
}
