// The values of one row as its memory has them, and as floats.

import { type Distance, normalize, type StoredDatatype } from '@tributary/model';

/** Float32 where there is no datatype. */
export type RowValues = Float32Array | Float16Array | Uint8Array;

/** A view of memory, all of it by default. */
export function valuesOf(
  buffer: ArrayBufferLike,
  datatype: StoredDatatype | undefined,
  at = 0,
  length?: number,
): RowValues {
  switch (datatype) {
    case undefined:
      return new Float32Array(buffer, at, length);
    case 'float16':
      return new Float16Array(buffer, at, length);
    case 'uint8':
      return new Uint8Array(buffer, at, length);
  }
}

/** The values themselves where they are float32, else a copy. */
export function floatsOf(values: RowValues): Float32Array {
  return values instanceof Float32Array ? values : new Float32Array(values);
}

/** What a graph is built over: float32, of length 1 where its inner product stands for the angle. */
export function graphVectorOf(values: RowValues, distance: Distance): Float32Array {
  const floats = floatsOf(values);
  return distance === 'Cosine' && values instanceof Uint8Array ? normalize(floats) : floats;
}
