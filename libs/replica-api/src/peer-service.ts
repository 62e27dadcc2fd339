// What peers say to each other on the p2p port, as gRPC methods over raw bytes.
//
//   Call        frames of encoded calls ──► as many frames, each an answer or an error, in the order of the calls
//   Converse    a stream of the same, each message with a number before it; see peer-conversation.ts. There the parts
//               of large answers come before, in messages of their own
//   Introduce   nothing ──► an encoded Introduction
//
// Calls made in one turn travel together: a round trip costs more CPU than a search. A call that fails does not fail
// the others, so its error travels in its frame with its code and is rebuilt; a gRPC status tells of the way only.

import { isErrorCode, TributaryError } from '@tributary/runtime';
import {
  decodeAnswer,
  decodeCall,
  encodeAnswer,
  encodeIntroduction,
  type ReplicaAnswers,
  type ReplicaCallKind,
} from '@tributary/wire';
import { encodeInParts } from './answer-parts.ts';
import { joinFrames, splitFrames } from './frames.ts';
import type { PeerHandlers } from './replica-client.ts';

/** A gRPC method whose messages are bytes as they are; the shape that gRPC libraries take. */
export interface RawMethod<Streams extends boolean> {
  readonly path: string;
  readonly requestStream: Streams;
  readonly responseStream: Streams;
  readonly requestSerialize: (bytes: Buffer) => Buffer;
  readonly requestDeserialize: (bytes: Buffer) => Buffer;
  readonly responseSerialize: (bytes: Buffer) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Buffer;
}

export const PEER_SERVICE = {
  call: rawMethod('/tributary.Peer/Call', false),
  converse: rawMethod('/tributary.Peer/Converse', true),
  introduce: rawMethod('/tributary.Peer/Introduce', false),
} as const;

/** Most calls in one message. */
export const PEER_CALLS_MAX = 256;

const ANSWER = 0;
const ERROR = 1;
/** Of an answer whose end comes later. */
const PART = 2;

/** What answers calls. */
export type Replicas = Pick<PeerHandlers, 'replicas' | 'replicasWithin'>;

/** Sends a part of the answer to the call of this index; resolves when there is room for more. */
export type SendPart = (index: number, frame: Uint8Array) => void | Promise<void>;

/**
 * Answers the message of a `Call`. Where `sendPart` is given, large answers are sent by it but for their last parts.
 * Errors: `corrupt`, `too_large`; those of single calls are in the answer.
 */
export async function answerPeerCalls(
  handlers: Replicas,
  message: Uint8Array,
  signal?: AbortSignal,
  sendPart?: SendPart,
): Promise<Buffer> {
  const frames = splitFrames(message);
  if (frames.length > PEER_CALLS_MAX) {
    throw new TributaryError('too_large', `${frames.length} calls in one message`);
  }
  const answers = frames.map((frame, index) =>
    answerOne(handlers, frame, signal, sendPart && ((part) => sendPart(index, part))),
  );
  return joinFrames(await Promise.all(answers));
}

export function answerIntroduction(handlers: PeerHandlers): Buffer {
  return Buffer.from(encodeIntroduction(handlers.introduce()));
}

/** The part of an answer that the frame is; undefined where it ends one. */
export function partIn(frame: Uint8Array): Uint8Array | undefined {
  return frame[0] === PART ? frame.subarray(1) : undefined;
}

/** The end of an answer, the whole of a small one. Errors: the one that travelled in it; `corrupt`. */
export function endIn(frame: Uint8Array): Uint8Array {
  const body = frame.subarray(1);
  if (frame[0] === ANSWER) return body;
  if (frame[0] === ERROR) throw readError(body);
  throw new TributaryError('corrupt', 'a peer answered with an unknown frame');
}

/** The answer in one frame. Errors: those of `endIn`. */
export function readPeerAnswer<K extends ReplicaCallKind>(
  kind: K,
  frame: Uint8Array,
): ReplicaAnswers[K] {
  return decodeAnswer(kind, endIn(frame));
}

async function answerOne(
  { replicas, replicasWithin }: Replicas,
  frame: Uint8Array,
  signal: AbortSignal | undefined,
  sendPart: ((frame: Uint8Array) => void | Promise<void>) | undefined,
): Promise<Uint8Array> {
  try {
    const { target, call, traceparent } = decodeCall(frame);
    const isTraced = traceparent !== undefined && replicasWithin !== undefined;
    const asked = isTraced ? replicasWithin(traceparent) : replicas;
    const answer = await asked.call(target, call, signal);
    if (sendPart === undefined) return tagged(ANSWER, encodeAnswer(call.kind, answer));
    const last = await encodeInParts(call.kind, answer, (part) => {
      signal?.throwIfAborted();
      return sendPart(tagged(PART, part));
    });
    return tagged(ANSWER, last);
  } catch (error) {
    const { code, message } = TributaryError.from(error);
    return tagged(ERROR, Buffer.from(`${code}\n${message}`, 'utf8'));
  }
}

function readError(body: Uint8Array): TributaryError {
  const text = Buffer.from(body).toString('utf8');
  const end = text.indexOf('\n');
  const code = text.slice(0, end);
  return new TributaryError(isErrorCode(code) ? code : 'internal', text.slice(end + 1));
}

function tagged(tag: number, body: Uint8Array): Uint8Array {
  const frame = new Uint8Array(1 + body.length);
  frame[0] = tag;
  frame.set(body, 1);
  return frame;
}

function rawMethod<Streams extends boolean>(path: string, streams: Streams): RawMethod<Streams> {
  const asIs = (bytes: Buffer) => bytes;
  return {
    path,
    requestStream: streams,
    responseStream: streams,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
}
