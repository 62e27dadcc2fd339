// The writer as it is given documents: each becomes its vector before the write is held against the collection and
// before it is in the log, so that replicas know nothing of models and a later version of a model changes no point.

import type { Embedder } from '@tributary/embedding';
import type { CollectionState } from '@tributary/metadata';
import {
  type GivenOperation,
  type GivenVector,
  isDocument,
  type NamedVectors,
  type PointOperation,
  type VectorValue,
} from '@tributary/model';
import type { UpdateView, WriteParameters } from '@tributary/qdrant-api';
import type { PointWrites } from '../strict-mode/strict-access.ts';

/** Writes as clients ask for them. */
export interface GivenWrites {
  write(
    collection: CollectionState,
    operation: GivenOperation,
    parameters: WriteParameters,
  ): Promise<UpdateView>;
  writeAll(
    collection: CollectionState,
    operations: readonly GivenOperation[],
    parameters: WriteParameters,
  ): Promise<UpdateView[]>;
}

/** Errors of every call, besides the writer's: `bad_request` and `validation` of a document. */
export function embeddedWrites(writer: PointWrites, embedder: Embedder): GivenWrites {
  return {
    write: async (collection, operation, parameters) =>
      writer.write(collection, embedOperation(operation, embedder), parameters),
    writeAll: async (collection, operations, parameters) => {
      const embedded = operations.map((operation) => embedOperation(operation, embedder));
      return writer.writeAll(collection, embedded, parameters);
    },
  };
}

function embedOperation(operation: GivenOperation, embedder: Embedder): PointOperation {
  switch (operation.kind) {
    case 'upsert': {
      const points = operation.points.map(({ id, vectors, payload }) => {
        return { id, vectors: embedVectors(vectors, embedder), payload };
      });
      return { ...operation, points };
    }
    case 'updateVectors': {
      const points = operation.points.map(({ id, vectors }) => {
        return { id, vectors: embedVectors(vectors, embedder) };
      });
      return { ...operation, points };
    }
    default:
      return operation;
  }
}

/** The vectors themselves where there is no document among them. */
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
