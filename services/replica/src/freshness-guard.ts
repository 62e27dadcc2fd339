// Prevents stale reads after a start or a stall (SIGSTOP, a suspended machine, a long swap): while this process stood
// still, writes may have been acknowledged that its replicas have not applied. Each replica first catches up to the
// stream's current end.
//
//   started, or no beat for STALL_MS ──► every replica is suspect ──(a call finds it so: it catches up)──► trusted
//
// After a start a replica whose stream has no leader is trusted as it is: no one can write, and someone has to answer.
// After a stall the only replica of its shard is: a write is not completed before that one has applied it.

import type { CallOf, ReplicaClient } from '@tributary/replica-api';
import { storeNameOf } from '@tributary/replica-core';
import { abortable, type Clock, pause, startDeadline, TributaryError } from '@tributary/runtime';
import type { ReplicaAddress, ReplicaAnswers, ReplicaCallKind } from '@tributary/wire';

export interface GuardedReplicas {
  readonly client: ReplicaClient;
  /** Resolves once the replica has applied what is in the stream now. */
  catchUp(address: ReplicaAddress, signal: AbortSignal): Promise<void>;
  /** Whether no other peer has a replica of the shard. */
  isOnlyReplica(address: ReplicaAddress): boolean;
}

const BEAT_MS = 250;
/** A gateway takes a peer for silent after 1.5 s and no longer waits for its replicas; this must be less. */
const STALL_MS = 1_000;
/** After a stall; then the caller is better off with another replica. */
const CATCH_UP_WITHIN_MS = 2_000;
/** After a start. A stream with a leader tells its end within milliseconds. */
const LEADER_WITHIN_MS = 1_000;

export class FreshnessGuard implements ReplicaClient {
  readonly #replicas: GuardedReplicas;
  readonly #clock: Clock;
  #beatMs: number;
  #hasStalled = false;
  /** Replicas looked after since the start or the last stall, by store name. */
  #trusted = new Map<string, Promise<void>>();
  /** Those of them that answer at once: caught up, or without a leader to catch up with. */
  #fresh = new Set<string>();
  /** Those that have caught up since the start. */
  readonly #trustedOnce = new Set<string>();

  constructor(replicas: GuardedReplicas, clock: Clock) {
    this.#replicas = replicas;
    this.#clock = clock;
    this.#beatMs = clock.monotonicMs();
  }

  /** Beats until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#beat();
      await pause(this.#clock, BEAT_MS, signal);
    }
  }

  /** Errors, in addition to those of the replicas: `unavailable` where one has not caught up in time. */
  call<K extends ReplicaCallKind>(
    target: ReplicaAddress,
    call: CallOf<K>,
    signal?: AbortSignal,
    hold?: (bytes: number) => void,
  ): Promise<ReplicaAnswers[K]> {
    // What came in during the stall is handled before the timer that would have noticed it.
    this.#beat();
    const name = storeNameOf(target);
    const { client } = this.#replicas;
    if (this.#fresh.has(name)) return client.call<K>(target, call, signal, hold);
    return this.#trust(target, name).then(() => client.call<K>(target, call, signal, hold));
  }

  #beat(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#beatMs > STALL_MS) {
      this.#hasStalled = true;
      this.#trusted = new Map();
      this.#fresh = new Set();
    }
    this.#beatMs = nowMs;
  }

  #trust(target: ReplicaAddress, name: string): Promise<void> {
    const trusted = this.#trusted;
    const fresh = this.#fresh;
    const present = trusted.get(name);
    if (present !== undefined) return present;
    const trust = this.#trustAfter(target, name);
    trusted.set(name, trust);
    trust.then(
      () => {
        fresh.add(name);
        this.#trustedOnce.add(name);
      },
      () => trusted.delete(name),
    );
    return trust;
  }

  #trustAfter(target: ReplicaAddress, name: string): Promise<void> {
    if (!this.#hasStalled) return this.#catchUpIfLed(target);
    const isKnown = this.#trustedOnce.has(name);
    return isKnown && this.#replicas.isOnlyReplica(target)
      ? Promise.resolve()
      : this.#catchUp(target);
  }

  async #catchUp(target: ReplicaAddress): Promise<void> {
    try {
      await this.#catchUpWithin(target, CATCH_UP_WITHIN_MS);
    } catch (cause) {
      const { collection, shard } = target;
      const text = `the replica of ${collection}:${shard} was away and has not caught up yet`;
      throw new TributaryError('unavailable', text, { cause });
    }
  }

  async #catchUpIfLed(target: ReplicaAddress): Promise<void> {
    try {
      await this.#catchUpWithin(target, LEADER_WITHIN_MS);
    } catch (error) {
      if (!(error instanceof TributaryError && error.code === 'timeout')) throw error;
    }
  }

  async #catchUpWithin(target: ReplicaAddress, timeoutMs: number): Promise<void> {
    using deadline = startDeadline(this.#clock, timeoutMs, undefined, 'catching up');
    await abortable(this.#replicas.catchUp(target, deadline.signal), deadline.signal);
  }
}
