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
import { endInSlices, type Steps } from '@tributary/runtime';

const POINTS_PER_STEP = 500;

/** Errors: `bad_request` and `validation` of a document. */
export async function embedOperation(
  operation: GivenOperation,
  embedder: Embedder,
): Promise<PointOperation> {
  switch (operation.kind) {
    case 'upsert':
      return { ...operation, points: await endInSlices(embedSteps(operation.points, embedder)) };
    case 'updateVectors':
      return { ...operation, points: await endInSlices(embedSteps(operation.points, embedder)) };
    default:
      return operation;
  }
}

type Embedded<P> = Omit<P, 'vectors'> & { readonly vectors: NamedVectors };

/** A document takes some 80 µs, a point without any well below one. */
function* embedSteps<P extends { readonly vectors: NamedVectors<GivenVector> }>(
  points: readonly P[],
  embedder: Embedder,
): Steps<Embedded<P>[]> {
  const embedded: Embedded<P>[] = [];
  for (const [i, point] of points.entries()) {
    const { vectors } = point;
    const isDone = isEmbedded(vectors);
    if (!isDone || i % POINTS_PER_STEP === POINTS_PER_STEP - 1) yield;
    embedded.push({ ...point, vectors: isDone ? vectors : embedVectors(vectors, embedder) });
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
