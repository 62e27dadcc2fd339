// Documents in what clients write: each becomes its vector before the write is compared with the collection and before
// it is in the log, so that replicas know nothing of models and a later version of a model changes no point.

import type { Embedder } from '@tributary/embedding';
import {
  type GivenOperation,
  type GivenVector,
  isDocument,
  type NamedVectors,
  type PointOperation,
  type VectorValue,
} from '@tributary/model';
import { isSliceOver, nextSlice } from '@tributary/runtime';

/** Errors: `bad_request` and `validation` of a document. */
export async function embedOperation(
  operation: GivenOperation,
  embedder: Embedder,
): Promise<PointOperation> {
  switch (operation.kind) {
    case 'upsert':
      return { ...operation, points: await embedPoints(operation.points, embedder) };
    case 'updateVectors':
      return { ...operation, points: await embedPoints(operation.points, embedder) };
    default:
      return operation;
  }
}

/** In slices: a document takes some 80 µs, and a request may have thousands. */
async function embedPoints<P extends { readonly vectors: NamedVectors<GivenVector> }>(
  points: readonly P[],
  embedder: Embedder,
): Promise<(Omit<P, 'vectors'> & { readonly vectors: NamedVectors })[]> {
  const embedded: (Omit<P, 'vectors'> & { readonly vectors: NamedVectors })[] = [];
  for (const point of points) {
    const { vectors } = point;
    if (isEmbedded(vectors)) {
      embedded.push({ ...point, vectors });
      continue;
    }
    if (isSliceOver()) await nextSlice();
    embedded.push({ ...point, vectors: embedVectors(vectors, embedder) });
  }
  return embedded;
}

function isEmbedded(vectors: NamedVectors<GivenVector>): vectors is NamedVectors {
  for (const name in vectors) {
    const given = vectors[name];
    if (given !== undefined && isDocument(given)) return false;
  }
  return true;
}

function embedVectors(vectors: NamedVectors<GivenVector>, embedder: Embedder): NamedVectors {
  const embedded: Record<string, VectorValue> = {};
  for (const name in vectors) {
    const given = vectors[name];
    if (given === undefined) continue;
    embedded[name] = isDocument(given)
      ? embedder.embeddingOf(given).document(given.text).vector
      : given;
  }
  return embedded;
}
