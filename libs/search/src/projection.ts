// Shapes points as a read asks for them. A payload wanted whole is passed on as the bytes that were stored.

import { type AnyVectorIndex, copyVector, type PayloadIndexes } from '@tributary/index';
import {
  compileProjection,
  JsonPathError,
  type NamedVectors,
  type PayloadBytes,
  type PayloadSelector,
  type PointId,
  type PointOffset,
  type PointRecord,
  type Projection,
  payloadToBytes,
  type Sequence,
  type VectorValue,
} from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import { parsePayload } from './plan-filter.ts';

export interface ProjectedPoint {
  readonly id: PointId;
  readonly version: Sequence;
  readonly offset: PointOffset;
}

/** A projection made ready for many points. */
export interface Projector {
  readonly needsPayload: boolean;
  /** `payload` must be given where `needsPayload`. */
  project(point: ProjectedPoint, payload: PayloadBytes | undefined): PointRecord;
}

/** Errors: `wrong_input` on the name of no vector or a key that is no path. */
export function createProjector(
  projection: Projection,
  indexes: ReadonlyMap<string, AnyVectorIndex>,
  payloadIndexes: PayloadIndexes,
): Projector {
  const projectPayload = payloadProjection(projection.payload, payloadIndexes);
  const vectors = selectedIndexes(projection, indexes);
  return {
    needsPayload: projectPayload !== undefined,
    project: ({ id, version, offset }, payload) => ({
      id,
      version,
      ...(projectPayload && payload && { payload: projectPayload(id, payload) }),
      ...(vectors && { vectors: vectorsAt(offset, vectors) }),
    }),
  };
}

/** The index of a named vector. Throws `wrong_input` where the collection has none of that name. */
export function indexOf(
  indexes: ReadonlyMap<string, AnyVectorIndex>,
  name: string,
): AnyVectorIndex {
  const index = indexes.get(name);
  if (index !== undefined) return index;
  throw new TributaryError('wrong_input', `Not existing vector name error: ${name}`);
}

type PayloadProjection = (id: PointId, payload: PayloadBytes) => PayloadBytes;

function payloadProjection(
  selector: PayloadSelector,
  payloadIndexes: PayloadIndexes,
): PayloadProjection | undefined {
  if (selector.kind === 'none') return undefined;
  if (selector.kind === 'all') return (_, payload) => payload;
  try {
    const schema = selector.kind === 'values' ? payloadIndexes.schema : {};
    const project = compileProjection(selector, schema);
    return (id, payload) => payloadToBytes(project(parsePayload(id, payload)) ?? {});
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error;
    throw new TributaryError('wrong_input', error.message, { cause: error });
  }
}

type SelectedIndexes = readonly (readonly [string, AnyVectorIndex])[];

function selectedIndexes(
  projection: Projection,
  indexes: ReadonlyMap<string, AnyVectorIndex>,
): SelectedIndexes | undefined {
  switch (projection.vectors.kind) {
    case 'none':
      return undefined;
    case 'all':
      return [...indexes];
    case 'names':
      return projection.vectors.names.map((name) => [name, indexOf(indexes, name)] as const);
  }
}

function vectorsAt(offset: PointOffset, indexes: SelectedIndexes): NamedVectors {
  const vectors: Record<string, VectorValue> = {};
  for (const [name, index] of indexes) {
    const vector = index.get(offset);
    // The index's memory changes with the next write; the answer must not.
    if (vector !== undefined) vectors[name] = copyVector(vector);
  }
  return vectors;
}
