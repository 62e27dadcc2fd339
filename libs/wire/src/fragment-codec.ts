// The bytes of a fragment: an entry that is larger than one message travels as several, at consecutive sequences of one
// atomic append.
//
//   u8 mark 0xf1 ─ u32 LE CRC32C of what follows ─ u16 LE index ─ u16 LE count ─ bytes of the entry
//
// The mark is no feature level of an entry, so a message says by its first byte which of the two it is.

import { crc32c } from '@node-rs/crc32';
import { TributaryError } from '@tributary/runtime';
import { entryLevelOf } from './entry-codec.ts';
import { corrupt } from './field.ts';

const MARK = 0xf1;
const CRC_AT = 1;
const BODY_AT = 5;
const BYTES_AT = 9;

/** Bytes of a fragment beside those of the entry. */
export const FRAGMENT_OVERHEAD_BYTES = BYTES_AT;

export interface Fragment {
  /** From 0. */
  readonly index: number;
  /** Fragments of the entry, at least 2. */
  readonly count: number;
  readonly bytes: Uint8Array;
}

export function isFragment(message: Uint8Array): boolean {
  return message[0] === MARK;
}

export function encodeFragment({ index, count, bytes }: Fragment): Uint8Array {
  const message = Buffer.allocUnsafe(BYTES_AT + bytes.length);
  message[0] = MARK;
  message.writeUInt16LE(index, BODY_AT);
  message.writeUInt16LE(count, BODY_AT + 2);
  message.set(bytes, BYTES_AT);
  message.writeUInt32LE(crc32c(message.subarray(BODY_AT)), CRC_AT);
  return message;
}

/** The feature level that a message takes: that of its entry, as the first of several fragments says; else 0. */
export function messageLevelOf(message: Uint8Array): number {
  if (!isFragment(message)) return entryLevelOf(message);
  const { index, bytes } = decodeFragment(message);
  return index === 0 ? entryLevelOf(bytes) : 0;
}

/** `bytes` is a view into the message. Errors: `corrupt`, also for a message that is no fragment. */
export function decodeFragment(message: Uint8Array): Fragment {
  if (!isFragment(message) || message.length < BYTES_AT) throw corrupt('no fragment of an entry');
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  if (view.getUint32(CRC_AT, true) !== crc32c(message.subarray(BODY_AT))) {
    throw corrupt('a fragment with a wrong checksum');
  }
  const index = view.getUint16(BODY_AT, true);
  const count = view.getUint16(BODY_AT + 2, true);
  if (count < 2 || index >= count) {
    throw new TributaryError('corrupt', `fragment ${index} of ${count}`);
  }
  return { index, count, bytes: message.subarray(BYTES_AT) };
}
