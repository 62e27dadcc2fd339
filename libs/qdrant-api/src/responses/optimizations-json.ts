// The result of GET /collections/{name}/optimizations. What Qdrant calls a segment is here a graph over a
// part of a shard's vectors of one name; what no graph covers yet counts as one more.

import { createHash } from 'node:crypto';
import type { JsonObject } from '@tributary/model';
import { stringifyJson } from '@tributary/model';
import { isoTime } from './cluster-json.ts';
import type { GraphBuildView, VectorTelemetryView } from './view.ts';

/** The indexes of one replica of a shard. */
export interface ShardIndexesView {
  readonly shardId: number;
  /** Names of the vectors that are sparse. */
  readonly sparse: ReadonlySet<string>;
  readonly vectors: readonly VectorTelemetryView[];
  readonly payloadIndexBytes: number;
  readonly tableBytes: number;
}

/** What is reported beside what is running. */
export interface OptimizationDetails {
  readonly queued: boolean;
  /** As many completed ones, the newest first; undefined for none. */
  readonly completedMax: number | undefined;
  readonly idleSegments: boolean;
}

interface Index extends VectorTelemetryView {
  readonly shardId: number;
}

/** `collection` is its id, of which the ids of segments and builds are made. */
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
    running: running.map((index) => {
      const build = index.builds?.find(({ endedMs }) => endedMs === undefined);
      const started = { startedMs: build?.startedMs, vectors: build?.vectors ?? tailOf(index) };
      return buildJson(collection, index, started);
    }),
    ...(details.queued && {
      queued: queued.map((index) => {
        return { optimizer: 'indexing', segments: [tailJson(collection, index)] };
      }),
    }),
    ...(details.completedMax !== undefined && {
      completed: completedJson(collection, indexes, details.completedMax),
    }),
    ...(details.idleSegments && { idle_segments: idle }),
  });
}

function completedJson(collection: string, indexes: readonly Index[], max: number): JsonObject[] {
  return indexes
    .flatMap((index) => (index.builds ?? []).map((build) => ({ index, build })))
    .filter(({ build }) => build.endedMs !== undefined)
    .sort((a, b) => (b.build.endedMs ?? 0) - (a.build.endedMs ?? 0))
    .slice(0, max)
    .map(({ index, build }) => buildJson(collection, index, build));
}

type ToldBuild = Omit<GraphBuildView, 'startedMs'> & { readonly startedMs: number | undefined };

/** A build is one step over the vectors that it covers. */
function buildJson(collection: string, index: Index, build: ToldBuild): JsonObject {
  const { startedMs, endedMs, vectors, error } = build;
  const id = startedMs === undefined ? 'next' : String(startedMs);
  const isDone = endedMs !== undefined && error === undefined;
  const times = {
    ...(startedMs !== undefined && { started_at: isoTime(startedMs) }),
    ...(endedMs !== undefined && { finished_at: isoTime(endedMs) }),
    ...(startedMs !== undefined &&
      endedMs !== undefined && { duration_sec: (endedMs - startedMs) / 1_000 }),
  };
  const step = { name: titleOf(index), ...times, ...(isDone && { done: vectors }), total: vectors };
  return {
    uuid: idOf(collection, index, `build ${id}`),
    optimizer: 'indexing',
    status: error !== undefined ? { error } : endedMs !== undefined ? 'done' : 'optimizing',
    segments: [segmentJson(collection, index, `tail ${id}`, vectors)],
    progress: { name: 'indexing', ...times, children: [step] },
  };
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
