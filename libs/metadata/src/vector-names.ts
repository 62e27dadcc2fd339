// How the names of a collection's vectors change. META decides, the collection's log orders the change among the
// points, and recorded in META once the log has it:
//
//   (none) ──vectorNameCreated──► creating ──vectorNameLogged──► created
//     ▲                              │                              │
//     └──vectorNameLogged── deleting ◄──────vectorNameDeleted───────┘
//
// Invariant: the configuration has a name only while the log has made it, for everyone who reads the log up to its end
// then. A change that no one logged, as its gateway died, stays here, and the next request for the same or another goes
// on.

import type {
  AnyVectorParams,
  CollectionConfig,
  CollectionVectors,
  Sequence,
  VectorShape,
} from '@tributary/model';
import { vectorShapeOf } from '@tributary/model';
import { assert } from '@tributary/runtime';
import type { CollectionState, VectorNameChange } from './metadata-state.ts';

/** Names that a collection has and that are on their way; each has its own index in each replica. */
export const VECTOR_NAMES_MAX = 256;

/** What the collection's configuration says of a name. */
export function vectorOf(
  { vectors, sparseVectors = {} }: CollectionVectors,
  name: string,
): AnyVectorParams | undefined {
  const dense = Object.hasOwn(vectors, name) ? vectors[name] : undefined;
  if (dense !== undefined) return { kind: 'dense', params: dense };
  const sparse = Object.hasOwn(sparseVectors, name) ? sparseVectors[name] : undefined;
  return sparse && { kind: 'sparse', params: sparse };
}

export function changeOf(
  { vectorNames }: Pick<CollectionState, 'vectorNames'>,
  name: string,
): VectorNameChange | undefined {
  return Object.hasOwn(vectorNames, name) ? vectorNames[name] : undefined;
}

export function shapeOfParams(vector: AnyVectorParams): VectorShape {
  return vector.kind === 'sparse' ? { kind: 'sparse' } : vectorShapeOf(vector.params);
}

export function createdVectorsOf({ vectors, sparseVectors }: CollectionConfig): CollectionVectors {
  return { vectors, ...(sparseVectors && { sparseVectors }) };
}

/** Why a vector cannot be created under the name; undefined where it can. */
export function refuseVectorCreated(collection: CollectionState, name: string): string | undefined {
  const { config, vectorNames } = collection;
  if (vectorOf(config, name) !== undefined) return `Vector '${name}' already exists`;
  if (changeOf(collection, name)?.phase === 'creating') return `Vector '${name}' is being created`;
  return refuseVectorCount(config, [...Object.keys(vectorNames), name]);
}

/** Why a collection with these names and `others` has too many; undefined where it has not. */
export function refuseVectorCount(
  { vectors, sparseVectors = {} }: CollectionVectors,
  others: readonly string[] = [],
): string | undefined {
  const names = new Set([...Object.keys(vectors), ...Object.keys(sparseVectors), ...others]);
  if (names.size <= VECTOR_NAMES_MAX) return undefined;
  return `A collection has at most ${VECTOR_NAMES_MAX} vectors`;
}

export function refuseVectorDeleted(collection: CollectionState, name: string): string | undefined {
  const isThere = vectorOf(collection.config, name) ?? changeOf(collection, name);
  return isThere === undefined ? `Vector '${name}' does not exist` : undefined;
}

export function createVector(
  collection: CollectionState,
  name: string,
  vector: AnyVectorParams,
  revision: Sequence,
): CollectionState {
  return withChange(collection, name, { phase: 'creating', revision, vector });
}

export function deleteVector(
  collection: CollectionState,
  name: string,
  revision: Sequence,
): CollectionState {
  const config = withoutVector(collection.config, name);
  return withChange({ ...collection, config }, name, { phase: 'deleting', revision });
}

/** Notes that the log has the change; one that another came after changes nothing any more. */
export function logVectorName(
  collection: CollectionState,
  name: string,
  revision: Sequence,
): CollectionState {
  const change = changeOf(collection, name);
  if (change?.revision !== revision) return collection;
  switch (change.phase) {
    case 'creating': {
      const config = withVector(collection.config, name, change.vector);
      return withChange({ ...collection, config }, name, { phase: 'created', revision });
    }
    case 'created':
      return collection;
    case 'deleting': {
      const { [name]: _, ...vectorNames } = collection.vectorNames;
      return { ...collection, vectorNames };
    }
  }
}

function withChange(
  collection: CollectionState,
  name: string,
  change: VectorNameChange,
): CollectionState {
  return { ...collection, vectorNames: { ...collection.vectorNames, [name]: change } };
}

function withVector(
  config: CollectionConfig,
  name: string,
  vector: AnyVectorParams,
): CollectionConfig {
  assert(vectorOf(config, name) === undefined, 'a vector that is being created is not there yet');
  if (vector.kind === 'dense') {
    return { ...config, vectors: { ...config.vectors, [name]: vector.params } };
  }
  return { ...config, sparseVectors: { ...config.sparseVectors, [name]: vector.params } };
}

function withoutVector(config: CollectionConfig, name: string): CollectionConfig {
  const { [name]: _dense, ...vectors } = config.vectors;
  const { sparseVectors, ...others } = config;
  if (sparseVectors === undefined) return { ...others, vectors };
  const { [name]: _sparse, ...rest } = sparseVectors;
  return {
    ...others,
    vectors,
    ...(Object.keys(rest).length > 0 && { sparseVectors: rest }),
  };
}
