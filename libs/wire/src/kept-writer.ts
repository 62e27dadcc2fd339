// One writer for message after message: a new one begins with 128 bytes and doubles them, four times for a query of 128
// dimensions and twelve for a full entry.

import { BinaryWriter } from '@bufbuild/protobuf/wire';

/** More than an entry may have; what a larger message needed is given back. */
const KEPT_BYTES_MAX = 1024 * 1024;

let kept: BinaryWriter | undefined;

/** The bytes that `write` writes. Throws what it throws. */
export function written(write: (writer: BinaryWriter) => void): Uint8Array {
  const writer = kept ?? new BinaryWriter();
  // Taken meanwhile, so that a message within `write` has its own, and one that fails leaves no remains.
  kept = undefined;
  write(writer);
  const bytes = writer.finish();
  if (bytes.length <= KEPT_BYTES_MAX) kept = writer;
  return bytes;
}
