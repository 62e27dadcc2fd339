// Keeps a process that stood still from answering with the past. While it was stopped (SIGSTOP, a paused machine, a
// long swap) others may have written and been told that every live replica has it; what its replicas hold is from
// before. So after a stall each replica first applies what is in the stream by then.
//
//   beating ──(no beat for STALL_MS)──► every replica is suspect ──(a call finds it so: it catches up)──► trusted again

import type { CallOf, ReplicaClient } from '@tributary/replica-api';
import { abortable, type Clock, startDeadline, TributaryError } from '@tributary/runtime';
import type { ReplicaAddress, ReplicaAnswers, ReplicaCallKind } from '@tributary/wire';
import { storeNameOf } from './replica.ts';

export interface GuardedReplicas {
  readonly client: ReplicaClient;
  /** Resolves once the replica has applied what is in the stream now. */
  catchUp(address: ReplicaAddress, signal: AbortSignal): Promise<void>;
}

const BEAT_MS = 250;
/** A gateway takes a peer for silent after 1.5 s and no longer waits for its replicas; this must be less. */
const STALL_MS = 1_000;
/** Then the caller is better off with another replica. */
const CATCH_UP_WITHIN_MS = 2_000;

export class StallGuard implements ReplicaClient {
  readonly #replicas: GuardedReplicas;
  readonly #clock: Clock;
  #beatMs: number;
  /** Replicas looked after since the last stall, by store name; undefined before the first. */
  #trusted: Map<string, Promise<void>> | undefined;

  constructor(replicas: GuardedReplicas, clock: Clock) {
    this.#replicas = replicas;
    this.#clock = clock;
    this.#beatMs = clock.monotonicMs();
  }

  /** Beats until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#beat();
      await this.#clock.sleep(BEAT_MS, signal).catch(() => {});
    }
  }

  /** Errors, besides those of the replicas: `unavailable` where one has not caught up in time. */
  call<K extends ReplicaCallKind>(
    target: ReplicaAddress,
    call: CallOf<K>,
    signal?: AbortSignal,
  ): Promise<ReplicaAnswers[K]> {
    // What came in during the stall is handled before the timer that would have noticed it.
    this.#beat();
    if (this.#trusted === undefined) return this.#replicas.client.call<K>(target, call, signal);
    return this.#trust(target, this.#trusted).then(() =>
      this.#replicas.client.call<K>(target, call, signal),
    );
  }

  #beat(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#beatMs > STALL_MS) this.#trusted = new Map();
    this.#beatMs = nowMs;
  }

  #trust(target: ReplicaAddress, trusted: Map<string, Promise<void>>): Promise<void> {
    const name = storeNameOf(target);
    let trust = trusted.get(name);
    if (trust === undefined) {
      trust = this.#catchUp(target);
      trusted.set(name, trust);
      trust.catch(() => trusted.delete(name));
    }
    return trust;
  }

  async #catchUp(target: ReplicaAddress): Promise<void> {
    using deadline = startDeadline(this.#clock, CATCH_UP_WITHIN_MS, undefined, 'catching up');
    const { signal } = deadline;
    try {
      await abortable(this.#replicas.catchUp(target, signal), signal);
    } catch (cause) {
      const { collection, shard } = target;
      const text = `the replica of ${collection}:${shard} was away and has not caught up yet`;
      throw new TributaryError('unavailable', text, { cause });
    }
  }
}
