// The main thread's side of a worker: a channel for what is asked of it, beside the commands it is given.
//
//   running ─► gone (crashed or stopped): what is in flight fails, nothing more is taken

import { Channel } from '@tributary/channel';
import { askReplica, type CallOf } from '@tributary/replica-api';
import { TributaryError } from '@tributary/runtime';
import type { ReplicaAddress, ReplicaAnswers, ReplicaCallKind } from '@tributary/wire';
import { ThreadPort } from './thread-port.ts';
import { type FromWorker, requestBytes, type ToWorker, WORKER_METHOD } from './worker-protocol.ts';

/** A started worker, be it a thread or not. */
export interface WorkerProcess {
  post(message: ToWorker): void;
  /** Ends it at once. */
  terminate(): Promise<void>;
}

export interface WorkerEvents {
  readonly onMessage: (message: FromWorker) => void;
  /** The worker ended without being asked to. */
  readonly onGone: (reason: Error) => void;
}

export type StartWorker = (index: number, events: WorkerEvents) => WorkerProcess;

export class WorkerLink {
  readonly #process: WorkerProcess;
  readonly #port: ThreadPort;
  readonly #channel: Channel;
  #isGone = false;

  constructor(process: WorkerProcess, name: string) {
    this.#process = process;
    this.#port = new ThreadPort((message) => process.post(message));
    this.#channel = new Channel(this.#port, { name });
  }

  post(message: ToWorker): void {
    if (!this.#isGone) this.#process.post(message);
  }

  /** Of a message of the channel. */
  take(bytes: Uint8Array): void {
    this.#port.take(bytes);
  }

  call<K extends ReplicaCallKind>(
    target: ReplicaAddress,
    call: CallOf<K>,
    signal?: AbortSignal,
    hold?: (bytes: number) => void,
  ): Promise<ReplicaAnswers[K]> {
    return askReplica<K>(this.#channel, target, call, { signal, hold });
  }

  /** Resolves once the replica has applied what is in the stream now. */
  async catchUp(address: ReplicaAddress, signal: AbortSignal): Promise<void> {
    await this.#channel.call(WORKER_METHOD.catchUp, requestBytes(address), { signal });
  }

  /** Removes the stores of all other replicas; no worker may have one open or open one meanwhile. */
  async sweep(keep: readonly ReplicaAddress[], signal: AbortSignal): Promise<void> {
    await this.#channel.call(WORKER_METHOD.sweep, requestBytes(keep), { signal });
  }

  /** Fails what is in flight; idempotent. */
  close(reason: string): void {
    this.#isGone = true;
    this.#channel.close(new TributaryError('unavailable', reason));
  }
}
