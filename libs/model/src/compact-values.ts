// The bytes of a vector's values, little-endian, in the shortest form that keeps each of them: what is stored as half
// floats or bytes takes no more in the log, between peers and on disk either. The form follows from the values alone,
// so nothing has to be known of the collection.

import { isOfDatatype, type StoredDatatype } from './datatype.ts';

/** Fewer are float32: a shorter form would save a few bytes of many. */
const COMPACT_VALUES_MIN = 16;

/** Undefined for float32. */
export function compactDatatypeOf(values: Float32Array): StoredDatatype | undefined {
  if (values.length < COMPACT_VALUES_MIN) return undefined;
  if (isOfDatatype(values, 'uint8')) return 'uint8';
  return isOfDatatype(values, 'float16') ? 'float16' : undefined;
}

/** A copy of values that are of the datatype. */
export function valuesToBytes(values: Float32Array, datatype: StoredDatatype): Uint8Array {
  return datatype === 'uint8'
    ? Uint8Array.from(values)
    : new Uint8Array(new Float16Array(values).buffer);
}

/** What `valuesToBytes` was given; half floats take an even number of bytes. */
export function valuesFromBytes(bytes: Uint8Array, datatype: StoredDatatype): Float32Array {
  if (datatype === 'uint8') return Float32Array.from(bytes);
  return new Float32Array(new Float16Array(new Uint8Array(bytes).buffer));
}
