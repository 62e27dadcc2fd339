// What the checks of the official gRPC clients have in common.

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { QdrantClient, QuerySchema, VectorInputSchema } from '@qdrant/js-client-grpc';
import { DIMENSION, type ExampleId, NAMED_DISTANCES, waveAt } from './example-points.ts';
import { idMessage } from './grpc-messages.ts';

/** What the clients of all versions have. */
export type GrpcClient = Pick<QdrantClient, 'api'>;

export const QUERY = Array.from({ length: DIMENSION }, (_, i) => waveAt(90_000 + i));
export const NAMES = Object.entries(NAMED_DISTANCES);
/** All of the payload, or every vector. */
export const ALL = { selectorOptions: { case: 'enable', value: true } } as const;

export function nearest(
  to: { readonly data: readonly number[] } | { readonly id: ExampleId },
): MessageInitShape<typeof QuerySchema> {
  const value: MessageInitShape<typeof VectorInputSchema> =
    'data' in to
      ? { variant: { case: 'dense', value: { data: [...to.data] } } }
      : { variant: { case: 'id', value: idMessage(to.id) } };
  return { variant: { case: 'nearest', value } };
}
