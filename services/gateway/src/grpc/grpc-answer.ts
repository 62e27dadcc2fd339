// Sends the answer of a call: a small one as grpc-js does it; a large one encoded in slices, between which the thread
// does its other work, and written chunk by chunk as the client takes it.
//
// grpc-js copies a message as a whole into the frame that it sends, and knows no back-pressure for it. So a large
// answer goes past it: its frame is written to the stream of the call, and grpc-js is left to begin and to end it.
//
// Invariant: what an answer holds is counted until the client has taken it, or is gone.

import type { ServerHttp2Stream } from 'node:http2';
import { constants } from 'node:http2';
import {
  Metadata as CallMetadata,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { assert, type Clock, isSliceOver, nextSlice } from '@tributary/runtime';
import type { BudgetShare, ByteBudget } from '../limits/byte-budget.ts';
import { compressed, compressedChunks, ENCODING, isCompressible } from './grpc-compression.ts';

export interface GrpcReply {
  readonly call: ServerUnaryCall<Buffer, Buffer>;
  readonly respond: sendUnaryData<Buffer>;
  readonly trailer: CallMetadata | undefined;
  readonly clock: Pick<Clock, 'startTimer'>;
  /** What the answers of replicas hold, of which this answer is made. */
  readonly share: BudgetShare;
  /** Where the bytes of the answer are counted. */
  readonly budget: ByteBudget;
}

/** A larger answer is sent in chunks. */
const SMALL_BYTES_MAX = 64 * 1024;
/** Pieces of a small answer at most; some of them are only there to pause at. */
const SMALL_PIECES_MAX = 64;
/** A client that is alive takes something now and then; one that computes on what it has may pause. */
const TAKEN_WITHIN_MS = 60_000;
const FRAME_HEAD_BYTES = 5;
const IS_COMPRESSED = 1;

/** Errors: `exhausted` where there is no room for the answer. */
export function sendAnswer(pieces: Iterable<Buffer>, reply: GrpcReply): Promise<void> {
  const iterator = pieces[Symbol.iterator]();
  const chunks: Buffer[] = [];
  let length = 0;
  for (let piece = iterator.next(); !piece.done; piece = iterator.next()) {
    chunks.push(piece.value);
    length += piece.value.length;
    if (length > SMALL_BYTES_MAX || chunks.length > SMALL_PIECES_MAX) {
      return sendLarge(chunks, iterator, reply);
    }
  }
  reply.share[Symbol.dispose]();
  const [first] = chunks;
  return sendSmall(
    first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks),
    reply,
  );
}

async function sendSmall(bytes: Buffer, { call, respond, trailer }: GrpcReply): Promise<void> {
  if (!isCompressible(call, bytes, bytes.length)) return respond(null, bytes, trailer);
  respond(null, await compressed(bytes, call, new CallMetadata()), trailer);
}

async function sendLarge(
  start: Buffer[],
  rest: Iterator<Buffer>,
  { call, respond, trailer, clock, share, budget }: GrpcReply,
): Promise<void> {
  using encoded = budget.share();
  let chunks = await encodedChunks(start, rest, encoded);
  // From here on the points are no longer needed.
  share[Symbol.dispose]();
  const headers = new CallMetadata();
  const sample = chunks.find(({ length }) => length > 0);
  const isPacked = sample !== undefined && isCompressible(call, sample, lengthOf(chunks));
  if (isPacked) {
    chunks = await compressedChunks(chunks);
    headers.set(ENCODING, 'gzip');
  }
  call.sendMetadata(headers);
  const stream = streamOf(call);
  const end = () => stream.close(constants.NGHTTP2_CANCEL);
  let timer = clock.startTimer(TAKEN_WITHIN_MS, end);
  try {
    stream.write(frameHead(isPacked, lengthOf(chunks)));
    for (const [i, chunk] of chunks.entries()) {
      chunks[i] = NOTHING;
      if (stream.destroyed) return;
      if (!stream.write(chunk)) await drained(stream);
      timer[Symbol.dispose]();
      timer = clock.startTimer(TAKEN_WITHIN_MS, end);
    }
  } finally {
    timer[Symbol.dispose]();
  }
  respond({ code: status.OK, details: 'OK', metadata: trailer ?? new CallMetadata() });
}

const NOTHING = Buffer.alloc(0);

async function encodedChunks(
  start: Buffer[],
  rest: Iterator<Buffer>,
  share: BudgetShare,
): Promise<Buffer[]> {
  const chunks = start;
  share.take(lengthOf(chunks));
  for (let piece = rest.next(); !piece.done; piece = rest.next()) {
    if (piece.value.length > 0) {
      share.take(piece.value.length);
      chunks.push(piece.value);
    }
    if (isSliceOver()) await nextSlice();
  }
  return chunks;
}

function lengthOf(chunks: readonly Buffer[]): number {
  return chunks.reduce((sum, { length }) => sum + length, 0);
}

function frameHead(isPacked: boolean, length: number): Buffer {
  const head = Buffer.alloc(FRAME_HEAD_BYTES);
  head.writeUInt8(isPacked ? IS_COMPRESSED : 0, 0);
  head.writeUInt32BE(length, 1);
  return head;
}

/** Resolves when there is room again, or no one takes anything any more. */
function drained(stream: ServerHttp2Stream): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off('drain', done);
      stream.off('close', done);
      resolve();
    };
    stream.on('drain', done);
    stream.on('close', done);
  });
}

/** The stream of a call, which grpc-js keeps behind it; `grpc-transport.test.ts` tells where it no longer does. */
function streamOf(call: object): ServerHttp2Stream {
  const inner: unknown = Reflect.get(call, 'call');
  const stream: unknown =
    typeof inner === 'object' && inner !== null ? Reflect.get(inner, 'stream') : undefined;
  assert(isStream(stream), 'a call of grpc-js has a stream of HTTP/2');
  return stream;
}

function isStream(value: unknown): value is ServerHttp2Stream {
  return typeof value === 'object' && value !== null && 'write' in value && 'close' in value;
}
