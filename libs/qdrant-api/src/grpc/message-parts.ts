// Large answers in parts: each is a message by itself, or bytes, and their encodings one after another are the whole
// answer, as protobuf has it: what is repeated is appended. So an answer of a hundred megabytes is encoded in many
// short steps.
//
// A message within a message stands behind its length, so its parts are known before any of them is given: until then
// an empty part is given for each, which is where the encoder may pause.

import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { isDense, isMulti, type PointRecord, type VectorValue } from '@tributary/model';

/** An answer that is encoded part by part. */
export class MessageParts<Message> {
  readonly parts: Iterable<Message | Uint8Array>;

  constructor(parts: Iterable<Message | Uint8Array>) {
    this.parts = parts;
  }
}

/** Small answers are messages as they are. */
export type InParts<Message> = Message | MessageParts<Message>;

/** Items of one part at most; a point takes some 5 µs to encode. */
const PART_ITEMS_MAX = 64;
/** Bytes of one part, as far as single points allow. */
const PART_BYTES_MAX = 256 * 1024;

const NOTHING = new Uint8Array(0);

/** Whether the points make one part. */
export function isSmall(points: readonly PointRecord[]): boolean {
  if (points.length > PART_ITEMS_MAX) return false;
  let bytes = 0;
  for (const point of points) bytes += contentBytes(point);
  return bytes <= PART_BYTES_MAX;
}

/** The points, as many at a time as make one part. */
export function* partsOfPoints<T extends PointRecord>(points: readonly T[]): Generator<T[]> {
  let part: T[] = [];
  let bytes = 0;
  for (const point of points) {
    const size = contentBytes(point);
    const isFull = part.length >= PART_ITEMS_MAX || bytes + size > PART_BYTES_MAX;
    if (isFull && part.length > 0) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(point);
    bytes += size;
  }
  if (part.length > 0) yield part;
}

/** Items that are small each, a thousand at a time. */
export function* thousands<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += 1_000) yield items.slice(from, from + 1_000);
}

/** The field `number` of a message that consists of these parts. */
export function* nested(number: number, parts: Iterable<Uint8Array>): Generator<Uint8Array> {
  const kept: Uint8Array[] = [];
  let length = 0;
  for (const part of parts) {
    kept.push(part);
    length += part.length;
    yield NOTHING;
  }
  yield new BinaryWriter()
    .uint32((number << 3) | 2)
    .uint32(length)
    .finish();
  yield* kept;
}

function contentBytes({ payload, vectors }: PointRecord): number {
  let bytes = payload?.length ?? 0;
  for (const name in vectors) bytes += vectorBytes(vectors[name]);
  return bytes;
}

function vectorBytes(vector: VectorValue | undefined): number {
  if (vector === undefined) return 0;
  if (isDense(vector)) return vector.byteLength;
  return isMulti(vector)
    ? vector.rows.byteLength
    : vector.values.byteLength + vector.indices.byteLength;
}
