// The bytes of what a replica says of itself. Records by field name are JSON text, left out where they are empty.

import type { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import { type PayloadSchema, payloadSchemaFromJson, sequence } from '@tributary/model';
import {
  assertEnded,
  corrupt,
  lengthTag,
  messageEnd,
  readInteger,
  readText,
  skipField,
  varintTag,
  writeInteger,
  writeText,
} from './field.ts';
import { jsonToBytes, objectFromBytes } from './json-field.ts';
import type { ReplicaInfo } from './messages.ts';

const INFO_PAYLOAD_SCHEMA = lengthTag(10);
const INFO_INDEX_POINTS = lengthTag(11);

export function writeInfo(writer: BinaryWriter, tag: number, info: ReplicaInfo): void {
  writer.uint32(tag).fork();
  writeInteger(writer, 1, info.appliedSequence);
  writeInteger(writer, 2, info.appliedCount);
  writeText(writer, 3, info.contentHash);
  writeInteger(writer, 4, info.pointsCount);
  writeInteger(writer, 5, info.indexedVectorsCount);
  writeInteger(writer, 6, info.segmentsCount);
  writeInteger(writer, 7, info.memoryBytes);
  writer.uint32(varintTag(8)).bool(info.optimizing);
  if (info.halted !== undefined) writeText(writer, 9, info.halted);
  writeRecord(writer, INFO_PAYLOAD_SCHEMA, info.payloadSchema);
  writeRecord(writer, INFO_INDEX_POINTS, info.payloadIndexPoints);
  writer.join();
}

export function readInfo(reader: BinaryReader): ReplicaInfo {
  const end = messageEnd(reader);
  const numbers = new Array<number>(8).fill(0);
  let contentHash = '';
  let optimizing = false;
  let halted: string | undefined;
  let payloadSchema: PayloadSchema = {};
  let payloadIndexPoints: Record<string, number> = {};
  while (reader.pos < end) {
    const tag = reader.uint32();
    const field = tag >>> 3;
    if (tag === lengthTag(3)) contentHash = readText(reader);
    else if (tag === varintTag(8)) optimizing = reader.bool();
    else if (tag === lengthTag(9)) halted = readText(reader);
    else if (tag === INFO_PAYLOAD_SCHEMA) {
      payloadSchema = payloadSchemaFromJson(objectFromBytes(reader.bytes()));
    } else if (tag === INFO_INDEX_POINTS) payloadIndexPoints = readCounts(reader);
    else if (field < 8 && tag === varintTag(field)) numbers[field] = readInteger(reader);
    else skipField(reader, tag);
  }
  assertEnded(reader, end);
  const [, applied = 0, appliedCount = 0, , points = 0, indexed = 0, segments = 0, memory = 0] =
    numbers;
  return {
    appliedSequence: sequence(applied),
    appliedCount,
    contentHash,
    pointsCount: points,
    indexedVectorsCount: indexed,
    segmentsCount: segments,
    memoryBytes: memory,
    optimizing,
    payloadSchema,
    payloadIndexPoints,
    ...(halted === undefined ? {} : { halted }),
  };
}

function writeRecord(writer: BinaryWriter, tag: number, record: object): void {
  if (Object.keys(record).length > 0) writer.uint32(tag).bytes(jsonToBytes({ ...record }));
}

function readCounts(reader: BinaryReader): Record<string, number> {
  const counts = objectFromBytes(reader.bytes());
  return Object.fromEntries(
    Object.entries(counts).map(([field, count]) => {
      if (typeof count !== 'number') throw corrupt('a count of points is no number');
      return [field, count];
    }),
  );
}
