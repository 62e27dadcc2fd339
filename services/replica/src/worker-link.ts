// The main thread's side of a worker: calls in flight, and what the worker reports. A call's bytes wait for the end of
// the turn, so that calls made together travel together.
//
//   starting ─► running ─► gone (crashed or stopped): what is in flight fails, nothing more is taken

import { AnswerParts, decodeParts } from '@tributary/replica-api';
import { TributaryError } from '@tributary/runtime';
import {
  decodeAnswer,
  encodeCall,
  type ReplicaAddress,
  type ReplicaAnswers,
  type ReplicaCall,
  type ReplicaCallKind,
} from '@tributary/wire';
import { type NumberedMessage, packMessages, unpackMessages } from './packed-messages.ts';
import type { FromWorker, Refusal, ToWorker } from './worker-protocol.ts';

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

interface InFlight {
  takePart(bytes: Uint8Array): void;
  resolve(bytes: Uint8Array): void;
  reject(reason: unknown): void;
}

/** Beyond this the caller is told so instead of being queued; a search takes about half a millisecond. */
const IN_FLIGHT_MAX = 4_096;
/** Numbers of calls are used again, long after those in flight. */
const ID_COUNT = 2 ** 32;

export class WorkerLink {
  readonly #process: WorkerProcess;
  readonly #inFlight = new Map<number, InFlight>();
  #nextId = 1;
  #gathered: NumberedMessage[] = [];
  #gone: TributaryError | undefined;

  constructor(process: WorkerProcess) {
    this.#process = process;
  }

  post(message: ToWorker): void {
    if (this.#gone === undefined) this.#process.post(message);
  }

  async call<K extends ReplicaCallKind>(
    target: ReplicaAddress,
    call: Extract<ReplicaCall, { kind: K }>,
    kind: K,
    signal?: AbortSignal,
    hold?: (bytes: number) => void,
  ): Promise<ReplicaAnswers[K]> {
    const bytes = encodeCall(target, call);
    const parts = await this.#ask((id) => this.#gather({ id, bytes }), signal, hold);
    const [only] = parts;
    return only !== undefined && parts.length === 1
      ? decodeAnswer(kind, only)
      : decodeParts(kind, parts);
  }

  /** Resolves once the replica has applied what is in the stream now. */
  async catchUp(address: ReplicaAddress, signal: AbortSignal): Promise<void> {
    await this.#ask((id) => this.post({ kind: 'catchUp', id, address }), signal);
  }

  /** Removes the stores of all other replicas; no worker may have one open or open one meanwhile. */
  async sweep(keep: readonly ReplicaAddress[], signal: AbortSignal): Promise<void> {
    await this.#ask((id) => this.post({ kind: 'sweep', id, keep }), signal);
  }

  answered(packed: Uint8Array): void {
    for (const { id, bytes } of unpackMessages(packed)) this.#take(id)?.resolve(bytes);
  }

  tookPart(id: number, bytes: Uint8Array): void {
    this.#inFlight.get(id)?.takePart(bytes);
  }

  refused(refusals: readonly Refusal[]): void {
    for (const { id, code, message } of refusals) {
      this.#take(id)?.reject(new TributaryError(code, message));
    }
  }

  /** Fails what is in flight; idempotent. */
  close(reason: string): void {
    this.#gone ??= new TributaryError('unavailable', reason);
    for (const waiting of this.#inFlight.values()) waiting.reject(this.#gone);
    this.#inFlight.clear();
  }

  /** All parts of the answer. */
  #ask(
    send: (id: number) => void,
    signal: AbortSignal | undefined,
    hold?: (bytes: number) => void,
  ): Promise<readonly Uint8Array[]> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone);
    if (signal?.aborted) return Promise.reject(abortError(signal));
    if (this.#inFlight.size >= IN_FLIGHT_MAX) {
      return Promise.reject(new TributaryError('unavailable', 'too many calls in flight'));
    }
    const id = this.#nextId;
    this.#nextId = (id + 1) % ID_COUNT;
    const { promise, resolve, reject } = Promise.withResolvers<readonly Uint8Array[]>();
    const giveUp = (reason: unknown) => {
      if (!this.#inFlight.delete(id)) return;
      settle();
      this.post({ kind: 'cancel', id });
      reject(reason);
    };
    const onAbort = () => signal !== undefined && giveUp(abortError(signal));
    const settle = () => signal?.removeEventListener('abort', onAbort);
    const parts = new AnswerParts(hold, giveUp);
    this.#inFlight.set(id, {
      takePart: (bytes) => parts.take(bytes),
      resolve: (bytes) => {
        settle();
        try {
          resolve(parts.endedBy(bytes));
        } catch (error) {
          reject(error);
        }
      },
      reject: (reason) => {
        settle();
        reject(reason);
      },
    });
    signal?.addEventListener('abort', onAbort, { once: true });
    send(id);
    return promise;
  }

  #take(id: number): InFlight | undefined {
    const waiting = this.#inFlight.get(id);
    this.#inFlight.delete(id);
    return waiting;
  }

  #gather(call: NumberedMessage): void {
    if (this.#gathered.length === 0) {
      setImmediate(() => {
        const calls = this.#gathered;
        this.#gathered = [];
        this.post({ kind: 'calls', packed: packMessages(calls) });
      });
    }
    this.#gathered.push(call);
  }
}

function abortError(signal: AbortSignal): TributaryError {
  const { reason } = signal;
  if (reason instanceof TributaryError) return reason;
  return new TributaryError('cancelled', 'the call was given up', { cause: reason });
}
