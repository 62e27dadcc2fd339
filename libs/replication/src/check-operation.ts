// The rules that an operation keeps or breaks by itself: what a collection's vectors look like, and that paths and
// payloads can be read. What breaks one makes its entry refused, on every replica alike.

import {
  type CollectionConfig,
  compileFilter,
  isDense,
  isFiniteVector,
  isSparse,
  type MultiVector,
  type NamedVectors,
  type PointOperation,
  parseJsonPath,
  payloadFromBytes,
  type SparseVector,
  type VectorParams,
} from '@tributary/model';

/** What the rule needs to know of a collection. */
export type CollectionShape = Pick<CollectionConfig, 'vectors' | 'sparseVectors'>;

/** A rule that an entry breaks; never leaves this package. */
export class Refusal extends Error {}

/** Throws a Refusal, a JsonError or a JsonPathError. */
export function checkOperation(operation: PointOperation, shape: CollectionShape): void {
  if ('updateFilter' in operation && operation.updateFilter !== undefined) {
    compileFilter(operation.updateFilter);
  }
  if ('selector' in operation && operation.selector.kind === 'filter') {
    compileFilter(operation.selector.filter);
  }
  switch (operation.kind) {
    case 'upsert':
      for (const { vectors, payload } of operation.points) {
        checkVectors(vectors, shape);
        // Reads splice the bytes into answers and filters parse them: what is no JSON object must not get in.
        if (payload.length > 0) payloadFromBytes(payload);
      }
      return;
    case 'updateVectors':
      for (const { vectors } of operation.points) checkVectors(vectors, shape);
      return;
    case 'deleteVectors':
      for (const name of operation.names) checkName(name, shape);
      return;
    case 'createFieldIndex':
    case 'deleteFieldIndex':
      parseJsonPath(operation.field);
      return;
    case 'setPayload':
    case 'overwritePayload':
      if (operation.key !== undefined) parseJsonPath(operation.key);
      return;
    case 'deletePayload':
      operation.keys.forEach(parseJsonPath);
      return;
    case 'delete':
    case 'clearPayload':
      return;
  }
}

function checkVectors(vectors: NamedVectors, shape: CollectionShape): void {
  for (const name of Object.keys(vectors)) {
    const vector = vectors[name];
    if (vector === undefined) throw new Refusal(`vector '${name}' has no values`);
    if (isSparse(vector)) checkSparse(name, vector, shape);
    else {
      const params = Object.hasOwn(shape.vectors, name) ? shape.vectors[name] : undefined;
      if (params === undefined) throw unknownName(name);
      if (isDense(vector)) checkDense(name, vector, params);
      else checkMulti(name, vector, params);
    }
  }
}

function checkDense(name: string, vector: Float32Array, params: VectorParams): void {
  if (params.multivector !== undefined)
    throw new Refusal(`vector '${name}' is one of several rows`);
  if (vector.length !== params.size) {
    throw new Refusal(`vector '${name}' has ${vector.length} values, not ${params.size}`);
  }
  checkFinite(name, vector);
}

function checkMulti(name: string, { size, rows }: MultiVector, params: VectorParams): void {
  if (params.multivector === undefined) throw new Refusal(`vector '${name}' is one of one row`);
  if (size !== params.size) {
    throw new Refusal(`vector '${name}' has rows of ${size} values, not ${params.size}`);
  }
  if (rows.length === 0) throw new Refusal(`vector '${name}' has no rows`);
  if (rows.length % size !== 0) {
    throw new Refusal(`vector '${name}' has ${rows.length} values, which are no rows of ${size}`);
  }
  checkFinite(name, rows);
}

function checkSparse(name: string, vector: SparseVector, { sparseVectors }: CollectionShape): void {
  const { indices, values } = vector;
  if (!Object.hasOwn(sparseVectors ?? {}, name)) throw unknownName(name);
  if (indices.length !== values.length) {
    throw new Refusal(`vector '${name}' has ${indices.length} indices, ${values.length} values`);
  }
  for (let i = 1; i < indices.length; i++) {
    if ((indices[i] ?? 0) <= (indices[i - 1] ?? 0)) {
      throw new Refusal(`vector '${name}' has indices that do not ascend`);
    }
  }
  checkFinite(name, values);
}

function checkName(name: string, { vectors, sparseVectors }: CollectionShape): void {
  const isKnown = Object.hasOwn(vectors, name) || Object.hasOwn(sparseVectors ?? {}, name);
  if (!isKnown) throw unknownName(name);
}

function checkFinite(name: string, values: Float32Array): void {
  if (!isFiniteVector(values)) {
    throw new Refusal(`vector '${name}' has a value that is not finite`);
  }
}

function unknownName(name: string): Refusal {
  return new Refusal(`unknown vector name '${name}'`);
}
