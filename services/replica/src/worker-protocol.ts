// What the main thread and a worker thread say to each other. Calls and answers are the bytes of libs/wire, packed
// together.

import type { CollectionConfig, CollectionVectors } from '@tributary/model';
import type { ReplicaStatus } from '@tributary/replica-core';
import type { EndedSpan, ErrorCode } from '@tributary/runtime';
import type { ReplicaAddress } from '@tributary/wire';

export interface Refusal {
  /** Of the call. */
  readonly id: number;
  readonly code: ErrorCode;
  readonly message: string;
}

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
  /** Removes every store beside those of these replicas; answered before any worker opens one. */
  | { readonly kind: 'sweep'; readonly id: number; readonly keep: readonly ReplicaAddress[] }
  /** `packMessages` of what `encodeCall` made. */
  | { readonly kind: 'calls'; readonly packed: Uint8Array }
  /** Nobody waits for the answer any more. */
  | { readonly kind: 'cancel'; readonly id: number }
  /** Answered once what is in the stream now is applied. */
  | { readonly kind: 'catchUp'; readonly id: number; readonly address: ReplicaAddress }
  | { readonly kind: 'stop' };

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'statuses'; readonly statuses: readonly ReplicaStatus[] }
  | { readonly kind: 'openFailed'; readonly address: ReplicaAddress; readonly reason: string }
  /** `packMessages` of what `encodeAnswer` made; empty where there is nothing to say. */
  | { readonly kind: 'answers'; readonly packed: Uint8Array }
  /** What `encodeAnswer` made of part of a large answer, whose end is among `answers`. */
  | { readonly kind: 'part'; readonly id: number; readonly bytes: Uint8Array }
  | { readonly kind: 'refusals'; readonly refusals: readonly Refusal[] }
  /** Spans that ended here: the tracer is in the main thread. */
  | { readonly kind: 'spans'; readonly spans: readonly EndedSpan[] }
  | { readonly kind: 'stopped' };

/** One end of the channel between the two. */
export interface WorkerPort<In, Out> {
  post(message: Out): void;
  /** Called once, before any message can come. */
  listen(listener: (message: In) => void): void;
}
