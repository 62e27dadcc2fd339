// The result of GET /collections/{name}/memory: bytes by part, of one replica of each shard. Vectors, graphs, payload
// indexes and the table of points are held in RAM, and no file of theirs is mapped: what they take on disk and in the
// system's cache is not known by part, so it is 0 here; `tributary_disk_used_bytes` has it of the whole peer.
// Payload indexes are counted together, so they are one part of `other` instead of a part a field.

import type { JsonObject } from '@tributary/model';
import { stringifyJson } from '@tributary/model';
import type { ShardIndexesView } from './optimizations-json.ts';

export function writeMemory(shards: readonly ShardIndexesView[]): string {
  const vectors = shards.flatMap((shard) =>
    shard.vectors.map((vector) => ({ ...vector, isSparse: shard.sparse.has(vector.name) })),
  );
  const ofKind = (isSparse: boolean) => {
    const byName = Map.groupBy(
      vectors.filter((vector) => vector.isSparse === isSparse),
      ({ name }) => name,
    );
    return Object.fromEntries(
      [...byName].map(([name, of]) => [
        name,
        {
          storage: usage(sum(of, ({ rowBytes }) => rowBytes)),
          index: usage(sum(of, ({ graphBytes }) => graphBytes)),
        },
      ]),
    );
  };
  const ofVectors = sum(vectors, ({ rowBytes, graphBytes }) => rowBytes + graphBytes);
  const payloadIndexBytes = sum(shards, (shard) => shard.payloadIndexBytes);
  const tableBytes = sum(shards, (shard) => shard.tableBytes);
  return stringifyJson({
    total: usage(ofVectors + payloadIndexBytes + tableBytes),
    vectors: ofKind(false),
    sparse_vectors: ofKind(true),
    payload: usage(0),
    payload_index: {},
    other: { id_tracker: usage(tableBytes), payload_indexes: usage(payloadIndexBytes) },
  });
}

function usage(ramBytes: number): JsonObject {
  return { disk_bytes: 0, ram_bytes: ramBytes, cached_bytes: 0, expected_cache_bytes: 0 };
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
