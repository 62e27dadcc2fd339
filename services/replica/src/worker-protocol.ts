// What the main thread and a worker thread say to each other. Calls and answers are the bytes of libs/wire: they hold
// no views into larger buffers, which posting would copy whole.

import type { CollectionConfig, CollectionVectors, Sequence } from '@tributary/model';
import type { Halt } from '@tributary/replication';
import type { ErrorCode } from '@tributary/runtime';
import type { ReplicaAddress } from '@tributary/wire';

export interface ReplicaStatus {
  readonly address: ReplicaAddress;
  readonly appliedSequence: Sequence;
  /** Has applied everything that was in the stream at some time since it was opened. */
  readonly caughtUp: boolean;
  /** Why it stopped applying; absent while it goes on. */
  readonly halted?: Halt;
}

export interface CallMessage {
  readonly id: number;
  /** `encodeCall`. */
  readonly bytes: Uint8Array;
}

export type AnswerMessage =
  /** `encodeAnswer`. */
  | { readonly id: number; readonly bytes: Uint8Array }
  | { readonly id: number; readonly error: { readonly code: ErrorCode; readonly message: string } };

export type ToWorker =
  | {
      readonly kind: 'open';
      readonly address: ReplicaAddress;
      readonly config: CollectionConfig;
      readonly createdVectors: CollectionVectors;
    }
  /** Opened again with another configuration; calls wait for it meanwhile. */
  | {
      readonly kind: 'reopen';
      readonly address: ReplicaAddress;
      readonly config: CollectionConfig;
      readonly createdVectors: CollectionVectors;
    }
  | { readonly kind: 'close'; readonly address: ReplicaAddress; readonly drop: boolean }
  /** Removes every store beside those of these replicas; answered before any worker opens one. */
  | { readonly kind: 'sweep'; readonly id: number; readonly keep: readonly ReplicaAddress[] }
  | { readonly kind: 'calls'; readonly calls: readonly CallMessage[] }
  /** Answered once what is in the stream now is applied. */
  | { readonly kind: 'catchUp'; readonly id: number; readonly address: ReplicaAddress }
  | { readonly kind: 'stop' };

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'statuses'; readonly statuses: readonly ReplicaStatus[] }
  | { readonly kind: 'openFailed'; readonly address: ReplicaAddress; readonly reason: string }
  | { readonly kind: 'answers'; readonly answers: readonly AnswerMessage[] }
  | { readonly kind: 'stopped' };

/** One end of the channel between the two. */
export interface WorkerPort<In, Out> {
  post(message: Out): void;
  /** Called once, before any message can come. */
  listen(listener: (message: In) => void): void;
}
