// Asks the replicas of another peer over its p2p port, on one channel that stays open while the two talk. A gRPC call
// for each question (rejected) cost 281 µs of CPU a search, this 171: eight clients, six shards, one remote peer, both
// sides counted.
//
//   closed ──call──► open ──(stream broken, abandon)──► closed: what is in flight fails, the next call opens another

import { Client } from '@grpc/grpc-js';
import { Channel } from '@tributary/channel';
import type { PeerId } from '@tributary/model';
import { askReplica, type CallOf, type ReplicaClient } from '@tributary/replica-api';
import { type Clock, startDeadline, type Tracer, TributaryError } from '@tributary/runtime';
import type { ReplicaAddress, ReplicaAnswers, ReplicaCallKind } from '@tributary/wire';
import { clientPort } from './grpc-port.ts';
import { clientCredentials, MESSAGE_OPTIONS } from './peer-service.ts';

export interface PeerConnectionOptions {
  readonly peer: PeerId;
  /** Where its p2p port is reached, `http://host:port`. */
  readonly uri: string;
  readonly clock: Clock;
  /** Longest time a call may take that has no signal. */
  readonly callTimeoutMs: number;
  readonly tracer?: Tracer | undefined;
}

const CLIENT_OPTIONS = {
  ...MESSAGE_OPTIONS,
  'grpc.enable_retries': 0,
  'grpc.keepalive_time_ms': 2_000,
  // Notices that the way to a peer is cut. A peer that is only busy answers late; one that is silent, its reports tell.
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.min_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
  'grpc.use_local_subchannel_pool': 1,
};

export class PeerConnection implements ReplicaClient {
  readonly #options: PeerConnectionOptions;
  readonly #name: string;
  readonly #client: Client;
  #channel: Channel | undefined;

  constructor(options: PeerConnectionOptions) {
    const { peer, uri } = options;
    this.#options = options;
    this.#name = `peer ${peer} at ${uri}`;
    this.#client = new Client(new URL(uri).host, clientCredentials(), CLIENT_OPTIONS);
  }

  async call<K extends ReplicaCallKind>(
    target: ReplicaAddress,
    call: CallOf<K>,
    signal?: AbortSignal,
    hold?: (bytes: number) => void,
  ): Promise<ReplicaAnswers[K]> {
    const { clock, callTimeoutMs, tracer } = this.#options;
    const traceparent = tracer?.current();
    this.#channel ??= this.#open();
    if (signal !== undefined) {
      return askReplica<K>(this.#channel, target, call, { signal, hold, traceparent });
    }
    using deadline = startDeadline(clock, callTimeoutMs, undefined, `a call of ${this.#name}`);
    const options = { signal: deadline.signal, hold, traceparent };
    return await askReplica<K>(this.#channel, target, call, options);
  }

  /** Ends every call in flight as `unavailable`. */
  abandon(): void {
    this.#channel?.close(new TributaryError('unavailable', `${this.#name} fell silent`));
    this.#channel = undefined;
  }

  close(): void {
    this.abandon();
    this.#client.close();
  }

  #open(): Channel {
    const channel: Channel = new Channel(clientPort(this.#client, this.#name), {
      name: this.#name,
      onClosed: () => {
        if (this.#channel === channel) this.#channel = undefined;
      },
    });
    return channel;
  }
}
