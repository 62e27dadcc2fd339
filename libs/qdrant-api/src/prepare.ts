// Compares vectors with the collection they are for: known names, right kind and dimension; and makes them what is
// stored and searched: normalised where the distance is Cosine, of the values that their datatype has. Everything
// behind the gateway relies on this.

import type {
  CollectionConfig,
  MultiVector,
  NamedVectors,
  Point,
  PointOperation,
  VectorParams,
  VectorValue,
} from '@tributary/model';
import { isDense, isSparse, normalize, storedDatatypeOf, toDatatype } from '@tributary/model';
import { type Steps, TributaryError } from '@tributary/runtime';
import { unknownVectorName } from './requests/vector.ts';

/** The operation as the write stream takes it. Errors: `wrong_input`. */
export function* prepareSteps(
  operation: PointOperation,
  config: CollectionConfig,
): Steps<PointOperation> {
  switch (operation.kind) {
    case 'upsert':
      return { ...operation, points: yield* preparedEach(operation.points, config) };
    case 'updateVectors':
      return { ...operation, points: yield* preparedEach(operation.points, config) };
    case 'deleteVectors':
      for (const name of operation.names) checkVectorName(name, config);
      return operation;
    default:
      return operation;
  }
}

function* preparedEach<P extends Pick<Point, 'vectors'>>(
  points: readonly P[],
  config: CollectionConfig,
): Steps<P[]> {
  const prepared: P[] = [];
  for (const point of points) {
    prepared.push({ ...point, vectors: prepareVectors(point.vectors, config) });
    yield undefined;
  }
  return prepared;
}

function prepareVectors(vectors: NamedVectors, config: CollectionConfig): NamedVectors {
  const prepared: Record<string, VectorValue> = {};
  for (const name in vectors) {
    const vector = vectors[name];
    if (vector !== undefined) prepared[name] = prepareVector(vector, name, config);
  }
  return prepared;
}

/**
 * The vector as it is stored and searched under `name`. A dense vector for a multivector is one row of it.
 * Errors: `wrong_input`.
 */
export function prepareVector(
  vector: VectorValue,
  name: string,
  config: CollectionConfig,
): VectorValue {
  checkVectorName(name, config);
  const params = Object.hasOwn(config.vectors, name) ? config.vectors[name] : undefined;
  if (params === undefined) {
    if (isSparse(vector)) return vector;
    throw wrongKind(name, 'a sparse vector');
  }
  if (isSparse(vector)) throw wrongKind(name, 'a dense vector');
  if (params.multivector !== undefined) {
    const rows = isDense(vector) ? vector : vector.rows;
    return prepareRows(rows, isDense(vector) ? vector.length : vector.size, params);
  }
  if (!isDense(vector)) throw wrongKind(name, 'one dense vector, not several');
  checkDimension(vector.length, params);
  return toStored(vector, params);
}

/** Bytes keep no vector of length 1: they are stored as they are given, and scores are of their angle. */
function toStored(vector: Float32Array, { distance, datatype: asked }: VectorParams): Float32Array {
  const datatype = storedDatatypeOf(asked);
  const scaled = distance === 'Cosine' && datatype !== 'uint8' ? normalize(vector) : vector;
  return datatype === undefined ? scaled : toDatatype(scaled, datatype);
}

/** Refuses a name under which the collection has no vector, dense or sparse. Errors: `wrong_input`. */
export function checkVectorName(name: string, config: CollectionConfig): void {
  if (!isVectorName(name, config)) throw unknownVectorName(name);
}

export function isVectorName(name: string, { vectors, sparseVectors }: CollectionConfig): boolean {
  if (Object.hasOwn(vectors, name)) return true;
  return sparseVectors !== undefined && Object.hasOwn(sparseVectors, name);
}

function prepareRows(rows: Float32Array, size: number, params: VectorParams): MultiVector {
  checkDimension(size, params);
  if (params.distance !== 'Cosine' && storedDatatypeOf(params.datatype) === undefined) {
    return { size, rows };
  }
  const stored = new Float32Array(rows.length);
  for (let start = 0; start < rows.length; start += size) {
    stored.set(toStored(rows.subarray(start, start + size), params), start);
  }
  return { size, rows: stored };
}

function checkDimension(size: number, params: VectorParams): void {
  if (size === params.size) return;
  throw new TributaryError(
    'wrong_input',
    `Vector dimension error: expected dim: ${params.size}, got ${size}`,
  );
}

function wrongKind(name: string, expected: string): TributaryError {
  const which = name === '' ? 'the unnamed vector' : `vector ${name}`;
  return new TributaryError('wrong_input', `Conversion error: ${which} must be ${expected}`);
}
