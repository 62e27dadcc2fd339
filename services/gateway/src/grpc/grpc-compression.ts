// Compresses answers with gzip where the client takes it, which grpc-js has no way to ask for.
//
// What grpc-js leaves open is used in two places. It hands on the headers of a call as Node's http2 made them but for
// those about compression, so these are copied to another name before it sees them. And it copies a message into the
// frame it sends behind a flag that it has set to 0, so a message that knows it is compressed sets the flag.

import { subscribe } from 'node:diagnostics_channel';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { constants, createGzip, gzip, gzipSync } from 'node:zlib';
import type { Metadata } from '@grpc/grpc-js';

/** 16 KiB of payloads take 43 µs to compress and become a third; of less there is little to save. */
const COMPRESSED_BYTES_MIN = 16 * 1024;
/** Vectors shrink by a tenth and would take 17 ms a megabyte, so a piece of the answer is tried first. */
const TRIED_BYTES = 4 * 1024;
const TRIED_RATIO_MAX = 0.7;
const ACCEPTED = 'x-tributary-accepted-encodings';
/** Header that names how messages are packed. */
export const ENCODING = 'grpc-encoding';
const LEVEL = constants.Z_BEST_SPEED;
const CHUNK_BYTES = 64 * 1024;
/** Of the frame around a message: one byte of flags, four of length. */
const FRAME_HEAD_BYTES = 5;

const gzipped = promisify(gzip);
let isWatching = false;

/** Once a process: servers made before or after are both seen. */
export function noteAcceptedEncodings(): void {
  if (isWatching) return;
  isWatching = true;
  subscribe('http2.server.stream.created', (message) => {
    const headers = headersOf(message);
    const accepted = headers?.['grpc-accept-encoding'];
    if (headers !== undefined && typeof accepted === 'string') headers[ACCEPTED] = accepted;
  });
}

function headersOf(message: unknown): Record<string, unknown> | undefined {
  if (typeof message !== 'object' || message === null || !('headers' in message)) return undefined;
  const { headers } = message;
  return typeof headers === 'object' && headers !== null
    ? (headers as Record<string, unknown>)
    : undefined;
}

export interface CallThatAnswers {
  readonly metadata: Metadata;
  sendMetadata(metadata: Metadata): void;
}

/** Whether an answer of this length to this call is worth compressing, to judge by a part of it, and may be. */
export function isCompressible(
  call: Pick<CallThatAnswers, 'metadata'>,
  part: Buffer,
  length: number,
): boolean {
  if (length < COMPRESSED_BYTES_MIN) return false;
  const accepted = call.metadata.get(ACCEPTED)[0];
  if (typeof accepted !== 'string' || !/(?:^|,)\s*gzip\s*(?:,|$)/.test(accepted)) return false;
  const start = Math.max(0, (part.length - TRIED_BYTES) >> 1);
  const piece = part.subarray(start, start + TRIED_BYTES);
  return gzipSync(piece, { level: LEVEL }).length < TRIED_RATIO_MAX * piece.length;
}

/**
 * The message as grpc-js is to send it; tells the client how it is encoded. `headers` are the answer's, empty so far.
 */
export async function compressed(
  message: Buffer,
  call: CallThatAnswers,
  headers: Metadata,
): Promise<Buffer> {
  const packed = await gzipped(message, { level: LEVEL });
  headers.set(ENCODING, 'gzip');
  call.sendMetadata(headers);
  return Object.defineProperty(packed, 'copy', {
    value: (frame: Buffer, start: number): number => {
      frame[start - FRAME_HEAD_BYTES] = 1;
      return Buffer.prototype.copy.call(packed, frame, start);
    },
  });
}

/** The chunks as one gzip, in chunks; they are let go of as they are packed. */
export async function compressedChunks(chunks: Buffer[]): Promise<Buffer[]> {
  const packing = createGzip({ level: LEVEL, chunkSize: CHUNK_BYTES });
  const packed: Buffer[] = [];
  for await (const chunk of Readable.from(takenFrom(chunks)).compose(packing)) packed.push(chunk);
  return packed;
}

function* takenFrom(chunks: Buffer[]): Generator<Buffer> {
  for (const [i, chunk] of chunks.entries()) {
    chunks[i] = chunk.subarray(0, 0);
    if (chunk.length > 0) yield chunk;
  }
}
