// Asks the replicas of another peer over its p2p port, on one stream that stays open while the two talk. Calls made in
// one turn of the event loop travel in one message. A unary call for each question (rejected) cost 281 µs of CPU a
// search, this 171: eight clients, six shards, one remote peer, both sides counted.
//
//   call ──► gathering ──(end of the turn)──► in flight ──► answered · stream broken · abandoned · given up
//
// Invariant: every call ends: by its answer, its signal or time-out, the end of the stream, or `abandon`.

import {
  Client,
  type ClientDuplexStream,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import type { PeerId } from '@tributary/model';
import {
  AnswerParts,
  type CallOf,
  decodeParts,
  endIn,
  joinFrames,
  numbered,
  PEER_CALLS_MAX,
  PEER_SERVICE,
  partIn,
  type ReplicaClient,
  readNumbered,
  splitFrames,
} from '@tributary/replica-api';
import {
  type Clock,
  type ErrorCode,
  startDeadline,
  type Tracer,
  TributaryError,
} from '@tributary/runtime';
import {
  decodeAnswer,
  encodeCall,
  type ReplicaAddress,
  type ReplicaAnswers,
  type ReplicaCallKind,
} from '@tributary/wire';

export interface PeerConnectionOptions {
  readonly peer: PeerId;
  /** Where its p2p port is reached, `http://host:port`. */
  readonly uri: string;
  readonly clock: Clock;
  /** Longest time a call may take that has no signal. */
  readonly callTimeoutMs: number;
  readonly tracer?: Tracer | undefined;
}

interface Pending {
  readonly request: Uint8Array;
  /** Of a large answer, which comes before its end. */
  readonly takePart: (part: Uint8Array) => void;
  readonly resolve: (frame: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
}

type PeerStream = ClientDuplexStream<Buffer, Buffer>;

const CHANNEL_OPTIONS = {
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  'grpc.enable_retries': 0,
  'grpc.keepalive_time_ms': 2_000,
  // Notices that the way to a peer is cut. A peer that is only busy answers late; one that is silent, its reports tell.
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.min_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
  'grpc.use_local_subchannel_pool': 1,
  'grpc-node.flow_control_window': 4 * 1024 * 1024,
};

/** A peer that leaves so many messages unanswered is as good as silent; their callers have mostly given up. */
const MESSAGES_MAX = 8_192;

export class PeerConnection implements ReplicaClient {
  readonly #options: PeerConnectionOptions;
  readonly #client: Client;
  /** The calls of each message on the stream, by its number. */
  readonly #inFlight = new Map<number, readonly Pending[]>();
  #stream: PeerStream | undefined;
  #gathering: Pending[] = [];
  #lastNumber = 0;

  constructor(options: PeerConnectionOptions) {
    this.#options = options;
    const address = new URL(options.uri).host;
    this.#client = new Client(address, credentials.createInsecure(), CHANNEL_OPTIONS);
  }

  async call<K extends ReplicaCallKind>(
    target: ReplicaAddress,
    call: CallOf<K>,
    signal?: AbortSignal,
    hold?: (bytes: number) => void,
  ): Promise<ReplicaAnswers[K]> {
    const kind: K = call.kind;
    const request = encodeCall(target, call, this.#options.tracer?.current());
    const ask = async (within: AbortSignal) => {
      const parts = await this.#ask(request, within, hold);
      const [only] = parts;
      return only !== undefined && parts.length === 1
        ? decodeAnswer(kind, only)
        : decodeParts(kind, parts);
    };
    if (signal !== undefined) return ask(signal);
    const { clock, callTimeoutMs, peer } = this.#options;
    using deadline = startDeadline(clock, callTimeoutMs, undefined, `a call of peer ${peer}`);
    return await ask(deadline.signal);
  }

  /** Ends every call in flight as `unavailable`. */
  abandon(): void {
    if (this.#stream !== undefined) this.#end(this.#stream, this.#unavailable('fell silent'));
  }

  close(): void {
    this.abandon();
    this.#client.close();
  }

  /** All parts of the answer. */
  async #ask(
    request: Uint8Array,
    signal: AbortSignal,
    hold: ((bytes: number) => void) | undefined,
  ): Promise<readonly Uint8Array[]> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    const parts = new AnswerParts(hold, reject);
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    this.#gather({ request, takePart: (part) => parts.take(part), resolve, reject });
    try {
      return parts.endedBy(endIn(await promise));
    } finally {
      signal.removeEventListener('abort', onAbort);
      parts.drop();
    }
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
    if (this.#inFlight.size >= MESSAGES_MAX) this.abandon();
    this.#stream ??= this.#open();
    this.#lastNumber = (this.#lastNumber + 1) % 0x1_0000_0000;
    this.#inFlight.set(this.#lastNumber, pending);
    const message = joinFrames(pending.map(({ request }) => request));
    this.#stream.write(numbered(this.#lastNumber, message));
  }

  #open(): PeerStream {
    const { path, requestSerialize, responseDeserialize } = PEER_SERVICE.converse;
    const stream: PeerStream = this.#client.makeBidiStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      new Metadata(),
      {},
    );
    stream.on('data', (answer: Buffer) => this.#deliver(stream, answer));
    stream.on('error', (error: ServiceError) => this.#end(stream, this.#explain(error)));
    stream.on('end', () => this.#end(stream, this.#unavailable('ended the conversation')));
    return stream;
  }

  #deliver(stream: PeerStream, answer: Buffer): void {
    try {
      const { number, message } = readNumbered(answer);
      const pending = this.#inFlight.get(number) ?? [];
      const frames = splitFrames(message);
      const last = frames.at(-1);
      const part = last && partIn(last);
      if (part !== undefined) {
        pending[frames.length - 1]?.takePart(part);
        return;
      }
      this.#inFlight.delete(number);
      for (const [i, { resolve, reject }] of pending.entries()) {
        const frame = frames[i];
        if (frame === undefined) reject(new TributaryError('corrupt', 'an answer is missing'));
        else resolve(frame);
      }
    } catch (error) {
      this.#end(stream, TributaryError.from(error));
    }
  }

  /** Nothing more comes on this stream; the next call opens another. */
  #end(stream: PeerStream, reason: TributaryError): void {
    if (this.#stream !== stream) return;
    this.#stream = undefined;
    const unanswered = [...this.#inFlight.values()].flat();
    this.#inFlight.clear();
    stream.cancel();
    for (const { reject } of unanswered) reject(reason);
  }

  #explain(error: ServiceError): TributaryError {
    const { peer, uri } = this.#options;
    const text = `peer ${peer} at ${uri}: ${error.details}`;
    return new TributaryError(codeOf(error.code), text, { cause: error });
  }

  #unavailable(what: string): TributaryError {
    return new TributaryError('unavailable', `peer ${this.#options.peer} ${what}`);
  }
}

/** The gRPC status tells only of the way; what a replica refuses travels in its frame. */
function codeOf(code: status): ErrorCode {
  switch (code) {
    case status.DATA_LOSS:
    case status.INVALID_ARGUMENT:
      return 'corrupt';
    case status.RESOURCE_EXHAUSTED:
      return 'too_large';
    case status.INTERNAL:
      return 'internal';
    default:
      return 'unavailable';
  }
}
