// The bytes of a model, little-endian: "TLSA", version, dimensions, terms, singular values, bytes of the term list (u32
// each), the terms in UTF-8 joined by newlines, padding to 4 bytes, weights, singular values, term vectors (f32), and
// the CRC-32 of all before it.

import { crc32 } from 'node:zlib';
import { TributaryError } from '@tributary/runtime';
import { LsaModel } from './lsa-model.ts';

const MAGIC = 0x41534c54;
const VERSION = 1;
const HEADER_BYTES = 24;

export function encodeModel(model: LsaModel): Uint8Array {
  const terms = Buffer.from([...model.vocabulary.indexes.keys()].join('\n'));
  const arrays = [model.vocabulary.weights, model.singularValues, model.termVectors];
  const arraysAt = HEADER_BYTES + aligned(terms.length);
  const arraysBytes = arrays.reduce((sum, array) => sum + array.byteLength, 0);
  const bytes = Buffer.alloc(arraysAt + arraysBytes + 4);
  const { dimensions, vocabulary, singularValues } = model;
  [
    MAGIC,
    VERSION,
    dimensions,
    vocabulary.indexes.size,
    singularValues.length,
    terms.length,
  ].forEach((value, index) => {
    bytes.writeUInt32LE(value, index * 4);
  });
  terms.copy(bytes, HEADER_BYTES);
  let at = arraysAt;
  for (const array of arrays) {
    for (const value of array) at = bytes.writeFloatLE(value, at);
  }
  bytes.writeUInt32LE(crc32(bytes.subarray(0, at)), at);
  return bytes;
}

/** Reads what `encodeModel` wrote; throws `corrupt` on anything else. */
export function decodeModel(source: Uint8Array): LsaModel {
  const bytes = Buffer.from(source.buffer, source.byteOffset, source.byteLength);
  const end = bytes.length - 4;
  if (end < HEADER_BYTES || bytes.readUInt32LE(0) !== MAGIC) throw corrupt('not a model');
  if (crc32(bytes.subarray(0, end)) !== bytes.readUInt32LE(end)) throw corrupt('checksum differs');
  const version = bytes.readUInt32LE(4);
  if (version !== VERSION) throw corrupt(`version ${version} is unknown`);
  const dimensions = bytes.readUInt32LE(8);
  const termCount = bytes.readUInt32LE(12);
  const singularCount = bytes.readUInt32LE(16);
  const termBytes = bytes.readUInt32LE(20);
  let at = HEADER_BYTES + aligned(termBytes);
  if (at + 4 * (termCount * (dimensions + 1) + singularCount) !== end) throw corrupt('wrong size');
  const floats = (count: number) => {
    const array = new Float32Array(count);
    for (let i = 0; i < count; i++, at += 4) array[i] = bytes.readFloatLE(at);
    return array;
  };
  const terms = bytes.toString('utf8', HEADER_BYTES, HEADER_BYTES + termBytes).split('\n');
  const indexes = new Map(terms.map((term, index) => [term, index]));
  if (indexes.size !== termCount) throw corrupt('wrong number of terms');
  const weights = floats(termCount);
  const singularValues = floats(singularCount);
  const termVectors = floats(termCount * dimensions);
  return new LsaModel({
    dimensions,
    vocabulary: { indexes, weights },
    singularValues,
    termVectors,
  });
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / 4) * 4;
}

function corrupt(reason: string): TributaryError {
  return new TributaryError('corrupt', `latent semantic model: ${reason}`);
}
