// google.protobuf.Timestamp, which the generated codecs leave as bytes.

import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import { type ExactNumber, exactInteger } from '@tributary/model';
import { formatError } from '../errors.ts';

const SECONDS = 8;
const NANOS = 16;
const MICROS_PER_SECOND = 1_000_000n;

/** Microseconds since the Unix epoch; what is finer is cut off. */
export function readTimestamp(bytes: Uint8Array, path: string): ExactNumber {
  let seconds = 0n;
  let nanos = 0;
  try {
    const reader = new BinaryReader(bytes);
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (tag === SECONDS) seconds = BigInt(reader.int64());
      else if (tag === NANOS) nanos = reader.int32();
      else reader.skip(tag & 7);
    }
  } catch {
    throw formatError(`${path}: malformed timestamp`);
  }
  return exactInteger(seconds * MICROS_PER_SECOND + BigInt(Math.floor(nanos / 1_000)));
}

/** The message for a time in milliseconds since the Unix epoch. */
export function timestampOf(timeMs: number): Uint8Array {
  const seconds = Math.floor(timeMs / 1_000);
  const nanos = Math.round((timeMs - seconds * 1_000) * 1e6);
  return new BinaryWriter().uint32(SECONDS).int64(seconds).uint32(NANOS).int32(nanos).finish();
}
