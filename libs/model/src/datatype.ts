// What the values of a vector are stored as where that is less than a float32: conversion happens once, at the gateway
// before the log, so that the log, every replica and its hash have the same values; whoever applies the log refuses
// others.
//
// A byte is the whole part of a value, 0 .. 255; what lies beyond is the nearest of these. A half float is the nearest
// one, ties to even; beyond the largest, ±65,504, that one.

export type StoredDatatype = 'float16' | 'uint8';

export const STORED_DATATYPES: readonly StoredDatatype[] = ['float16', 'uint8'];

const HALF_MAX = 65_504;

/** Of a `datatype` as a collection has it; undefined for float32 and for what is stored as that. */
export function storedDatatypeOf(datatype: string | undefined): StoredDatatype | undefined {
  return STORED_DATATYPES.find((known) => known === datatype);
}

/** Float32 where there is none. */
export function bytesPerValue(datatype: StoredDatatype | undefined): number {
  switch (datatype) {
    case undefined:
      return 4;
    case 'float16':
      return 2;
    case 'uint8':
      return 1;
  }
}

/** The values as they are stored; the array itself where they are so already. */
export function toDatatype(values: Float32Array, datatype: StoredDatatype): Float32Array {
  if (isOfDatatype(values, datatype)) return values;
  if (datatype === 'uint8') {
    // Without the sign of a zero.
    return values.map((value) => Math.min(255, Math.max(0, Math.trunc(value))) + 0);
  }
  return values.map((value) => Math.f16round(Math.min(HALF_MAX, Math.max(-HALF_MAX, value))));
}

/** Whether every value is one of the datatype. */
export function isOfDatatype(values: Float32Array, datatype: StoredDatatype): boolean {
  return datatype === 'uint8' ? areBytes(values) : areHalves(values);
}

function areBytes(values: Float32Array): boolean {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    if (!Object.is(value, value & 0xff)) return false;
  }
  return true;
}

function areHalves(values: Float32Array): boolean {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    if (Math.f16round(value) !== value || Math.abs(value) > HALF_MAX) return false;
  }
  return true;
}
