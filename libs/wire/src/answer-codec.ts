// The bytes of a replica's answer; proto/peer.proto describes them. Which of the fields is there follows from the kind
// of the call, which both sides know.

import { BinaryReader, type BinaryWriter } from '@bufbuild/protobuf/wire';
import {
  type Explanation,
  exactInteger,
  type FacetHit,
  type NamedVectors,
  numberOfValue,
  type OrderValue,
  type PointId,
  type PointRecord,
  parseJson,
  type ScoredPoint,
  sequence,
  stringifyJson,
  type TermStatistics,
  type TextStatistics,
  type VectorValue,
  WholeFloat,
} from '@tributary/model';
import { readPointDigest, writeBucketPoints } from './bucket-codec.ts';
import { explanationFromBytes, explanationToBytes } from './explanation-codec.ts';
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
import { readInfo, writeInfo } from './info-codec.ts';
import { written } from './kept-writer.ts';
import type { PointDigest, ReplicaAnswers, ReplicaCallKind, ReplicaInfo } from './messages.ts';
import { namedVectors, readVector, writeVectors } from './point-codec.ts';

const ANSWER_RECORDS = lengthTag(1);
const ANSWER_COUNT = varintTag(2);
const ANSWER_INFO = lengthTag(3);
const ANSWER_FACET_HIT = lengthTag(4);
const ANSWER_TERM_STATISTICS = lengthTag(5);
const ANSWER_EXPLANATION = lengthTag(6);
const ANSWER_TEXT_STATISTICS = lengthTag(7);
const ANSWER_BUCKET_SUMS = lengthTag(8);
const ANSWER_APPLIED_SEQUENCE = varintTag(9);
const ANSWER_POINT_DIGEST = lengthTag(10);

const RECORD_ID = lengthTag(1);
const RECORD_VERSION = varintTag(2);
const RECORD_SCORE = (3 << 3) | 5;
const RECORD_PAYLOAD = lengthTag(4);
const RECORD_VECTORS = lengthTag(5);
const RECORD_ORDER_VALUE = (6 << 3) | 1;
const RECORD_IS_WHOLE_FLOAT = varintTag(7);
const RECORD_ORDER_INTEGER = varintTag(8);

type Writers = {
  [K in ReplicaCallKind]: (writer: BinaryWriter, answer: ReplicaAnswers[K]) => void;
};
type Readers = { [K in ReplicaCallKind]: (answer: AnswerFields) => ReplicaAnswers[K] };

interface AnswerFields {
  readonly records: (PointRecord & { readonly score?: number })[][];
  count: number | undefined;
  info: ReplicaInfo | undefined;
  facetHits: FacetHit[];
  termStatistics: TermStatistics | undefined;
  textStatistics: TextStatistics | undefined;
  explanation: Explanation | undefined;
  bucketSums: Uint8Array | undefined;
  appliedSequence: number | undefined;
  pointDigests: PointDigest[];
}

const WRITERS: Writers = {
  search: (writer, lists) => {
    for (const list of lists) writeRecords(writer, list);
  },
  retrieve: writeRecords,
  scroll: writeRecords,
  count: (writer, count) => writeInteger(writer, 2, count),
  sample: writeRecords,
  facet: (writer, hits) => {
    for (const hit of hits) writeFacetHit(writer, hit);
  },
  termStatistics: writeTermStatistics,
  textStatistics: writeTextStatistics,
  explain: (writer, explanation) => {
    writer.uint32(ANSWER_EXPLANATION).bytes(explanationToBytes(explanation));
  },
  info: (writer, info) => writeInfo(writer, ANSWER_INFO, info),
  verify: (writer, info) => writeInfo(writer, ANSWER_INFO, info),
  bucketSums: (writer, sums) => {
    if (sums !== undefined) writer.uint32(ANSWER_BUCKET_SUMS).bytes(sums);
  },
  bucketPoints: writeBucketPoints,
};

const READERS: Readers = {
  search: (answer) => answer.records.map((list) => list.map(scored)),
  retrieve: onlyList,
  scroll: onlyList,
  count: ({ count }) => {
    if (count === undefined) throw corrupt('an answer without a count');
    return count;
  },
  sample: onlyList,
  facet: ({ facetHits }) => facetHits,
  termStatistics: ({ termStatistics }) => {
    if (termStatistics === undefined) throw corrupt('an answer without term statistics');
    return termStatistics;
  },
  textStatistics: ({ textStatistics }) => {
    if (textStatistics === undefined) throw corrupt('an answer without text statistics');
    return textStatistics;
  },
  explain: ({ explanation }) => {
    if (explanation === undefined) throw corrupt('an answer without an explanation');
    return explanation;
  },
  info: onlyInfo,
  verify: onlyInfo,
  bucketSums: ({ bucketSums }) => bucketSums,
  bucketPoints: ({ appliedSequence, pointDigests: points }) => {
    if (appliedSequence === undefined) throw corrupt('points of a bucket without their state');
    return { appliedSequence: sequence(appliedSequence), points };
  },
};

export function encodeAnswer<K extends ReplicaCallKind>(
  kind: K,
  answer: ReplicaAnswers[K],
): Uint8Array {
  return written((writer) => WRITERS[kind](writer, answer));
}

/** Payloads and, where aligned, vectors are views into `bytes`. Errors: `corrupt`. */
export function decodeAnswer<K extends ReplicaCallKind>(
  kind: K,
  bytes: Uint8Array,
): ReplicaAnswers[K] {
  return decoding('answer', () => READERS[kind](readAnswer(new BinaryReader(bytes))));
}

function readAnswer(reader: BinaryReader): AnswerFields {
  const answer: AnswerFields = {
    records: [],
    count: undefined,
    info: undefined,
    facetHits: [],
    termStatistics: undefined,
    textStatistics: undefined,
    explanation: undefined,
    bucketSums: undefined,
    appliedSequence: undefined,
    pointDigests: [],
  };
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === ANSWER_RECORDS) answer.records.push(readRecords(reader));
    else if (tag === ANSWER_COUNT) answer.count = readInteger(reader);
    else if (tag === ANSWER_INFO) answer.info = readInfo(reader);
    else if (tag === ANSWER_FACET_HIT) answer.facetHits.push(readFacetHit(reader));
    else if (tag === ANSWER_EXPLANATION) answer.explanation = readExplanation(reader);
    else if (tag === ANSWER_TERM_STATISTICS) answer.termStatistics = readTermStatistics(reader);
    else if (tag === ANSWER_TEXT_STATISTICS) answer.textStatistics = readTextStatistics(reader);
    else if (tag === ANSWER_BUCKET_SUMS) answer.bucketSums = reader.bytes();
    else if (tag === ANSWER_APPLIED_SEQUENCE) answer.appliedSequence = readInteger(reader);
    else if (tag === ANSWER_POINT_DIGEST) answer.pointDigests.push(readPointDigest(reader));
    else skipField(reader, tag);
  }
  assertEnded(reader, reader.len);
  return answer;
}

function readExplanation(reader: BinaryReader): Explanation {
  return explanationFromBytes(reader.bytes());
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
    if (record.orderValue !== undefined) {
      writeOrderValue(writer, record.orderValue);
    }
    writer.join();
  }
  writer.join();
}

function writeOrderValue(writer: BinaryWriter, value: OrderValue): void {
  if (typeof value === 'bigint') {
    writer.uint32(RECORD_ORDER_INTEGER).sint64(value);
    return;
  }
  writer.uint32(RECORD_ORDER_VALUE).double(numberOfValue(value) ?? 0);
  if (value instanceof WholeFloat) writer.uint32(RECORD_IS_WHOLE_FLOAT).bool(true);
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

interface RecordParts {
  score?: number;
  payload?: Uint8Array;
  vectors?: NamedVectors;
  orderValue?: OrderValue;
}

function readRecord(reader: BinaryReader): PointRecord & { readonly score?: number } {
  const end = messageEnd(reader);
  let id: PointId | undefined;
  let version = 0;
  const rest: RecordParts = {};
  let isWholeFloat = false;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === RECORD_ID) id = readId(reader);
    else if (tag === RECORD_VERSION) version = readInteger(reader);
    else if (tag === RECORD_SCORE) rest.score = reader.float();
    else if (tag === RECORD_PAYLOAD) rest.payload = reader.bytes();
    else if (tag === RECORD_VECTORS) rest.vectors = readNamedVectors(reader);
    else if (tag === RECORD_ORDER_VALUE) rest.orderValue = reader.double();
    else if (tag === RECORD_ORDER_INTEGER) {
      rest.orderValue = exactInteger(BigInt(reader.sint64()));
    } else if (tag === RECORD_IS_WHOLE_FLOAT) isWholeFloat = reader.bool();
    else skipField(reader, tag);
  }
  assertEnded(reader, end);
  if (id === undefined) throw corrupt('a record without an id');
  if (isWholeFloat && typeof rest.orderValue === 'number') {
    rest.orderValue = new WholeFloat(rest.orderValue);
  }
  return { id, version: sequence(version), ...rest };
}

function readNamedVectors(reader: BinaryReader): NamedVectors {
  const end = messageEnd(reader);
  const vectors: [string, VectorValue][] = [];
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === lengthTag(1)) vectors.push(readVector(reader));
    else skipField(reader, tag);
  }
  assertEnded(reader, end);
  return namedVectors(vectors);
}

/** The value of a facet hit is JSON text, which tells an integer beyond 2^53 from a double. */
function writeFacetHit(writer: BinaryWriter, { value, count }: FacetHit): void {
  writer.uint32(ANSWER_FACET_HIT).fork();
  writeText(writer, 1, stringifyJson(value));
  writeInteger(writer, 2, count);
  writer.join();
}

function readFacetHit(reader: BinaryReader): FacetHit {
  const end = messageEnd(reader);
  let text = 'null';
  let count = 0;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === lengthTag(1)) text = readText(reader);
    else if (tag === varintTag(2)) count = readInteger(reader);
    else skipField(reader, tag);
  }
  assertEnded(reader, end);
  const value = parseJson(text);
  if (value === null || typeof value === 'object') throw corrupt('a facet hit without a value');
  return { value, count };
}

function writeTermStatistics(writer: BinaryWriter, { points, frequencies }: TermStatistics): void {
  writer.uint32(ANSWER_TERM_STATISTICS).fork();
  writeInteger(writer, 1, points);
  for (const frequency of frequencies) writeInteger(writer, 2, frequency);
  writer.join();
}

function readTermStatistics(reader: BinaryReader): TermStatistics {
  const end = messageEnd(reader);
  let points = 0;
  const frequencies: number[] = [];
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === varintTag(1)) points = readInteger(reader);
    else if (tag === varintTag(2)) frequencies.push(readInteger(reader));
    else skipField(reader, tag);
  }
  assertEnded(reader, end);
  return { points, frequencies };
}

function writeTextStatistics(writer: BinaryWriter, statistics: TextStatistics): void {
  writer.uint32(ANSWER_TEXT_STATISTICS).fork();
  writeInteger(writer, 1, statistics.documents);
  writeInteger(writer, 2, statistics.tokens);
  for (const { term, frequency } of statistics.terms) {
    writeText(writer, 3, term);
    writeInteger(writer, 4, frequency);
  }
  writer.join();
}

function readTextStatistics(reader: BinaryReader): TextStatistics {
  const end = messageEnd(reader);
  let documents = 0;
  let tokens = 0;
  const words: string[] = [];
  const frequencies: number[] = [];
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === varintTag(1)) documents = readInteger(reader);
    else if (tag === varintTag(2)) tokens = readInteger(reader);
    else if (tag === lengthTag(3)) words.push(readText(reader));
    else if (tag === varintTag(4)) frequencies.push(readInteger(reader));
    else skipField(reader, tag);
  }
  assertEnded(reader, end);
  const terms = words.map((term, i) => {
    const frequency = frequencies[i];
    if (frequency === undefined) throw corrupt('a term without its frequency');
    return { term, frequency };
  });
  return { documents, tokens, terms };
}
