// The bytes of a replica's answer; proto/peer.proto describes them. Which of the fields is there follows from the kind
// of the call, which both sides know.

import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import {
  type NamedVectors,
  type PointId,
  type PointRecord,
  type ScoredPoint,
  sequence,
} from '@tributary/model';
import {
  assertEnded,
  corrupt,
  decoding,
  lengthTag,
  messageEnd,
  readId,
  readInteger,
  readText,
  skipField,
  varintTag,
  writeId,
  writeInteger,
  writeText,
} from './field.ts';
import type { ReplicaAnswers, ReplicaCallKind, ReplicaInfo } from './messages.ts';
import { namedVectors, readVector, writeVectors } from './point-codec.ts';

const ANSWER_RECORDS = lengthTag(1);
const ANSWER_COUNT = varintTag(2);
const ANSWER_INFO = lengthTag(3);

const RECORD_ID = lengthTag(1);
const RECORD_VERSION = varintTag(2);
const RECORD_SCORE = (3 << 3) | 5;
const RECORD_PAYLOAD = lengthTag(4);
const RECORD_VECTORS = lengthTag(5);

type Writers = {
  [K in ReplicaCallKind]: (writer: BinaryWriter, answer: ReplicaAnswers[K]) => void;
};
type Readers = { [K in ReplicaCallKind]: (answer: AnswerFields) => ReplicaAnswers[K] };

interface AnswerFields {
  readonly records: (PointRecord & { readonly score?: number })[][];
  count: number | undefined;
  info: ReplicaInfo | undefined;
}

const WRITERS: Writers = {
  search: (writer, lists) => {
    for (const list of lists) writeRecords(writer, list);
  },
  retrieve: writeRecords,
  scroll: writeRecords,
  count: (writer, count) => writeInteger(writer, 2, count),
  info: writeInfo,
  verify: writeInfo,
};

const READERS: Readers = {
  search: (answer) => answer.records.map((list) => list.map(scored)),
  retrieve: onlyList,
  scroll: onlyList,
  count: ({ count }) => {
    if (count === undefined) throw corrupt('an answer without a count');
    return count;
  },
  info: onlyInfo,
  verify: onlyInfo,
};

export function encodeAnswer<K extends ReplicaCallKind>(
  kind: K,
  answer: ReplicaAnswers[K],
): Uint8Array {
  const writer = new BinaryWriter();
  WRITERS[kind](writer, answer);
  return writer.finish();
}

/** Payloads and, where aligned, vectors are views into `bytes`. Errors: `corrupt`. */
export function decodeAnswer<K extends ReplicaCallKind>(
  kind: K,
  bytes: Uint8Array,
): ReplicaAnswers[K] {
  return decoding('answer', () => READERS[kind](readAnswer(new BinaryReader(bytes))));
}

function readAnswer(reader: BinaryReader): AnswerFields {
  const answer: AnswerFields = { records: [], count: undefined, info: undefined };
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === ANSWER_RECORDS) answer.records.push(readRecords(reader));
    else if (tag === ANSWER_COUNT) answer.count = readInteger(reader);
    else if (tag === ANSWER_INFO) answer.info = readInfo(reader);
    else skipField(reader, tag);
  }
  assertEnded(reader, reader.len);
  return answer;
}

function onlyList({ records }: AnswerFields): PointRecord[] {
  const [list] = records;
  if (list === undefined || records.length > 1) throw corrupt('an answer without its one list');
  return list;
}

function onlyInfo({ info }: AnswerFields): ReplicaInfo {
  if (info === undefined) throw corrupt('an answer without info');
  return info;
}

function scored(record: PointRecord & { readonly score?: number }): ScoredPoint {
  const { score } = record;
  if (score === undefined) throw corrupt('a hit without a score');
  return { ...record, score };
}

function writeRecords(
  writer: BinaryWriter,
  records: readonly (PointRecord & { readonly score?: number })[],
): void {
  writer.uint32(ANSWER_RECORDS).fork();
  for (const record of records) {
    writer.uint32(lengthTag(1)).fork();
    writeId(writer, RECORD_ID, record.id);
    writer.uint32(RECORD_VERSION).uint64(record.version);
    if (record.score !== undefined) writer.uint32(RECORD_SCORE).float(record.score);
    if (record.payload !== undefined) writer.uint32(RECORD_PAYLOAD).bytes(record.payload);
    if (record.vectors !== undefined) {
      writer.uint32(RECORD_VECTORS).fork();
      writeVectors(writer, lengthTag(1), record.vectors);
      writer.join();
    }
    writer.join();
  }
  writer.join();
}

function readRecords(reader: BinaryReader): (PointRecord & { readonly score?: number })[] {
  const end = messageEnd(reader);
  const records = [];
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === lengthTag(1)) records.push(readRecord(reader));
    else skipField(reader, tag);
  }
  assertEnded(reader, end);
  return records;
}

function readRecord(reader: BinaryReader): PointRecord & { readonly score?: number } {
  const end = messageEnd(reader);
  let id: PointId | undefined;
  let version = 0;
  const rest: { score?: number; payload?: Uint8Array; vectors?: NamedVectors } = {};
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === RECORD_ID) id = readId(reader);
    else if (tag === RECORD_VERSION) version = readInteger(reader);
    else if (tag === RECORD_SCORE) rest.score = reader.float();
    else if (tag === RECORD_PAYLOAD) rest.payload = reader.bytes();
    else if (tag === RECORD_VECTORS) rest.vectors = readNamedVectors(reader);
    else skipField(reader, tag);
  }
  assertEnded(reader, end);
  if (id === undefined) throw corrupt('a record without an id');
  return { id, version: sequence(version), ...rest };
}

function readNamedVectors(reader: BinaryReader): NamedVectors {
  const end = messageEnd(reader);
  const vectors: [string, Float32Array][] = [];
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === lengthTag(1)) vectors.push(readVector(reader));
    else skipField(reader, tag);
  }
  assertEnded(reader, end);
  return namedVectors(vectors);
}

function writeInfo(writer: BinaryWriter, info: ReplicaInfo): void {
  writer.uint32(ANSWER_INFO).fork();
  writeInteger(writer, 1, info.appliedSequence);
  writeInteger(writer, 2, info.appliedCount);
  writeText(writer, 3, info.contentHash);
  writeInteger(writer, 4, info.pointsCount);
  writeInteger(writer, 5, info.indexedVectorsCount);
  writeInteger(writer, 6, info.segmentsCount);
  writeInteger(writer, 7, info.memoryBytes);
  writer.uint32(varintTag(8)).bool(info.optimizing);
  if (info.halted !== undefined) writeText(writer, 9, info.halted);
  writer.join();
}

function readInfo(reader: BinaryReader): ReplicaInfo {
  const end = messageEnd(reader);
  const numbers = new Array<number>(8).fill(0);
  let contentHash = '';
  let optimizing = false;
  let halted: string | undefined;
  while (reader.pos < end) {
    const tag = reader.uint32();
    const field = tag >>> 3;
    if (tag === lengthTag(3)) contentHash = readText(reader);
    else if (tag === varintTag(8)) optimizing = reader.bool();
    else if (tag === lengthTag(9)) halted = readText(reader);
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
    ...(halted === undefined ? {} : { halted }),
  };
}
