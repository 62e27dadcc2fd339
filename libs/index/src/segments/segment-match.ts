// After a restart: loads the segments of a folder. A segment's row is live where its point still
// has the very vector the graph was built from (same id, same CRC); every other row is dead.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import type { PointId, PointOffset } from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import { type FlatVectors, NONE } from '../rows/flat-vectors.ts';
import { graphVectorOf } from '../rows/row-values.ts';
import type { LoadedSegments } from '../vector-index.ts';
import { HnswSegment } from './hnsw-segment.ts';
import { type GraphParams, NativeGraph } from './native-graph.ts';
import {
  decodeIds,
  graphPath,
  listSegments,
  readSegment,
  removeSegment,
  type SegmentRows,
} from './segment-file.ts';
import type { SegmentSet } from './segment-set.ts';

const ROWS_PER_TURN = 500;

export interface SegmentMatch {
  readonly folder: string;
  readonly params: GraphParams;
  readonly vectors: FlatVectors;
  readonly segments: SegmentSet;
  readonly resolve: (id: PointId) => PointOffset | undefined;
  readonly signal: AbortSignal;
}

/**
 * Newest segments first: where two hold a vector, the newer one does. Nothing else may hold or move
 * rows meanwhile. Removes what does not check out and what is left of unfinished segments.
 */
export async function matchSegments(match: SegmentMatch): Promise<LoadedSegments> {
  let loaded = 0;
  const rejected: string[] = [];
  const { sealed, leftovers } = await listSegments(match.folder);
  for (const { number, file } of leftovers) {
    if (file.endsWith('.graph')) rejected.push(`segment ${number}: it has no rows file`);
    await rm(join(match.folder, file), { force: true });
  }
  for (const number of sealed) {
    match.signal.throwIfAborted();
    try {
      const rows = await readSegment(match.folder, number, match.params);
      const path = graphPath(match.folder, number);
      const graph = await NativeGraph.read(path, match.params, rows.count);
      const { params } = rows;
      const segment = new HnswSegment({ number, graph, graphBytes: rows.graph.bytes, params });
      if (await claimRows(match, segment, rows)) loaded++;
      else await removeSegment(match.folder, number);
    } catch (error) {
      if (match.signal.aborted) throw error;
      rejected.push(`segment ${number}: ${TributaryError.from(error).message}`);
      await removeSegment(match.folder, number);
    }
  }
  return { loaded, rejected };
}

/** Returns whether any row is live; else the segment is out of the set again. */
async function claimRows(
  match: SegmentMatch,
  segment: HnswSegment,
  rows: SegmentRows,
): Promise<boolean> {
  const { vectors, segments } = match;
  const slot = segments.insert(segment);
  let row = 0;
  for (const id of decodeIds(rows.ids)) {
    if (row % ROWS_PER_TURN === ROWS_PER_TURN - 1) {
      await nextTurn();
      match.signal.throwIfAborted();
    }
    const offset = match.resolve(id);
    if (offset !== undefined && isSame(match, offset, rows.crcs[row])) {
      segments.claim(slot, row, offset);
      vectors.sealRow(vectors.rowOf(offset));
    } else segment.kill(row);
    row++;
  }
  if (segment.live > 0) return true;
  segments.remove(segment);
  return false;
}

function isSame(match: SegmentMatch, offset: PointOffset, crc: number | undefined): boolean {
  const row = match.vectors.rowOf(offset);
  if (row === NONE || match.segments.has(offset)) return false;
  const vector = graphVectorOf(match.vectors.valuesAt(row), match.params.distance);
  return crc32(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)) === crc;
}
