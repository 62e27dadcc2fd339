// One build, as the index's thread sees it: hold the rows, collect what to add, have the thread
// build and seal it, read the file, and put the segment in the place of the tail and of the
// segments it replaces.
//
// Invariant: until the segment stands in the set whole, searches see the tail and the segments as
// before.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { type PointId, type PointOffset, pointIdToBytes } from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import { type FlatVectors, NONE } from '../rows/flat-vectors.ts';
import { HnswSegment } from './hnsw-segment.ts';
import { type GraphParams, NativeGraph } from './native-graph.ts';
import type { RunSegmentJob } from './segment-builder.ts';
import { graphPath, removeSegment } from './segment-file.ts';
import type { SegmentSet } from './segment-set.ts';

/** Rows handled before other work of the thread gets its turn: well below a millisecond. */
const ROWS_PER_TURN = 1_000;

export interface BuildContext {
  readonly folder: string;
  readonly params: GraphParams;
  readonly vectors: FlatVectors;
  readonly segments: SegmentSet;
  readonly identify: (offset: PointOffset) => PointId;
  readonly signal: AbortSignal;
}

export interface SegmentBuild {
  readonly number: number;
  readonly base: HnswSegment | undefined;
  readonly absorbed: readonly HnswSegment[];
}

export interface BuiltSegment {
  readonly rows: number;
  /** Rows added to the base; all where there was none. */
  readonly added: number;
}

/** Rejects with what the build failed with; the index is then as before. */
export async function buildSegment(
  context: BuildContext,
  build: SegmentBuild,
  run: RunSegmentJob,
): Promise<BuiltSegment> {
  const { folder, params, vectors, signal } = context;
  const { number, base, absorbed } = build;
  const cancelled = new Int32Array(new SharedArrayBuffer(4));
  const cancel = () => void Atomics.store(cancelled, 0, 1);
  signal.addEventListener('abort', cancel);
  const release = vectors.hold();
  try {
    const end = vectors.rowCount;
    const { rows, ids } = await collectRows(context, absorbed, end);
    signal.throwIfAborted();
    const result = await run({
      folder,
      number,
      params,
      layout: vectors.layout,
      buffers: vectors.buffers(),
      rows,
      ids,
      cancelled,
      ...(base === undefined ? {} : { base: base.number }),
    });
    if (result.kind === 'failed') throw new TributaryError(result.code, result.message);
    const graph = await NativeGraph.read(graphPath(folder, number), params, result.count);
    const segment = new HnswSegment({ number, graph, graphBytes: result.graphBytes, params });
    await takeUp(context, { segment, base, absorbed, rows, end });
    return { rows: result.count, added: result.added };
  } catch (error) {
    await removeSegment(folder, number);
    throw error;
  } finally {
    signal.removeEventListener('abort', cancel);
    release();
  }
}

/** Gives a segment up: its rows go back to the tail. */
export function dissolveSegment(context: BuildContext, segment: HnswSegment): void {
  const { vectors, segments } = context;
  for (let row = 0; row < segment.count; row++) {
    const offset = segment.offsetAt(row);
    if (offset !== undefined) vectors.unsealRow(vectors.rowOf(offset));
  }
  segments.remove(segment);
}

/** The rows to add, those of the absorbed segments and the tail's, with their points' ids. */
async function collectRows(
  context: BuildContext,
  absorbed: readonly HnswSegment[],
  end: number,
): Promise<{ rows: Uint32Array; ids: Uint8Array }> {
  const { vectors } = context;
  const candidates: number[] = [];
  for (const segment of absorbed) {
    for (let row = 0; row < segment.count; row++) {
      const offset = segment.offsetAt(row);
      if (offset !== undefined) candidates.push(vectors.rowOf(offset));
    }
  }
  for (let row = vectors.sealedCount; row < end; row++) candidates.push(row);
  const rows: number[] = [];
  const ids: Uint8Array[] = [];
  for (const [i, row] of candidates.entries()) {
    if (i % ROWS_PER_TURN === ROWS_PER_TURN - 1) {
      await nextTurn();
      // Of a closed index no one tells which points are gone.
      context.signal.throwIfAborted();
    }
    // It may have been removed since; then its point need not be known any more.
    const offset = vectors.offsetOf(row);
    if (offset === NONE) continue;
    rows.push(row);
    ids.push(pointIdToBytes(context.identify(offset)));
  }
  return { rows: Uint32Array.from(rows), ids: Buffer.concat(ids) };
}

interface Taking {
  readonly segment: HnswSegment;
  readonly base: HnswSegment | undefined;
  readonly absorbed: readonly HnswSegment[];
  readonly rows: Uint32Array;
  readonly end: number;
}

async function takeUp(context: BuildContext, taking: Taking): Promise<void> {
  const { vectors, segments, signal } = context;
  const { segment, base, absorbed, rows, end } = taking;
  const baseCount = segment.count - rows.length;
  const offsetNow = (row: number): number =>
    row < baseCount
      ? (base?.offsetAt(row) ?? NONE)
      : vectors.offsetOf(rows[row - baseCount] ?? NONE);
  // What died while the thread built is marked a little at a time; what dies meanwhile, at the end.
  for (let row = 0; row < segment.count; row++) {
    if (row % ROWS_PER_TURN === ROWS_PER_TURN - 1) await nextTurn();
    if (offsetNow(row) === NONE) segment.kill(row);
  }
  if (signal.aborted) {
    segment.free();
    signal.throwIfAborted();
  }
  const offsets = new Uint32Array(segment.count);
  for (let row = 0; row < offsets.length; row++) offsets[row] = offsetNow(row);
  if (base !== undefined) segments.remove(base);
  for (const old of absorbed) segments.remove(old);
  const slot = segments.insert(segment);
  for (let row = 0; row < offsets.length; row++) {
    const offset = offsets[row] ?? NONE;
    if (offset === NONE) segment.kill(row);
    else segments.claim(slot, row, offset);
  }
  vectors.sealUpTo(end);
}
