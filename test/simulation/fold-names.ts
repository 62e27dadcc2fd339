// The vectors that points may have, as the fold sees them: which names there are, which were, and what fits each.

import {
  isDense,
  isSparse,
  type NamedVectors,
  type PointOperation,
  type VectorShape,
  type VectorValue,
} from '@tributary/model';

export const DIMENSION = 3;
/** Values of a row of the multi vector. */
export const ROW_SIZE = 2;

interface Name {
  readonly decided: number;
  /** Undefined where it is deleted. */
  readonly shape: VectorShape | undefined;
  readonly isSecond: boolean;
}

export type VectorNames = ReadonlyMap<string, Name>;

export const FIRST_NAMES: VectorNames = new Map(
  Object.entries({
    '': { kind: 'dense', size: DIMENSION, distance: 'Euclid' } as const,
    rows: { kind: 'multi', size: ROW_SIZE, distance: 'Dot' } as const,
    words: { kind: 'sparse' } as const,
  }).map(([name, shape]) => [name, { decided: 0, shape, isSecond: false }]),
);

/** The same map where an operation changes no name, or was decided too early to. */
export function namesAfter(names: VectorNames, operation: PointOperation): VectorNames {
  if (operation.kind !== 'createVectorName' && operation.kind !== 'deleteVectorName') return names;
  const { name, revision: decided } = operation;
  const before = names.get(name);
  if (before !== undefined && before.decided >= decided) return names;
  const shape = operation.kind === 'createVectorName' ? operation.shape : undefined;
  return new Map(names).set(name, { decided, shape, isSecond: before !== undefined });
}

/** The operation without the vectors that came too late for their name; undefined where it is not sound. */
export function timelyOperation(
  operation: PointOperation,
  names: VectorNames,
): PointOperation | undefined {
  switch (operation.kind) {
    case 'deleteVectors':
      return operation.names.every((name) => names.has(name)) ? operation : undefined;
    case 'upsert': {
      const points = timelyPoints(operation.points, names);
      return points && { ...operation, points };
    }
    case 'updateVectors': {
      const points = timelyPoints(operation.points, names);
      return points && { ...operation, points };
    }
    default:
      return operation;
  }
}

function timelyPoints<P extends { readonly vectors: NamedVectors }>(
  points: readonly P[],
  names: VectorNames,
): P[] | undefined {
  const timely: P[] = [];
  for (const point of points) {
    const kept: [string, VectorValue][] = [];
    for (const [name, vector] of Object.entries(point.vectors)) {
      const known = names.get(name);
      if (known === undefined) return undefined;
      const fits = known.shape !== undefined && fitsShape(vector, known.shape);
      if (fits && !isSound(vector)) return undefined;
      if (fits) kept.push([name, vector]);
      else if (known.shape !== undefined && !known.isSecond) return undefined;
    }
    timely.push({ ...point, vectors: Object.fromEntries(kept) });
  }
  return timely;
}

function fitsShape(vector: VectorValue, shape: VectorShape): boolean {
  if (shape.kind === 'sparse') return isSparse(vector);
  if (shape.kind === 'dense') return isDense(vector) && vector.length === shape.size;
  return 'rows' in vector && vector.size === shape.size;
}

function isSound(vector: VectorValue): boolean {
  if (isDense(vector)) return vector.every(Number.isFinite);
  if (!isSparse(vector)) return vector.rows.length > 0 && vector.rows.length % vector.size === 0;
  const { indices, values } = vector;
  const ascends = indices.every((index, i) => i === 0 || index > (indices[i - 1] ?? 0));
  return ascends && values.every(Number.isFinite);
}
