// Vectors between protobuf and the model, in every encoding there is: the older one (`data` with `indices` or
// `vectors_count` beside it) and the newer one (dense, sparse, multi_dense).
// A packed list of floats is, byte for byte, a little-endian Float32Array.

import type {
  Document,
  GivenVector,
  MultiVector,
  NamedVectors,
  SparseVector,
  VectorValue,
} from '@tributary/model';
import { isDense, isFiniteVector, isSparse, UNNAMED_VECTOR } from '@tributary/model';
import { formatError, validationError } from '../errors.ts';
import type {
  DenseVector,
  Document as DocumentMessage,
  SparseVector as SparseVectorMessage,
  Vector,
  VectorOutput,
  Vectors,
  VectorsOutput,
} from '../gen/points.ts';
import { withPlainNumbers, wrongType } from '../requests/json-reader.ts';
import { MULTIVECTOR_LENGTH_MAX, sparseVector, unknownVectorName } from '../requests/vector.ts';
import { unsupported } from '../unsupported.ts';
import { objectOfEntries } from './payload-reader.ts';

/** The floats of a packed list; every one is finite. */
export function readFloats(bytes: Uint8Array, path: string): Float32Array {
  if (bytes.byteLength % 4 !== 0) throw wrongType(path, 'bytes', 'a list of floats');
  const start = bytes.byteOffset;
  // A copy, because the bytes need not be aligned and the message they are in should not be kept alive.
  const vector = new Float32Array(bytes.buffer.slice(start, start + bytes.byteLength));
  if (!isFiniteVector(vector)) throw formatError(`${path}: vectors have finite components only`);
  return vector;
}

interface EncodedVector {
  readonly dense?: DenseVector | undefined;
  readonly sparse?: SparseVectorMessage | undefined;
  readonly multiDense?: { readonly vectors: readonly DenseVector[] } | undefined;
  readonly document?: DocumentMessage | undefined;
  readonly image?: Uint8Array | undefined;
  readonly object?: Uint8Array | undefined;
}

/** The vector in the newer encoding, or a document to make one of; undefined where the message has neither. */
export function readEncoded(message: EncodedVector, path: string): GivenVector | undefined {
  const { dense, sparse, multiDense, document, image, object } = message;
  if (dense !== undefined) return readFloats(dense.data, path);
  if (sparse !== undefined) return readSparse(sparse.indices, sparse.values, path);
  if (multiDense !== undefined) return readRows(multiDense.vectors, path);
  if (document !== undefined) return documentOf(document);
  if (image !== undefined || object !== undefined) throw unsupported('inference');
  return undefined;
}

function documentOf({ text, model, options }: DocumentMessage): Document {
  return { text, model, options: withPlainNumbers(objectOfEntries(options, 'options')) };
}

export function readVector(message: Vector, path: string): GivenVector {
  const { data, indices, vectorsCount } = message;
  const vector = readEncoded(message, path);
  if (vector !== undefined) return vector;
  if (indices !== undefined) return readSparse(indices.data, data, path);
  if (vectorsCount !== undefined) return readFlatRows(data, vectorsCount, path);
  return readFloats(data, path);
}

export function readSparse(
  indices: readonly number[],
  values: Uint8Array,
  path: string,
): SparseVector {
  return sparseVector(indices, readFloats(values, `${path}.values`), path);
}

function readRows(vectors: readonly DenseVector[], path: string): MultiVector {
  const size = (vectors[0]?.data.byteLength ?? 0) / 4;
  if (size === 0) throw validationError(path, 'the vectors of a multivector must not be empty');
  const rows = new Float32Array(checkLength(vectors.length * size, path));
  for (const [i, { data }] of vectors.entries()) {
    if (data.byteLength !== size * 4) {
      const found = `found vector with size ${data.byteLength / 4}, expected ${size}`;
      throw validationError(path, `all vectors must have the same size, ${found}`);
    }
    rows.set(readFloats(data, `${path}[${i}]`), i * size);
  }
  return { size, rows };
}

function readFlatRows(data: Uint8Array, count: number, path: string): MultiVector {
  const rows = readFloats(data, path);
  if (count === 0 || rows.length === 0 || rows.length % count !== 0) {
    throw validationError(path, `${rows.length} numbers cannot be ${count} vectors of one length`);
  }
  checkLength(rows.length, path);
  return { size: rows.length / count, rows };
}

function checkLength(length: number, path: string): number {
  if (length <= MULTIVECTOR_LENGTH_MAX) return length;
  throw validationError(path, `${length} numbers, at most ${MULTIVECTOR_LENGTH_MAX} are allowed`);
}

export function readVectors(message: Vectors | undefined, path: string): NamedVectors<GivenVector> {
  if (message?.vector !== undefined) return { [UNNAMED_VECTOR]: readVector(message.vector, path) };
  const vectors: Record<string, GivenVector> = {};
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

/** Older clients read `data` and newer ones the rest, so both are there. */
function vectorMessage(vector: VectorValue): VectorOutput {
  if (isDense(vector)) {
    const data = bytesOf(vector);
    return { data, dense: { data } };
  }
  if (isSparse(vector)) {
    const data = bytesOf(vector.values);
    const indices = [...vector.indices];
    return { data, indices: { data: indices }, sparse: { values: data, indices } };
  }
  const { size, rows } = vector;
  const count = rows.length / size;
  const vectors = Array.from({ length: count }, (_, i) => ({
    data: bytesOf(rows.subarray(i * size, (i + 1) * size)),
  }));
  return { data: bytesOf(rows), vectorsCount: count, multiDense: { vectors } };
}

/** Floats as they are packed on the wire. */
export function bytesOf(floats: Float32Array): Uint8Array {
  return new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
}
