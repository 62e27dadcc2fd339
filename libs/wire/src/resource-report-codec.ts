// The bytes of reports of what a peer uses; proto/peer.proto describes them.

import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import { peerId, type QuotaExceeded, type ResourceUsage } from '@tributary/model';
import { assertEnded, decoding, readInteger, skipField, varintTag, writeInteger } from './field.ts';
import type { ResourceReport } from './messages.ts';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

const [PEER, MEMORY, DISK] = [varintTag(1), varintTag(2), varintTag(3)];
const [MEMORY_EXCEEDED, DISK_EXCEEDED] = [varintTag(4), varintTag(5)];

export function encodeResourceReport({ peer, usage, exceeded }: ResourceReport): Uint8Array {
  const writer = new BinaryWriter();
  const { residentMemoryPercent, diskUsagePercent } = usage;
  writeInteger(writer, 1, peer);
  if (residentMemoryPercent !== undefined) writer.uint32(MEMORY).uint32(residentMemoryPercent);
  if (diskUsagePercent !== undefined) writer.uint32(DISK).uint32(diskUsagePercent);
  const { residentMemory, diskUsage } = exceeded;
  if (residentMemory !== undefined) writer.uint32(MEMORY_EXCEEDED).bool(residentMemory);
  if (diskUsage !== undefined) writer.uint32(DISK_EXCEEDED).bool(diskUsage);
  return writer.finish();
}

/** Errors: `corrupt`. */
export function decodeResourceReport(bytes: Uint8Array): ResourceReport {
  return decoding('resource report', () => {
    const reader = new BinaryReader(bytes);
    let peer = 0;
    const usage: Writable<ResourceUsage> = {};
    const exceeded: Writable<QuotaExceeded> = {};
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (tag === PEER) peer = readInteger(reader);
      else if (tag === MEMORY) usage.residentMemoryPercent = reader.uint32();
      else if (tag === DISK) usage.diskUsagePercent = reader.uint32();
      else if (tag === MEMORY_EXCEEDED) exceeded.residentMemory = reader.bool();
      else if (tag === DISK_EXCEEDED) exceeded.diskUsage = reader.bool();
      else skipField(reader, tag);
    }
    assertEnded(reader, reader.len);
    return { peer: peerId(peer), usage, exceeded };
  });
}
