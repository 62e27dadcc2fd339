// Calls of replicas over a channel, to a thread and to a peer alike: the bytes of libs/wire, large answers in parts.

import { type Channel, type IncomingCall, UNHELD_BYTES_MAX } from '@tributary/channel';
import { isSliceOver, nextSlice } from '@tributary/runtime';
import {
  decodeAnswer,
  decodeCall,
  encodeAnswer,
  encodeCall,
  joinAnswer,
  partsOfAnswer,
  type ReplicaAddress,
  type ReplicaAnswers,
  type ReplicaCallKind,
} from '@tributary/wire';
import type { CallOf, PeerHandlers, ReplicaClient } from './replica-client.ts';

/** The method of a channel that is a call of a replica. */
export const REPLICA_CALL = 0;

/** Smaller answers are not reported to `hold`: there are at most as many of them as requests. */
export const HELD_BYTES_MIN = UNHELD_BYTES_MAX;

export interface AskOptions {
  readonly signal?: AbortSignal | undefined;
  readonly hold?: ((bytes: number) => void) | undefined;
  /** The span within which it is asked. */
  readonly traceparent?: string | undefined;
}

/** Errors: those of `ReplicaClient`, and of the channel. */
export async function askReplica<K extends ReplicaCallKind>(
  channel: Channel,
  target: ReplicaAddress,
  call: CallOf<K>,
  { traceparent, ...options }: AskOptions,
): Promise<ReplicaAnswers[K]> {
  const kind: K = call.kind;
  const request = encodeCall(target, call, traceparent);
  const parts = await channel.call(REPLICA_CALL, request, options);
  const [only] = parts;
  return only !== undefined && parts.length === 1
    ? decodeAnswer(kind, only)
    : decodeParts(kind, parts);
}

/** Answers a call of the method `REPLICA_CALL`. */
export async function answerReplicaCall(
  { replicas, replicasWithin }: Pick<PeerHandlers, 'replicas' | 'replicasWithin'>,
  asked: IncomingCall,
): Promise<Uint8Array> {
  const { target, call, traceparent } = decodeCall(asked.request);
  const isTraced = traceparent !== undefined && replicasWithin !== undefined;
  const client: ReplicaClient = isTraced ? replicasWithin(traceparent) : replicas;
  return sendInParts(asked, call.kind, await client.call(target, call, asked.signal));
}

/** Sends the parts of an answer but the last, which it resolves to: the only one of a small answer. */
export async function sendInParts<K extends ReplicaCallKind>(
  asked: Pick<IncomingCall, 'send'>,
  kind: K,
  answer: ReplicaAnswers[K],
): Promise<Uint8Array> {
  let last: Uint8Array | undefined;
  for (const part of partsOfAnswer(kind, answer)) {
    if (last !== undefined) {
      await asked.send(last);
      if (isSliceOver()) await nextSlice();
    }
    last = encodeAnswer(kind, part);
  }
  return last ?? encodeAnswer(kind, answer);
}

/** Payloads and vectors are views into the parts where they can be. Errors: `corrupt`. */
async function decodeParts<K extends ReplicaCallKind>(
  kind: K,
  parts: readonly Uint8Array[],
): Promise<ReplicaAnswers[K]> {
  const answers: ReplicaAnswers[K][] = [];
  for (const part of parts) {
    if (isSliceOver()) await nextSlice();
    answers.push(decodeAnswer(kind, part));
  }
  return joinAnswer(kind, answers);
}
