// What the checks of the official REST clients have in common.

import type { QdrantClient, Schemas } from '@qdrant/js-client-rest';
import type { FilterBody } from './example-filters.ts';
import {
  DIMENSION,
  type ExampleHit,
  type ExampleId,
  NAMED_DISTANCES,
  waveAt,
} from './example-points.ts';

/** What the clients of all versions have. */
export type RestClient = Pick<
  QdrantClient,
  | 'clearPayload'
  | 'collectionExists'
  | 'count'
  | 'createCollection'
  | 'createVectorName'
  | 'delete'
  | 'deleteCollection'
  | 'deletePayload'
  | 'deleteVectorName'
  | 'getCollection'
  | 'getCollections'
  | 'overwritePayload'
  | 'query'
  | 'queryBatch'
  | 'retrieve'
  | 'scroll'
  | 'setPayload'
  | 'updateCollection'
  | 'upsert'
  | 'versionInfo'
>;

/** What newer clients no longer have. */
export type SearchingClient = Pick<QdrantClient, 'search' | 'searchBatch'>;

export const QUERY = Array.from({ length: DIMENSION }, (_, i) => waveAt(90_000 + i));
export const NAMES = Object.entries(NAMED_DISTANCES);

/** The client's types know numbers and strings only, the client itself bigint as well. */
export function idOf(id: ExampleId): number | string {
  return id as number | string;
}

export function filterOf(filter: FilterBody): Schemas['Filter'] {
  return filter as Schemas['Filter'];
}

export function hitsOf(points: readonly { id: ExampleId; score: number }[]): ExampleHit[] {
  return points.map(({ id, score }) => ({ id, score }));
}
