// Reads protobuf messages of clients. A string that is not UTF-8 is refused: with replacement characters in it, it
// would be another string than was sent.

import { BinaryReader } from '@bufbuild/protobuf/wire';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function strictReader(bytes: Uint8Array): BinaryReader {
  return new BinaryReader(bytes, (text) => decoder.decode(text));
}
