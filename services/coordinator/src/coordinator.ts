// Declares the replicas of silent peers Dead, and raises the feature level once every peer knows a higher one.
// Runs on every peer; the one that holds the lease acts.
//
//   standing by ──(lease is free)──► leading ──(lease lost, stopped)──► standing by
//
// Invariant: the lease only keeps the coordinators out of each other's way. What makes a stale one harmless is that
// every decision is taken on the current metadata and appended with compare-and-set.

import type {
  Lease,
  LeaseStore,
  Metadata,
  MetadataEvent,
  MetadataState,
} from '@tributary/metadata';
import type { PeerId } from '@tributary/model';
import { type AppliedReports, isSignOfLife } from '@tributary/replica-api';
import {
  abortable,
  type Clock,
  type Logger,
  pause,
  type Random,
  runServiceLoop,
  startDeadline,
  TributaryError,
} from '@tributary/runtime';
import { NOBODY_WATCHED, type PeerWatch, silentPeers, step } from './peer-watch.ts';
import { plan } from './plan.ts';

export interface CoordinatorOptions {
  readonly self: PeerId;
  readonly metadata: Metadata;
  readonly leases: LeaseStore;
  readonly reports: AppliedReports;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Time between two looks at the peers. */
  readonly tickMs?: number;
  /** Silence after which a peer's replicas are Dead; several times the interval of the reports. */
  readonly deadAfterMs?: number;
  readonly leaseTtlMs?: number;
  /** The highest feature level that this version knows. */
  readonly featureLevel?: number;
}

const PUTS_OFF: ReadonlySet<string> = new Set(['bad_request', 'timeout']);

export class Coordinator {
  readonly #options: CoordinatorOptions;
  readonly #holder: string;
  readonly #tickMs: number;
  readonly #deadAfterMs: number;
  readonly #leaseTtlMs: number;
  #watch: PeerWatch = NOBODY_WATCHED;
  /** The feature level that each peer last reported to know. */
  readonly #levels = new Map<PeerId, number>();
  #lease: Lease | undefined;
  #isLeading = false;

  constructor(options: CoordinatorOptions) {
    this.#options = options;
    this.#holder = String(options.self);
    this.#tickMs = options.tickMs ?? 500;
    this.#deadAfterMs = options.deadAfterMs ?? 5_000;
    this.#leaseTtlMs = options.leaseTtlMs ?? 3_000;
  }

  /** The lease as last seen; its holder is a peer id in decimal. Undefined until it was seen once. */
  get lease(): Lease | undefined {
    return this.#lease;
  }

  get isLeading(): boolean {
    return this.#isLeading;
  }

  /** Contends for the lease and does its duties until the signal aborts; then gives the lease up. */
  async run(signal: AbortSignal): Promise<void> {
    const { reports, clock, random, logger, leases } = this.#options;
    using _subscription = reports.subscribe((report) => {
      if (report.featureLevel !== undefined) this.#levels.set(report.peer, report.featureLevel);
      if (!isSignOfLife(report)) return;
      this.#watch = step(this.#watch, { kind: 'reported', peer: report.peer });
    });
    try {
      const body = (runSignal: AbortSignal) => this.#tickUntil(runSignal);
      await runServiceLoop(body, { name: 'coordinator', clock, random, logger, signal });
    } finally {
      const wasLeading = this.#isLeading;
      this.#isLeading = false;
      // Without it the next coordinator only waits for the lease to run out.
      if (wasLeading) await leases.release(this.#holder).catch(() => {});
    }
  }

  async #tickUntil(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    // A failed round brought us here, or the start: what was not heard until now may not have been audible.
    this.#watch = step(this.#watch, { kind: 'wasCutOff' });
    let lastMs = clock.monotonicMs();
    while (!signal.aborted) {
      const nowMs = clock.monotonicMs();
      this.#passTime(nowMs - lastMs);
      lastMs = nowMs;
      await this.#tick(signal);
      await pause(clock, this.#tickMs, signal);
    }
  }

  /** A long gap between two ticks means that this process stood still, and the reports of that time are yet unread. */
  #passTime(elapsedMs: number): void {
    const ms = Math.min(elapsedMs, 2 * this.#tickMs);
    const peers = this.#options.metadata.state.peers.keys();
    this.#watch = step(this.#watch, { kind: 'timePassed', ms, peers });
  }

  async #tick(signal: AbortSignal): Promise<void> {
    const { clock, leases, logger } = this.#options;
    using deadline = startDeadline(clock, this.#leaseTtlMs, signal, 'the coordinator lease');
    try {
      const acquiring = leases.acquire(this.#holder, this.#leaseTtlMs);
      const lease = await abortable(acquiring, deadline.signal);
      const isLeading = lease.holder === this.#holder;
      if (isLeading && !this.#isLeading) logger.info({ term: lease.term }, 'leading');
      this.#lease = lease;
      this.#isLeading = isLeading;
      if (!isLeading) return;
      await this.#performPlan(deadline.signal);
    } catch (error) {
      this.#isLeading = false;
      throw error;
    }
  }

  async #performPlan(signal: AbortSignal): Promise<void> {
    const { metadata, logger, featureLevel } = this.#options;
    const levels = this.#levels;
    for (const peer of levels.keys()) if (!metadata.state.peers.has(peer)) levels.delete(peer);
    const seen = { silent: silentPeers(this.#watch, this.#deadAfterMs), featureLevel, levels };
    for (;;) {
      const due = plan(metadata.state, seen);
      if (due === undefined) return;
      if (!(await this.#propose((state) => plan(state, seen), signal))) return;
      if (due.kind === 'featureLevelRaised')
        logger.info({ level: due.level }, 'feature level raised');
      else logger.warn({ silent: seen.silent }, 'the replicas of silent peers are Dead');
    }
  }

  /** False where the next round is to go on with it. */
  async #propose(
    decide: (state: MetadataState) => MetadataEvent | undefined,
    signal: AbortSignal,
  ): Promise<boolean> {
    try {
      await this.#options.metadata.propose(decide, signal);
      return true;
    } catch (error) {
      // The state moved under the proposal's feet, or it took longer than the lease lasts. Where NATS is away, the
      // lease says so then.
      const isPutOff = error instanceof TributaryError && PUTS_OFF.has(error.code);
      if (isPutOff) return false;
      throw error;
    }
  }
}
