// The bytes of what a replica says of itself. Records by field name are JSON text, left out where they are empty.

import type { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import {
  type JsonObject,
  type PayloadSchema,
  payloadSchemaFromJson,
  sequence,
} from '@tributary/model';
import {
  assertEnded,
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
import {
  choiceMember,
  numberMember,
  numbersMember,
  objectMember,
  objectsMember,
  textMember,
} from './json-members.ts';
import type { GraphBuildInfo, ReplicaInfo, VectorIndexInfo } from './messages.ts';

const INFO_PAYLOAD_SCHEMA = lengthTag(10);
const INFO_INDEX_POINTS = lengthTag(11);
const INFO_VECTOR_INDEXES = lengthTag(12);
/** Fields above this are no integers of their own. */
const INTEGER_FIELD_MAX = 16;

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
  writeRecord(writer, INFO_VECTOR_INDEXES, info.vectorIndexes);
  if (info.payloadIndexBytes > 0) writeInteger(writer, 13, info.payloadIndexBytes);
  if (info.tableBytes > 0) writeInteger(writer, 14, info.tableBytes);
  if (info.queuedEntries > 0) writeInteger(writer, 15, info.queuedEntries);
  if (info.payloadBytes > 0) writeInteger(writer, 16, info.payloadBytes);
  writer.join();
}

export function readInfo(reader: BinaryReader): ReplicaInfo {
  const end = messageEnd(reader);
  const numbers = new Array<number>(INTEGER_FIELD_MAX + 1).fill(0);
  let contentHash = '';
  let optimizing = false;
  let halted: string | undefined;
  let payloadSchema: PayloadSchema = {};
  let payloadIndexPoints: Record<string, number> = {};
  let vectorIndexes: ReplicaInfo['vectorIndexes'] = {};
  while (reader.pos < end) {
    const tag = reader.uint32();
    const field = tag >>> 3;
    if (tag === lengthTag(3)) contentHash = readText(reader);
    else if (tag === varintTag(8)) optimizing = reader.bool();
    else if (tag === lengthTag(9)) halted = readText(reader);
    else if (tag === INFO_PAYLOAD_SCHEMA) {
      payloadSchema = payloadSchemaFromJson(objectFromBytes(reader.bytes()));
    } else if (tag === INFO_INDEX_POINTS) payloadIndexPoints = readCounts(reader);
    else if (tag === INFO_VECTOR_INDEXES) vectorIndexes = readVectorIndexes(reader);
    else if (field <= INTEGER_FIELD_MAX && tag === varintTag(field))
      numbers[field] = readInteger(reader);
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
    vectorIndexes,
    payloadIndexBytes: numbers[13] ?? 0,
    tableBytes: numbers[14] ?? 0,
    queuedEntries: numbers[15] ?? 0,
    payloadBytes: numbers[16] ?? 0,
    ...(halted === undefined ? {} : { halted }),
  };
}

function writeRecord(writer: BinaryWriter, tag: number, record: object): void {
  if (Object.keys(record).length > 0) writer.uint32(tag).bytes(jsonToBytes({ ...record }));
}

function readCounts(reader: BinaryReader): Record<string, number> {
  const counts = objectFromBytes(reader.bytes());
  return Object.fromEntries(
    Object.keys(counts).map((field) => [field, numberMember(counts, field)]),
  );
}

function buildOf(json: JsonObject): GraphBuildInfo {
  return {
    startedMs: numberMember(json, 'startedMs'),
    vectors: numberMember(json, 'vectors'),
    ...(json.endedMs !== undefined && { endedMs: numberMember(json, 'endedMs') }),
    ...(json.error !== undefined && { error: textMember(json, 'error') }),
  };
}

const BUILDS: readonly VectorIndexInfo['build'][] = ['idle', 'wanted', 'queued', 'running'];

function readVectorIndexes(reader: BinaryReader): Record<string, VectorIndexInfo> {
  const indexes = objectFromBytes(reader.bytes());
  return Object.fromEntries(
    Object.keys(indexes).map((name) => {
      const value = objectMember(indexes, name);
      const index: VectorIndexInfo = {
        vectors: numberMember(value, 'vectors'),
        indexed: numberMember(value, 'indexed'),
        excluded: numberMember(value, 'excluded'),
        segments: numbersMember(value, 'segments'),
        rowBytes: numberMember(value, 'rowBytes'),
        graphBytes: numberMember(value, 'graphBytes'),
        build: choiceMember(value, 'build', BUILDS),
        ...(value.buildError !== undefined && { buildError: textMember(value, 'buildError') }),
        ...(value.builds !== undefined && { builds: objectsMember(value, 'builds').map(buildOf) }),
      };
      return [name, index];
    }),
  );
}
