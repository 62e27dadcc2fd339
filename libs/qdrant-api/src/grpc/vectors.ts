// Vectors between protobuf and the model. A packed list of floats is, byte for byte, a little-endian Float32Array.

import type { NamedVectors } from '@tributary/model';
import { isFiniteVector, UNNAMED_VECTOR } from '@tributary/model';
import { formatError } from '../errors.ts';
import type { Vector, VectorOutput, Vectors, VectorsOutput } from '../gen/points.ts';
import { wrongType } from '../requests/json-reader.ts';
import { unknownVectorName } from '../requests/vector.ts';
import { refuseKeys } from '../unsupported.ts';

/** The floats of a packed list; every one is finite. */
export function readFloats(bytes: Uint8Array, path: string): Float32Array {
  if (bytes.byteLength % 4 !== 0) throw wrongType(path, 'bytes', 'a list of floats');
  const start = bytes.byteOffset;
  // A copy, because the bytes need not be aligned and the message they are in should not be kept alive.
  const vector = new Float32Array(bytes.buffer.slice(start, start + bytes.byteLength));
  if (!isFiniteVector(vector)) throw formatError(`${path}: vectors have finite components only`);
  return vector;
}

export function readVector(message: Vector, path: string): Float32Array {
  refuseKeys(message, {
    indices: 'sparseVectors',
    vectorsCount: 'multivectors',
    sparse: 'sparseVectors',
    multiDense: 'multivectors',
    document: 'inference',
    image: 'inference',
    object: 'inference',
  });
  return readFloats((message.dense ?? message).data, path);
}

export function readVectors(message: Vectors | undefined, path: string): NamedVectors {
  if (message?.vector !== undefined) return { [UNNAMED_VECTOR]: readVector(message.vector, path) };
  const vectors: Record<string, Float32Array> = {};
  for (const [name, vector] of message?.vectors?.vectors ?? []) {
    if (name === '__proto__') throw unknownVectorName(name);
    vectors[name] = readVector(vector, `${path}.${name}`);
  }
  return vectors;
}

/** The vector itself where it has no name, else a map by name. */
export function vectorsMessage(vectors: NamedVectors): VectorsOutput {
  const names = Object.keys(vectors);
  const unnamed = names.length === 1 ? vectors[UNNAMED_VECTOR] : undefined;
  if (unnamed !== undefined) return { vector: vectorMessage(unnamed) };
  const entries = Object.entries(vectors).map(
    ([name, each]) => [name, vectorMessage(each)] as const,
  );
  return { vectors: { vectors: new Map(entries) } };
}

/** Older clients read `data` and newer ones `dense`, so both are there. */
function vectorMessage(vector: Float32Array): VectorOutput {
  const data = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
  return { data, dense: { data } };
}
