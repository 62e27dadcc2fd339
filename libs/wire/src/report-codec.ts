// The bytes of reports and introductions; proto/peer.proto describes them.

import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import { collectionId, peerId, sequence, shardId } from '@tributary/model';
import {
  assertEnded,
  corrupt,
  decoding,
  lengthTag,
  messageEnd,
  readInteger,
  readText,
  skipField,
  varintTag,
  writeInteger,
  writeText,
} from './field.ts';
import type { AppliedReplica, AppliedReport, HaltNeeds, Introduction } from './messages.ts';

const HASH_BYTES = 32;
const NEEDS = ['rebuild', 'transfer', 'operator'] as const satisfies readonly HaltNeeds[];
/** What a later version calls otherwise is for a person to look at. */
const UNKNOWN_NEEDS = 'operator';

export function encodeReport(report: AppliedReport): Uint8Array {
  const writer = new BinaryWriter();
  writeInteger(writer, 1, report.peer);
  for (const replica of report.replicas) {
    writer.uint32(lengthTag(2)).fork();
    writeText(writer, 1, replica.collection);
    writer.uint32(varintTag(2)).uint32(replica.shard);
    writeInteger(writer, 3, replica.appliedSequence);
    if (replica.durableSequence !== undefined) writeInteger(writer, 4, replica.durableSequence);
    if (replica.cut !== undefined) {
      writeInteger(writer, 5, replica.cut.sequence);
      writer.uint32(lengthTag(6)).bytes(Buffer.from(replica.cut.contentHash, 'hex'));
    }
    if (replica.coveredSequence !== undefined) writeInteger(writer, 7, replica.coveredSequence);
    if (replica.haltedNeeds !== undefined) {
      writer.uint32(varintTag(8)).uint32(NEEDS.indexOf(replica.haltedNeeds) + 1);
    }
    writer.join();
  }
  if (report.busyMs !== undefined) writeInteger(writer, 3, report.busyMs);
  if (report.asksForAll) writer.uint32(varintTag(4)).bool(true);
  if (report.metadataSequence !== undefined) writeInteger(writer, 5, report.metadataSequence);
  if (report.featureLevel !== undefined) writer.uint32(varintTag(6)).uint32(report.featureLevel);
  return writer.finish();
}

/** Errors: `corrupt`. */
export function decodeReport(bytes: Uint8Array): AppliedReport {
  return decoding('report', () => {
    const reader = new BinaryReader(bytes);
    let peer = 0;
    let busyMs: number | undefined;
    let asksForAll = false;
    let metadata: number | undefined;
    let featureLevel: number | undefined;
    const replicas: AppliedReplica[] = [];
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (tag === varintTag(1)) peer = readInteger(reader);
      else if (tag === lengthTag(2)) replicas.push(readReplica(reader));
      else if (tag === varintTag(3)) busyMs = readInteger(reader);
      else if (tag === varintTag(4)) asksForAll = reader.bool();
      else if (tag === varintTag(5)) metadata = readInteger(reader);
      else if (tag === varintTag(6)) featureLevel = reader.uint32();
      else skipField(reader, tag);
    }
    assertEnded(reader, reader.len);
    return {
      peer: peerId(peer),
      replicas,
      ...(busyMs !== undefined && { busyMs }),
      ...(asksForAll && { asksForAll }),
      ...(metadata !== undefined && { metadataSequence: sequence(metadata) }),
      ...(featureLevel !== undefined && { featureLevel }),
    };
  });
}

export function encodeIntroduction(introduction: Introduction): Uint8Array {
  const writer = new BinaryWriter();
  writeInteger(writer, 1, introduction.peer);
  writeText(writer, 2, introduction.version);
  for (const url of introduction.natsUrls) writeText(writer, 3, url);
  return writer.finish();
}

/** Errors: `corrupt`. */
export function decodeIntroduction(bytes: Uint8Array): Introduction {
  return decoding('introduction', () => {
    const reader = new BinaryReader(bytes);
    let peer = 0;
    let version = '';
    const natsUrls: string[] = [];
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (tag === varintTag(1)) peer = readInteger(reader);
      else if (tag === lengthTag(2)) version = readText(reader);
      else if (tag === lengthTag(3)) natsUrls.push(readText(reader));
      else skipField(reader, tag);
    }
    assertEnded(reader, reader.len);
    return { peer: peerId(peer), version, natsUrls };
  });
}

function readReplica(reader: BinaryReader): AppliedReplica {
  const end = messageEnd(reader);
  let collection = '';
  let shard = 0;
  let applied = 0;
  let durable: number | undefined;
  let covered: number | undefined;
  let needs = 0;
  let cut = 0;
  let hash: Uint8Array = new Uint8Array(0);
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === lengthTag(1)) collection = readText(reader);
    else if (tag === varintTag(2)) shard = reader.uint32();
    else if (tag === varintTag(3)) applied = readInteger(reader);
    else if (tag === varintTag(4)) durable = readInteger(reader);
    else if (tag === varintTag(5)) cut = readInteger(reader);
    else if (tag === lengthTag(6)) hash = reader.bytes();
    else if (tag === varintTag(7)) covered = readInteger(reader);
    else if (tag === varintTag(8)) needs = reader.uint32();
    else skipField(reader, tag);
  }
  assertEnded(reader, end);
  const isHash = hash.length === HASH_BYTES;
  if (cut > 0 && !isHash) throw corrupt(`a content hash of ${hash.length} bytes`);
  return {
    collection: collectionId(collection),
    shard: shardId(shard),
    appliedSequence: sequence(applied),
    ...(covered !== undefined && { coveredSequence: sequence(covered) }),
    ...(durable !== undefined && { durableSequence: sequence(durable) }),
    ...(cut > 0 && {
      cut: { sequence: sequence(cut), contentHash: Buffer.from(hash).toString('hex') },
    }),
    ...(needs > 0 && { haltedNeeds: NEEDS[needs - 1] ?? UNKNOWN_NEEDS }),
  };
}
