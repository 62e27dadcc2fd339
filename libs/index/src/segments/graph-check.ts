// Proves that a file saved by hnswlib is whole, since saving reports no errors: a full disk leaves
// a shorter file, or one with a hole. Every row's vector and label must be the one that was added,
// and the rows' upper levels must end exactly where the file ends.
//
// The layout is hnswlib's `saveIndex`: a header of 96 bytes; for each row its level-0 links, its
// vector and its label (u64); then for each row the byte length (u32) of its upper links and the
// links.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { TributaryError } from '@tributary/runtime';
import type { GraphFile } from './segment-file.ts';

const HEADER_BYTES = 96;
const COUNT_AT = 16;
const ROW_BYTES_AT = 24;
const LABEL_AT = 32;
const VECTOR_AT = 40;
const LENGTH_BYTES = 4;
const READ_BYTES = 1 << 20;

/**
 * Size and CRC of the file; throws `corrupt` where it is not the graph of `crcs.length` rows with
 * these CRCs.
 */
export function checkGraphFile(path: string, size: number, crcs: Uint32Array): GraphFile {
  const reader = new FileReader(path);
  try {
    const header = reader.take(HEADER_BYTES);
    const rowBytes = Number(header.readBigUInt64LE(ROW_BYTES_AT));
    const labelAt = Number(header.readBigUInt64LE(LABEL_AT));
    const vectorAt = Number(header.readBigUInt64LE(VECTOR_AT));
    expect(Number(header.readBigUInt64LE(COUNT_AT)) === crcs.length, path, 'the number of rows');
    expect(labelAt === vectorAt + 4 * size && rowBytes === labelAt + 8, path, 'the row layout');
    for (let row = 0; row < crcs.length; row++) {
      const bytes = reader.take(rowBytes);
      expect(crc32(bytes.subarray(vectorAt, labelAt)) === crcs[row], path, `vector ${row}`);
      expect(Number(bytes.readBigUInt64LE(labelAt)) === row, path, `label ${row}`);
    }
    for (let row = 0; row < crcs.length; row++) {
      reader.take(reader.take(LENGTH_BYTES).readUInt32LE());
    }
    expect(reader.atEnd(), path, 'the end');
    return reader.checksum();
  } finally {
    reader.close();
  }
}

function expect(holds: boolean, path: string, what: string): void {
  if (!holds) throw new TributaryError('corrupt', `${path}: ${what} is not what was saved`);
}

/** Reads a file from its beginning, summing up what it hands out. */
class FileReader {
  readonly #path: string;
  readonly #file: number;
  readonly #bytes: number;
  #buffer: Buffer = Buffer.alloc(0);
  #at = 0;
  #read = 0;
  #crc = 0;

  constructor(path: string) {
    this.#path = path;
    this.#file = openSync(path, 'r');
    this.#bytes = fstatSync(this.#file).size;
  }

  take(length: number): Buffer {
    if (this.#buffer.length - this.#at < length) this.#fill(length);
    const bytes = this.#buffer.subarray(this.#at, this.#at + length);
    this.#at += length;
    return bytes;
  }

  atEnd(): boolean {
    return this.#read === this.#bytes && this.#at === this.#buffer.length;
  }

  checksum(): GraphFile {
    return { bytes: this.#bytes, crc: this.#crc };
  }

  close(): void {
    closeSync(this.#file);
  }

  #fill(length: number): void {
    const rest = this.#buffer.subarray(this.#at);
    const wanted = Math.max(length - rest.length, READ_BYTES);
    const chunk = Buffer.allocUnsafe(Math.min(wanted, this.#bytes - this.#read));
    const got = readSync(this.#file, chunk, 0, chunk.length, this.#read);
    expect(got === chunk.length && rest.length + got >= length, this.#path, 'the length');
    this.#crc = crc32(chunk, this.#crc);
    this.#read += got;
    this.#buffer = Buffer.concat([rest, chunk]);
    this.#at = 0;
  }
}
