// The body of an answer: one text where it is small; a stream where it is large, whose text is made as the client takes
// it, in slices between which the thread does its other work. A large answer is compressed on its way.
//
// Invariant: of the text of a large answer no more is in memory than its connection takes at once. What the text is
// made of is held, and counted, until the answer is taken, or its connection is gone.

import { Readable } from 'node:stream';
import type { JsonPieces } from '@tributary/qdrant-api';
import { isSliceOver, nextSlice } from '@tributary/runtime';
import type { FastifyReply } from 'fastify';
import { compressing, encodingFor, shrinks } from './rest-compression.ts';

/** A longer one is streamed. Its numbers take some 2 ms to write. */
const SMALL_LENGTH_MAX = 64 * 1024;
/** Characters that become one chunk of the connection. */
const CHUNK_LENGTH = 64 * 1024;
/** What a connection is given ahead of what it has taken. */
const AHEAD_BYTES = 256 * 1024;

/** A text, or the beginning of one with what follows. */
export type AnswerBody =
  | { readonly kind: 'small'; readonly text: string }
  | { readonly kind: 'large'; readonly start: string; readonly rest: Iterator<string> };

/** `result` within its envelope, whose parts are given. */
export function answerBody(
  result: string | JsonPieces,
  { head, tail }: { readonly head: string; readonly tail: string },
): AnswerBody {
  if (typeof result === 'string') return { kind: 'small', text: `${head}${result}${tail}` };
  const pieces = enveloped(result, tail);
  let text = head;
  for (let piece = pieces.next(); !piece.done; piece = pieces.next()) {
    text += piece.value;
    if (text.length > SMALL_LENGTH_MAX) return { kind: 'large', start: text, rest: pieces };
  }
  return { kind: 'small', text };
}

/** `onTaken` is called for every chunk that the connection asks for. */
export function sendLarge(
  reply: FastifyReply,
  { start, rest }: Extract<AnswerBody, { kind: 'large' }>,
  onTaken: () => void,
): void {
  const text = Readable.from(chunksOf(start, rest, onTaken), {
    objectMode: false,
    highWaterMark: AHEAD_BYTES,
  });
  reply.header('vary', 'accept-encoding');
  const encoding = encodingFor(reply.request.headers['accept-encoding']);
  if (encoding === undefined || !shrinks(start)) return void reply.send(text);
  reply.header('content-encoding', encoding);
  reply.send(compressing(text, encoding));
}

function* enveloped(result: JsonPieces, tail: string): Generator<string> {
  yield* result;
  yield tail;
}

async function* chunksOf(
  start: string,
  rest: Iterator<string>,
  onTaken: () => void,
): AsyncGenerator<Buffer> {
  let text = start;
  for (let piece = rest.next(); !piece.done; piece = rest.next()) {
    text += piece.value;
    if (text.length >= CHUNK_LENGTH) {
      onTaken();
      yield Buffer.from(text);
      text = '';
    }
    if (isSliceOver()) await nextSlice();
  }
  onTaken();
  yield Buffer.from(text);
}
