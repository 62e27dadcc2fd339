// The bytes of the points of a bucket, which show where two replicas differ; proto/peer.proto describes them.

import type { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import { type PointId, sequence } from '@tributary/model';
import {
  assertEnded,
  corrupt,
  lengthTag,
  messageEnd,
  readId,
  readInteger,
  skipField,
  varintTag,
  writeId,
  writeInteger,
} from './field.ts';
import type { BucketPoints, PointDigest } from './messages.ts';

const NO_DIGEST = new Uint8Array(0);

export function writeBucketPoints(
  writer: BinaryWriter,
  { appliedSequence, points }: BucketPoints,
): void {
  writeInteger(writer, 9, appliedSequence);
  for (const { id, version, digest } of points) {
    writer.uint32(lengthTag(10)).fork();
    writeId(writer, lengthTag(1), id);
    writeInteger(writer, 2, version);
    writer.uint32(lengthTag(3)).bytes(digest);
    writer.join();
  }
}

export function readPointDigest(reader: BinaryReader): PointDigest {
  const end = messageEnd(reader);
  let id: PointId | undefined;
  let version = 0;
  let digest: Uint8Array = NO_DIGEST;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === lengthTag(1)) id = readId(reader);
    else if (tag === varintTag(2)) version = readInteger(reader);
    else if (tag === lengthTag(3)) digest = reader.bytes();
    else skipField(reader, tag);
  }
  assertEnded(reader, end);
  if (id === undefined) throw corrupt('a digest without the id of its point');
  return { id, version: sequence(version), digest };
}
