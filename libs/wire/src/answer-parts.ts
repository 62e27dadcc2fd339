// Large answers in parts, each an answer of its kind by itself: so none is a message that a thread is held by, or that
// others have to wait behind. Joined they are the answer: lists are appended; of lists of lists the first of a part
// goes on with the last of the part before it.

import {
  isDense,
  isMulti,
  type PointRecord,
  type ScoredPoint,
  type VectorValue,
} from '@tributary/model';
import { corrupt } from './field.ts';
import type { BucketPoints, ReplicaAnswers, ReplicaCallKind } from './messages.ts';

/** Of one part, as far as single points allow. */
const PART_BYTES_MAX = 256 * 1024;
const PART_ITEMS_MAX = 1_000;
/** A point without payload or vectors. */
const HEAD_BYTES = 32;

type Parted = {
  [K in ReplicaCallKind]: (answer: ReplicaAnswers[K]) => Iterable<ReplicaAnswers[K]>;
};
type Joined = {
  [K in ReplicaCallKind]: (parts: readonly ReplicaAnswers[K][]) => ReplicaAnswers[K];
};

const PARTED: Parted = {
  search: partedLists,
  retrieve: partedRecords,
  scroll: partedRecords,
  sample: partedRecords,
  facet: partedItems,
  count: (answer) => [answer],
  termStatistics: (answer) => [answer],
  textStatistics: (answer) => [answer],
  explain: (answer) => [answer],
  info: (answer) => [answer],
  verify: (answer) => [answer],
  bucketSums: (answer) => [answer],
  bucketPoints: partedBucket,
};

const JOINED: Joined = {
  search: joinedLists,
  retrieve: (parts) => parts.flat(),
  scroll: (parts) => parts.flat(),
  sample: (parts) => parts.flat(),
  facet: (parts) => parts.flat(),
  count: only,
  termStatistics: only,
  textStatistics: only,
  explain: only,
  info: only,
  verify: only,
  bucketSums: only,
  bucketPoints: joinedBucket,
};

/** At least one; the answer itself where it is small. */
export function partsOfAnswer<K extends ReplicaCallKind>(
  kind: K,
  answer: ReplicaAnswers[K],
): Iterable<ReplicaAnswers[K]> {
  return PARTED[kind](answer);
}

/** Inverse of `partsOfAnswer`. Errors: `corrupt`. */
export function joinAnswer<K extends ReplicaCallKind>(
  kind: K,
  parts: readonly ReplicaAnswers[K][],
): ReplicaAnswers[K] {
  return JOINED[kind](parts);
}

/** Bytes of a point's payload and vectors. */
export function contentBytes({ payload, vectors }: PointRecord): number {
  let bytes = payload?.length ?? 0;
  for (const name in vectors) bytes += vectorBytes(vectors[name]);
  return bytes;
}

export function vectorBytes(vector: VectorValue | undefined): number {
  if (vector === undefined) return 0;
  if (isDense(vector)) return vector.byteLength;
  return isMulti(vector)
    ? vector.rows.byteLength
    : vector.values.byteLength + vector.indices.byteLength;
}

function* partedRecords<T extends PointRecord>(records: readonly T[]): Generator<readonly T[]> {
  let from = 0;
  let bytes = 0;
  for (let i = 0; i < records.length; i++) {
    const record = records[i];
    const size = record === undefined ? 0 : HEAD_BYTES + contentBytes(record);
    if (i > from && (bytes + size > PART_BYTES_MAX || i - from >= PART_ITEMS_MAX)) {
      yield records.slice(from, i);
      from = i;
      bytes = 0;
    }
    bytes += size;
  }
  yield from === 0 ? records : records.slice(from);
}

/** A part that begins with a new list has an empty one before it. */
function* partedLists(
  lists: readonly (readonly ScoredPoint[])[],
): Generator<readonly (readonly ScoredPoint[])[]> {
  // Most searches are one, and small.
  let bytes = 0;
  let items = 0;
  for (const list of lists) {
    items += list.length;
    if (items > PART_ITEMS_MAX || bytes > PART_BYTES_MAX) break;
    for (const point of list) bytes += contentBytes(point);
  }
  if (items <= PART_ITEMS_MAX && bytes <= PART_BYTES_MAX) return yield lists;
  let part: (readonly ScoredPoint[])[] = [];
  items = 0;
  bytes = 0;
  for (const [i, list] of lists.entries()) {
    let isNew = true;
    for (const some of partedRecords(list)) {
      const size = some.reduce((sum, point) => sum + HEAD_BYTES + contentBytes(point), 0);
      const isFull = items + some.length > PART_ITEMS_MAX || bytes + size > PART_BYTES_MAX;
      if (!isNew || (isFull && i > 0)) {
        yield part;
        part = isNew ? [[]] : [];
        items = 0;
        bytes = 0;
      }
      part.push(some);
      items += some.length;
      bytes += size;
      isNew = false;
    }
  }
  yield part;
}

function* partedBucket({ appliedSequence, points }: BucketPoints): Generator<BucketPoints> {
  for (const part of partedItems(points)) yield { appliedSequence, points: part };
}

function* partedItems<T>(items: readonly T[]): Generator<readonly T[]> {
  if (items.length <= PART_ITEMS_MAX) return yield items;
  for (let from = 0; from < items.length; from += PART_ITEMS_MAX) {
    yield items.slice(from, from + PART_ITEMS_MAX);
  }
}

function joinedLists(
  parts: readonly (readonly (readonly ScoredPoint[])[])[],
): readonly (readonly ScoredPoint[])[] {
  const [first, ...others] = parts;
  if (first !== undefined && others.length === 0) return first;
  const lists: ScoredPoint[][] = [];
  for (const part of parts) {
    for (const [i, list] of part.entries()) {
      const last = i === 0 ? lists.at(-1) : undefined;
      if (last === undefined) lists.push([...list]);
      else for (const point of list) last.push(point);
    }
  }
  return lists;
}

function joinedBucket(parts: readonly BucketPoints[]): BucketPoints {
  const [first] = parts;
  if (first === undefined) throw corrupt('the points of a bucket without a part');
  return { ...first, points: parts.flatMap(({ points }) => points) };
}

function only<T>(parts: readonly T[]): T {
  const [first] = parts;
  if (first === undefined || parts.length > 1)
    throw corrupt('an answer that has no parts came in some');
  return first;
}
