// The results of GET /collections/{name}/optimizations and …/memory. What Qdrant calls a segment is here a graph over a
// part of a shard's vectors of one name; what no graph covers yet counts as one more.

import { createHash } from 'node:crypto';
import type { JsonObject } from '@tributary/model';
import { stringifyJson } from '@tributary/model';
import type { VectorTelemetryView } from './view.ts';

/** The indexes of one replica of a shard. */
export interface ShardIndexesView {
  readonly shardId: number;
  readonly vectors: readonly VectorTelemetryView[];
  readonly payloadIndexBytes: number;
  readonly tableBytes: number;
}

/** What is told besides what is running. */
export interface OptimizationDetails {
  readonly queued: boolean;
  readonly completed: boolean;
  readonly idleSegments: boolean;
}

interface Index extends VectorTelemetryView {
  readonly shardId: number;
}

/** `collection` is its id, of which the segments' ids are made. Completed builds are not kept: their list is empty. */
export function writeOptimizations(
  collection: string,
  shards: readonly ShardIndexesView[],
  details: OptimizationDetails,
): string {
  const indexes: Index[] = shards.flatMap(({ shardId, vectors }) =>
    vectors.map((index) => ({ ...index, shardId })),
  );
  const running = indexes.filter(({ build }) => build === 'running');
  const queued = indexes.filter(({ build }) => build === 'queued' || build === 'wanted');
  const idle = indexes
    .filter(({ build }) => build !== 'running')
    .flatMap((index) =>
      index.segments.map((points, i) => segmentJson(collection, index, String(i), points)),
    );
  return stringifyJson({
    summary: {
      queued_optimizations: queued.length,
      queued_segments: queued.length,
      queued_points: queued.reduce((sum, index) => sum + tailOf(index), 0),
      idle_segments: idle.length,
    },
    running: running.map((index) => ({
      uuid: idOf(collection, index, 'next'),
      optimizer: 'indexing',
      status: 'optimizing',
      segments: [tailJson(collection, index)],
      progress: { name: titleOf(index), total: tailOf(index) },
    })),
    ...(details.queued && {
      queued: queued.map((index) => {
        return { optimizer: 'indexing', segments: [tailJson(collection, index)] };
      }),
    }),
    ...(details.completed && { completed: [] }),
    ...(details.idleSegments && { idle_segments: idle }),
  });
}

/** Bytes in memory, of one replica of each shard. */
export function writeMemory(shards: readonly ShardIndexesView[]): string {
  const told = shards.map(({ shardId, vectors, payloadIndexBytes, tableBytes }) => {
    const named = vectors.map(({ name, rowBytes, graphBytes }) => {
      return [name, { rows_bytes: rowBytes, graphs_bytes: graphBytes }] as const;
    });
    const ofVectors = vectors.reduce((sum, each) => sum + each.rowBytes + each.graphBytes, 0);
    return {
      shard_id: shardId,
      vectors: Object.fromEntries(named),
      payload_indexes_bytes: payloadIndexBytes,
      point_table_bytes: tableBytes,
      total_bytes: ofVectors + payloadIndexBytes + tableBytes,
    };
  });
  const total = told.reduce((sum, { total_bytes }) => sum + total_bytes, 0);
  return stringifyJson({ shards: told, total_bytes: total });
}

function segmentJson(collection: string, index: Index, part: string, points: number): JsonObject {
  return { uuid: idOf(collection, index, part), points_count: points };
}

function tailJson(collection: string, index: Index): JsonObject {
  return segmentJson(collection, index, 'tail', tailOf(index));
}

/** Vectors that no graph covers yet. */
function tailOf({ vectors, indexed }: Index): number {
  return vectors - indexed;
}

function titleOf({ name, shardId }: Index): string {
  return `graph of ${name === '' ? 'the vectors' : `vector ${name}`} of shard ${shardId}`;
}

/** A UUID (version 8) that stays the same while the part does. */
function idOf(collection: string, { shardId, name }: Index, part: string): string {
  const hash = createHash('sha256')
    .update(`${collection}/${shardId}/${name}/${part}`)
    .digest('hex');
  const groups = [hash.slice(0, 8), hash.slice(8, 12), `8${hash.slice(13, 16)}`];
  return [...groups, `a${hash.slice(17, 20)}`, hash.slice(20, 32)].join('-');
}
