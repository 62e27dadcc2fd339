// The state of a collection of which one peer has every shard, Active.

import { type CollectionState, firstShards } from '@tributary/metadata';
import {
  COLLECTION_DEFAULTS,
  type CollectionConfig,
  collectionId,
  peerId,
  shardId,
} from '@tributary/model';

export const ONLY_PEER = peerId(1);

/** Its id is its name. */
export function memoryCollection(
  name: string,
  changes: Partial<CollectionConfig> = {},
): CollectionState {
  const config = { ...COLLECTION_DEFAULTS, vectors: {}, ...changes };
  const { vectors, sparseVectors } = config;
  return {
    id: collectionId(name),
    name,
    config,
    createdVectors: { vectors, ...(sparseVectors && { sparseVectors }) },
    vectorNames: {},
    ...firstShards(
      Array.from({ length: config.shardNumber }, (_, i) => {
        return { id: shardId(i), replicas: new Map([[ONLY_PEER, 'Active']]) };
      }),
    ),
  };
}
