// Which stored points a filter holds for. Indexes of the replica may name them; what they name is the same set as a
// look at every payload gives, so that replicas agree even if they have different indexes.

import type {
  Filter,
  FilterPredicate,
  FilterSubject,
  PayloadBytes,
  PayloadSchema,
  PointId,
  Sequence,
  StoredPoint,
} from '@tributary/model';
import { payloadFromBytes } from '@tributary/model';

/** What is read of a store to evaluate filters. */
export interface MatchReader {
  get(ids: readonly PointId[]): (StoredPoint | undefined)[];
  getPayloads(ids: readonly PointId[]): (StoredPayload | undefined)[];
  scan(): Iterable<StoredPoint>;
  scanPayloads(): Iterable<StoredPayload>;
}

interface StoredPayload {
  readonly id: PointId;
  readonly version: Sequence;
  readonly payload: PayloadBytes;
}

/** What indexes know of a filter. */
export interface Candidates {
  /** Every stored point that the filter holds for. */
  readonly ids: Iterable<PointId>;
  /** The filter holds for all of them. */
  readonly isExact: boolean;
}

/** The indexes over the points of a store. */
export interface CandidateFinder {
  /** Undefined where no index narrows the filter as it is meant under the schema. */
  find(filter: Filter, schema: PayloadSchema): Candidates | undefined;
}

export interface MatchOptions {
  readonly reader: MatchReader;
  readonly holds: FilterPredicate;
  readonly candidates: Candidates | undefined;
  /** The filter looks at the names of a point's vectors. */
  readonly needsVectors: boolean;
  /** Points to pass over. */
  readonly isPassed: (id: PointId) => boolean;
}

/** Looked at between two yields: 1 to 4 ms. */
const STEP_POINTS = 500;

/** Yields now and then, for other work to go on; the store must stay as it is until the end. */
export function* storedMatches(options: MatchOptions): Generator<void, PointId[]> {
  const { candidates, holds, isPassed } = options;
  if (candidates?.isExact) return [...candidates.ids].filter((id) => !isPassed(id));
  const ids: PointId[] = [];
  let looked = 0;
  for (const point of pointsToLookAt(options)) {
    if (point !== undefined && !isPassed(point.id) && holds(subjectOf(point))) ids.push(point.id);
    looked++;
    if (looked % STEP_POINTS === 0) yield;
  }
  return ids;
}

export function subjectOf(point: StoredPayload | StoredPoint): FilterSubject {
  const { id, version } = point;
  const payload = payloadFromBytes(point.payload);
  if (!('vectors' in point)) return { id, version, payload };
  return { id, version, payload, vectorNames: Object.keys(point.vectors) };
}

function* pointsToLookAt({
  reader,
  candidates,
  needsVectors,
}: MatchOptions): Generator<StoredPayload | StoredPoint | undefined> {
  if (candidates === undefined) {
    yield* needsVectors ? reader.scan() : reader.scanPayloads();
    return;
  }
  for (const ids of chunksOf(candidates.ids, STEP_POINTS)) {
    yield* needsVectors ? reader.get(ids) : reader.getPayloads(ids);
  }
}

/** The items in lists of at most `size`. */
export function* chunksOf<T>(items: Iterable<T>, size: number): Generator<T[]> {
  let chunk: T[] = [];
  for (const item of items) {
    chunk.push(item);
    if (chunk.length < size) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
