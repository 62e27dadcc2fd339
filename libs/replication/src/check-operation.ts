// The rules that an operation keeps or breaks by itself: what the vectors of the shard look like at its place in the
// log, and that paths and payloads can be read. What breaks one makes its entry refused, on every replica alike.
//
// A name may have been deleted, or recreated, after a gateway looked and before the write came to its place in the log:
// such a vector is left out and the rest of the write is done. A name that never was is refused.

import {
  compileFilter,
  isDense,
  isFiniteVector,
  isMulti,
  isSparse,
  misfitOf,
  type NamedVectors,
  type PointOperation,
  parseJsonPath,
  payloadFromBytes,
  type SparseVector,
  type VectorSchema,
  type VectorValue,
  vectorEntryOf,
  withoutVectorName,
  withVectorName,
} from '@tributary/model';

/** A rule that an entry breaks; never leaves this package. */
export class Refusal extends Error {}

/** The operations as they are to be done. Throws a Refusal, a JsonError or a JsonPathError. */
export function checkOperations(
  operations: readonly PointOperation[],
  before: VectorSchema,
): PointOperation[] {
  let schema = before;
  return operations.map((operation) => {
    const fitting = checkOperation(operation, schema);
    schema = vectorSchemaAfter(schema, operation);
    return fitting;
  });
}

export function vectorSchemaAfter(schema: VectorSchema, operation: PointOperation): VectorSchema {
  switch (operation.kind) {
    case 'createVectorName':
      return withVectorName(schema, operation.name, operation.shape, operation.revision);
    case 'deleteVectorName':
      return withoutVectorName(schema, operation.name, operation.revision);
    default:
      return schema;
  }
}

/** The operation without the vectors that came too late. */
function checkOperation(operation: PointOperation, schema: VectorSchema): PointOperation {
  if ('updateFilter' in operation && operation.updateFilter !== undefined) {
    compileFilter(operation.updateFilter);
  }
  if ('selector' in operation && operation.selector.kind === 'filter') {
    compileFilter(operation.selector.filter);
  }
  switch (operation.kind) {
    case 'upsert': {
      const points = fittingPoints(operation.points, schema);
      for (const { payload } of points) {
        // Reads splice the bytes into answers and filters parse them: what is no JSON object must not get in.
        if (payload.length > 0) payloadFromBytes(payload);
      }
      return points === operation.points ? operation : { ...operation, points };
    }
    case 'updateVectors': {
      const points = fittingPoints(operation.points, schema);
      return points === operation.points ? operation : { ...operation, points };
    }
    case 'deleteVectors':
      for (const name of operation.names) {
        if (vectorEntryOf(schema, name) === undefined) throw unknownName(name);
      }
      return operation;
    case 'createFieldIndex':
    case 'deleteFieldIndex':
      parseJsonPath(operation.field);
      return operation;
    case 'setPayload':
    case 'overwritePayload':
      if (operation.key !== undefined) parseJsonPath(operation.key);
      return operation;
    case 'deletePayload':
      operation.keys.forEach(parseJsonPath);
      return operation;
    case 'createVectorName':
    case 'deleteVectorName':
    case 'delete':
    case 'clearPayload':
      return operation;
  }
}

/** The same list where nothing is left out. */
function fittingPoints<P extends { readonly vectors: NamedVectors }>(
  points: readonly P[],
  schema: VectorSchema,
): readonly P[] {
  let isSame = true;
  const fitting = points.map((point) => {
    const late = lateNames(point.vectors, schema);
    if (late.length === 0) return point;
    isSame = false;
    const kept = Object.entries(point.vectors).filter(([name]) => !late.includes(name));
    return { ...point, vectors: Object.fromEntries(kept) };
  });
  return isSame ? points : fitting;
}

const NONE: readonly string[] = [];

/** Names of vectors meant for a name as it was before. */
function lateNames(vectors: NamedVectors, schema: VectorSchema): readonly string[] {
  let late = NONE;
  for (const name of Object.keys(vectors)) {
    const vector = vectors[name];
    if (vector === undefined) throw new Refusal(`vector '${name}' has no values`);
    const entry = vectorEntryOf(schema, name);
    if (entry === undefined) throw unknownName(name);
    const misfit = entry.shape === undefined ? 'is deleted' : misfitOf(vector, entry.shape);
    if (misfit === undefined) checkValues(name, vector);
    else if (entry.shape === undefined || entry.replaces) late = [...late, name];
    else throw new Refusal(`vector '${name}' ${misfit}`);
  }
  return late;
}

function checkValues(name: string, vector: VectorValue): void {
  if (isDense(vector)) checkFinite(name, vector);
  else if (isSparse(vector)) checkSparse(name, vector);
  else if (isMulti(vector)) {
    const { size, rows } = vector;
    if (rows.length === 0) throw new Refusal(`vector '${name}' has no rows`);
    if (rows.length % size !== 0) {
      throw new Refusal(`vector '${name}' has ${rows.length} values, which are no rows of ${size}`);
    }
    checkFinite(name, rows);
  }
}

function checkSparse(name: string, { indices, values }: SparseVector): void {
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

function checkFinite(name: string, values: Float32Array): void {
  if (!isFiniteVector(values)) {
    throw new Refusal(`vector '${name}' has a value that is not finite`);
  }
}

function unknownName(name: string): Refusal {
  return new Refusal(`unknown vector name '${name}'`);
}
