// What the main thread and a worker thread say to each other: commands and events as they are, and the bytes of a
// channel, over which the main thread asks.

import { deserialize, serialize } from 'node:v8';
import type { CollectionConfig, CollectionVectors } from '@tributary/model';
import { REPLICA_CALL } from '@tributary/replica-api';
import type { ReplicaStatus } from '@tributary/replica-core';
import type { EndedSpan } from '@tributary/runtime';
import type { ReplicaAddress } from '@tributary/wire';
import type { BytesMessage } from './thread-port.ts';

/** What the main thread asks over the channel. */
export const WORKER_METHOD = {
  replica: REPLICA_CALL,
  /** Answered once what is in the stream now is applied; asks a `ReplicaAddress`. */
  catchUp: 1,
  /** Removes every store beside those of these `ReplicaAddress[]`; answered before any worker opens one. */
  sweep: 2,
} as const;

export type ToWorker =
  | {
      readonly kind: 'open';
      readonly address: ReplicaAddress;
      readonly config: CollectionConfig;
      readonly createdVectors: CollectionVectors;
      readonly generation: number;
    }
  /** Opened again, with another configuration or after a crash; calls wait until it has caught up with the stream. */
  | {
      readonly kind: 'reopen';
      readonly address: ReplicaAddress;
      readonly config: CollectionConfig;
      readonly createdVectors: CollectionVectors;
      readonly generation: number;
    }
  /** Settings that a replica takes up while it is open. */
  | {
      readonly kind: 'configure';
      readonly address: ReplicaAddress;
      readonly config: CollectionConfig;
    }
  | { readonly kind: 'close'; readonly address: ReplicaAddress; readonly drop: boolean }
  | BytesMessage
  | { readonly kind: 'stop' };

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'statuses'; readonly statuses: readonly ReplicaStatus[] }
  | { readonly kind: 'openFailed'; readonly address: ReplicaAddress; readonly reason: string }
  | BytesMessage
  /** Spans that ended here: the tracer is in the main thread. */
  | { readonly kind: 'spans'; readonly spans: readonly EndedSpan[] }
  | { readonly kind: 'stopped' };

/** One end of the channel between the two. */
export interface WorkerPort<In, Out> {
  post(message: Out): void;
  /** Called once, before any message can come. */
  listen(listener: (message: In) => void): void;
}

/** A question of `catchUp` or `sweep`; between threads of one process, so its shape is no one else's. */
export function requestBytes(request: ReplicaAddress | readonly ReplicaAddress[]): Uint8Array {
  return serialize(request);
}

/** Inverse of `requestBytes`. */
export function requestOf<Request>(bytes: Uint8Array): Request {
  return deserialize(bytes);
}
