// Asks the replicas of another peer over its p2p port. Calls made in one turn of the event loop travel in one message.
//
//   call ──► gathering ──(end of the turn)──► in flight ──► answered · out of reach · abandoned
//
// Invariant: every call ends: by its answer, its signal, the message's deadline, or `abandon`.

import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import type { PeerId } from '@tributary/model';
import {
  type CallOf,
  joinFrames,
  PEER_CALLS_MAX,
  PEER_SERVICE,
  type ReplicaClient,
  readPeerAnswer,
  splitFrames,
} from '@tributary/replica-api';
import { type Clock, type ErrorCode, TributaryError } from '@tributary/runtime';
import {
  encodeCall,
  type ReplicaAddress,
  type ReplicaAnswers,
  type ReplicaCallKind,
} from '@tributary/wire';

export interface RemoteReplicaClientOptions {
  readonly peer: PeerId;
  /** Where its p2p port is reached, `http://host:port`. */
  readonly uri: string;
  readonly clock: Clock;
  /** Longest time a message may take. */
  readonly callTimeoutMs: number;
}

interface Pending {
  readonly request: Uint8Array;
  readonly resolve: (frame: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
  isSettled: boolean;
}

interface Message {
  readonly pending: readonly Pending[];
  readonly cancel: () => void;
}

const CHANNEL_OPTIONS = {
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  'grpc.enable_retries': 0,
  'grpc.keepalive_time_ms': 2_000,
  'grpc.keepalive_timeout_ms': 2_000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.min_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
  'grpc.use_local_subchannel_pool': 1,
};

export class RemoteReplicaClient implements ReplicaClient {
  readonly #options: RemoteReplicaClientOptions;
  readonly #client: Client;
  readonly #inFlight = new Set<Message>();
  #gathering: Pending[] = [];

  constructor(options: RemoteReplicaClientOptions) {
    this.#options = options;
    const address = new URL(options.uri).host;
    this.#client = new Client(address, credentials.createInsecure(), CHANNEL_OPTIONS);
  }

  async call<K extends ReplicaCallKind>(
    target: ReplicaAddress,
    call: CallOf<K>,
    signal?: AbortSignal,
  ): Promise<ReplicaAnswers[K]> {
    signal?.throwIfAborted();
    const kind: K = call.kind;
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    const pending: Pending = {
      request: encodeCall(target, call),
      resolve,
      reject,
      isSettled: false,
    };
    const onAbort = () => this.#giveUp(pending, signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#gather(pending);
    try {
      return readPeerAnswer(kind, await promise);
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Ends every call in flight as `unavailable`. */
  abandon(): void {
    for (const message of [...this.#inFlight]) {
      for (const pending of message.pending) settle(pending, () => pending.reject(this.#silent()));
      message.cancel();
    }
  }

  close(): void {
    this.abandon();
    this.#client.close();
  }

  #gather(pending: Pending): void {
    this.#gathering.push(pending);
    if (this.#gathering.length === 1) queueMicrotask(() => this.#send());
    else if (this.#gathering.length === PEER_CALLS_MAX) this.#send();
  }

  #send(): void {
    const pending = this.#gathering;
    if (pending.length === 0) return;
    this.#gathering = [];
    const { path, requestSerialize, responseDeserialize } = PEER_SERVICE.call;
    const call = this.#client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      joinFrames(pending.map(({ request }) => request)),
      { deadline: this.#options.clock.nowMs() + this.#options.callTimeoutMs },
      (error, answer) => {
        this.#inFlight.delete(message);
        if (error !== null) fail(pending, this.#explain(error));
        else deliver(pending, answer ?? Buffer.alloc(0));
      },
    );
    const message: Message = { pending, cancel: () => call.cancel() };
    this.#inFlight.add(message);
  }

  #giveUp(pending: Pending, reason: unknown): void {
    settle(pending, () => pending.reject(reason));
    for (const message of this.#inFlight) {
      if (message.pending.every((one) => one.isSettled)) message.cancel();
    }
  }

  #explain(error: ServiceError): TributaryError {
    const { peer, uri } = this.#options;
    const text = `peer ${peer} at ${uri}: ${error.details}`;
    return new TributaryError(codeOf(error.code), text, { cause: error });
  }

  #silent(): TributaryError {
    return new TributaryError('unavailable', `peer ${this.#options.peer} fell silent`);
  }
}

function deliver(pending: readonly Pending[], answer: Buffer): void {
  try {
    const frames = splitFrames(answer);
    for (const [i, one] of pending.entries()) {
      const frame = frames[i];
      if (frame === undefined) throw new TributaryError('corrupt', 'an answer is missing');
      settle(one, () => one.resolve(frame));
    }
  } catch (error) {
    fail(pending, TributaryError.from(error));
  }
}

function fail(pending: readonly Pending[], error: TributaryError): void {
  for (const one of pending) settle(one, () => one.reject(error));
}

function settle(pending: Pending, how: () => void): void {
  if (pending.isSettled) return;
  pending.isSettled = true;
  how();
}

/** The gRPC status tells only of the way; what a replica refuses travels in its frame. */
function codeOf(code: status): ErrorCode {
  switch (code) {
    case status.DEADLINE_EXCEEDED:
      return 'timeout';
    case status.DATA_LOSS:
      return 'corrupt';
    case status.RESOURCE_EXHAUSTED:
      return 'too_large';
    case status.INTERNAL:
      return 'internal';
    default:
      return 'unavailable';
  }
}
