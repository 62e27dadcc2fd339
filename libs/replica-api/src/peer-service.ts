// What peers say to each other on the p2p port, as gRPC methods over raw bytes.
//
//   Call        frames of encoded calls ──► as many frames, each an answer or an error, in the order of the calls
//   Converse    a stream of the same, each message with a number before it; see peer-conversation.ts
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

/** What answers calls. */
export type Replicas = Pick<PeerHandlers, 'replicas' | 'replicasWithin'>;

/** Answers the message of a `Call`. Errors: `corrupt`, `too_large`; those of single calls are in the answer. */
export async function answerPeerCalls(
  handlers: Replicas,
  message: Uint8Array,
  signal?: AbortSignal,
): Promise<Buffer> {
  const frames = splitFrames(message);
  if (frames.length > PEER_CALLS_MAX) {
    throw new TributaryError('too_large', `${frames.length} calls in one message`);
  }
  return joinFrames(await Promise.all(frames.map((frame) => answerOne(handlers, frame, signal))));
}

export function answerIntroduction(handlers: PeerHandlers): Buffer {
  return Buffer.from(encodeIntroduction(handlers.introduce()));
}

/** The answer in one frame. Errors: the one that travelled in it; `corrupt`. */
export function readPeerAnswer<K extends ReplicaCallKind>(
  kind: K,
  frame: Uint8Array,
): ReplicaAnswers[K] {
  const body = frame.subarray(1);
  if (frame[0] === ANSWER) return decodeAnswer(kind, body);
  if (frame[0] === ERROR) throw readError(body);
  throw new TributaryError('corrupt', 'a peer answered with an unknown frame');
}

async function answerOne(
  { replicas, replicasWithin }: Replicas,
  frame: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  try {
    const { target, call, traceparent } = decodeCall(frame);
    const isTraced = traceparent !== undefined && replicasWithin !== undefined;
    const asked = isTraced ? replicasWithin(traceparent) : replicas;
    const answer = await asked.call(target, call, signal);
    return tagged(ANSWER, encodeAnswer(call.kind, answer));
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
