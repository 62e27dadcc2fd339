// The replicas of one peer, spread over its worker threads.
//
//   metadata, statuses, time ──► duties.ts ──► effects, performed here: open, reopen, configure, drop, rebuild, propose
//
// Invariant: a replica is open in at most one worker. A worker that crashed is started again, later each time, with
// the same replicas.

import type { Metadata } from '@tributary/metadata';
import { FEATURE_LEVEL, type PeerId } from '@tributary/model';
import type { AppliedReports, CallOf, ReplicaClient } from '@tributary/replica-api';
import { type ReplicaStatus, storeNameOf } from '@tributary/replica-core';
import {
  type Clock,
  type Logger,
  pause,
  type Random,
  retryUntilDone,
  startDeadline,
  TributaryError,
} from '@tributary/runtime';
import type { AppliedReplica, ReplicaAddress, ReplicaCallKind } from '@tributary/wire';
import {
  after,
  duties,
  type Effect,
  type Held,
  type HeldEvent,
  learn,
  statusOf,
} from './duties.ts';
import {
  activation,
  isOnlyReplica,
  type PlacedReplica,
  placedReplicas,
  recovery,
  replicaState,
  retirement,
} from './placed-replicas.ts';
import { ReportSchedule, reportOf } from './report-schedule.ts';
import { StateProposals } from './state-proposals.ts';
import { SupervisedWorker } from './supervised-worker.ts';
import type { StartWorker } from './worker-link.ts';
import type { FromWorker } from './worker-protocol.ts';

export interface ReplicaHostOptions {
  readonly peer: PeerId;
  readonly metadata: Metadata;
  readonly reports: AppliedReports;
  readonly startWorker: StartWorker;
  /** Number of workers. */
  readonly workers: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** A report, be it of nothing, doubles as the peer's sign of life. */
const REPORT_INTERVAL_MS = 500;
/** For how long events of the metadata gather before it is reported that they are folded. */
const ANNOUNCE_WITHIN_MS = 10;
/** A report may get lost: it is repeated four times, and all are every now and then. */
const REPORT_SCHEDULE = { repeatForMs: 2_000, wholeEveryMs: 10_000 };
const PROPOSAL_WITHIN_MS = 10_000;
/** Decided again on the metadata as it is when the change is made. */
const DECIDE = { Active: activation, Dead: retirement, Recovery: recovery };

type Proposal = Extract<Effect, { kind: 'propose' }>;

export class ReplicaHost implements AsyncDisposable {
  readonly client: ReplicaClient;
  readonly #options: ReplicaHostOptions;
  readonly #proposals: StateProposals;
  readonly #schedule = new ReportSchedule(REPORT_SCHEDULE);
  readonly #held = new Map<string, Held>();
  readonly #workerOf = new Map<string, SupervisedWorker>();
  readonly #workers: SupervisedWorker[] = [];
  readonly #stopping = new AbortController();
  #isAnnouncing = false;
  #closed: Promise<void> | undefined;

  constructor(options: ReplicaHostOptions) {
    this.#options = options;
    this.#proposals = new StateProposals({
      metadata: options.metadata,
      clock: options.clock,
      withinMs: PROPOSAL_WITHIN_MS,
      signal: this.#stopping.signal,
    });
    this.client = {
      call: (target, call, signal, hold) => this.#call(target, call, signal, hold),
    };
    for (let index = 0; index < options.workers; index++) this.#workers.push(this.#start(index));
  }

  /** Holds what the metadata places here until the signal aborts; then closes every replica. */
  async run(signal: AbortSignal): Promise<void> {
    const { metadata, clock, reports } = this.#options;
    const failed = new AbortController();
    const stop = AbortSignal.any([signal, this.#stopping.signal, failed.signal]);
    using subscriptions = new DisposableStack();
    subscriptions.use(
      reports.subscribe(({ asksForAll }) => {
        if (asksForAll) this.#schedule.noteNewcomer();
      }),
    );
    subscriptions.use(metadata.subscribe(() => void this.#announceMetadata(stop)));
    // What the peer remembers is opened at once, so that it answers reads while the cluster has no leader.
    this.#act(true);
    let isSwept = false;
    const sweeping = this.#sweep(stop).then(() => {
      if (stop.aborted) return;
      isSwept = true;
      subscriptions.use(metadata.subscribe(() => this.#act(true)));
      this.#act(true);
    });
    sweeping.catch((error) => failed.abort(error));
    while (!stop.aborted) {
      this.#publish(this.#schedule.due(this.#held.keys(), clock.monotonicMs()));
      this.#act(isSwept);
      await pause(clock, REPORT_INTERVAL_MS, stop);
    }
    await sweeping;
    await this.close();
  }

  /** What the replicas here last reported. */
  get statuses(): readonly ReplicaStatus[] {
    return [...this.#held.values()].flatMap((held) => statusOf(held) ?? []);
  }

  /** As this peer's metadata has it now. */
  isOnlyReplica(address: ReplicaAddress): boolean {
    return isOnlyReplica(this.#options.metadata.state, address);
  }

  /** Resolves once the replica has applied what is in the stream now. Errors: `not_found`, `unavailable`. */
  async catchUp(address: ReplicaAddress, signal: AbortSignal): Promise<void> {
    const worker = this.#workerOf.get(storeNameOf(address));
    if (worker === undefined) throw new TributaryError('not_found', 'no such replica here');
    await worker.link.catchUp(address, signal);
  }

  /** Idempotent. Closes every replica cleanly, within 5 s. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    this.#stopping.abort(new TributaryError('cancelled', 'the peer stops'));
    await Promise.all(this.#workers.map((worker) => worker.stop()));
  }

  /**
   * Removes what earlier runs left and the metadata, now folded to its end, no longer places here. Nothing new is
   * opened until it is done, so that it cannot take a new replica for an old one.
   */
  async #sweep(signal: AbortSignal): Promise<void> {
    const { metadata, peer, clock, random, logger } = this.#options;
    const sweepOnce = async () => {
      const state = await metadata.sync(signal);
      const placed = placedReplicas(state, peer).map(({ address }) => address);
      const held = [...this.#held.values()].map(({ placed: { address } }) => address);
      await this.#workers[0]?.link.sweep([...placed, ...held], signal);
    };
    const name = 'replica sweep';
    try {
      await retryUntilDone(sweepOnce, { name, clock, random, logger, signal });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** Performs what is due; `mayPlace` where the metadata is known to be folded to its end. */
  #act(mayPlace: boolean): void {
    const { metadata, peer, clock } = this.#options;
    const placed = new Map<string, PlacedReplica>();
    for (const each of placedReplicas(metadata.state, peer)) {
      placed.set(storeNameOf(each.address), each);
    }
    const facts = { nowMs: clock.monotonicMs(), mayPlace };
    for (const name of new Set([...this.#held.keys(), ...placed.keys()])) {
      for (const effect of duties(placed.get(name), this.#held.get(name), facts)) {
        const held = after(this.#held.get(name), effect, facts.nowMs);
        const worker = this.#workerOf.get(name) ?? this.#leastLoaded();
        if (held === undefined) {
          this.#held.delete(name);
          this.#workerOf.delete(name);
        } else {
          this.#held.set(name, held);
          this.#workerOf.set(name, worker);
        }
        this.#perform(name, worker, effect);
      }
    }
  }

  #perform(name: string, { link }: SupervisedWorker, effect: Effect): void {
    switch (effect.kind) {
      case 'open':
      case 'reopen':
        link.post({ kind: effect.kind, ...asOpened(effect.placed) });
        return;
      case 'configure': {
        const { address, config } = effect.placed;
        link.post({ kind: 'configure', address, config });
        return;
      }
      case 'rebuild': {
        const { address } = effect.placed;
        this.#options.logger.warn({ ...address, ...effect.halted }, 'rebuilding a replica');
        link.post({ kind: 'close', address, drop: true });
        link.post({ kind: 'open', ...asOpened(effect.placed) });
        return;
      }
      case 'drop':
        link.post({ kind: 'close', address: effect.address, drop: true });
        return;
      case 'propose':
        void this.#propose(name, effect);
    }
  }

  /** Failures are left to a later round. */
  async #propose(name: string, { placed, to, halted }: Proposal): Promise<void> {
    const { address, state } = placed;
    const { logger, peer, metadata } = this.#options;
    // What was found out in one state says nothing in a later one: a replica that is Dead a second time lacks other
    // writes than it caught up with.
    let isOver = false;
    using _watch = metadata.subscribe((now) => {
      isOver ||= replicaState(now, address, peer) !== state;
    });
    try {
      if (to === 'Active') await this.#catchUpSoon(address);
      else logger.warn({ ...address, ...halted, to }, 'a replica cannot serve: giving it up');
      const decide = DECIDE[to];
      await this.#proposals.propose((now) => (isOver ? undefined : decide(now, address, peer)));
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      logger.debug({ error, ...address, to }, 'change of state put off');
    }
    this.#learn(name, { kind: 'proposed' });
  }

  /** A replica that was away may still believe that it is caught up: it is asked again before it is Active. */
  async #catchUpSoon(address: ReplicaAddress): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stopping;
    using deadline = startDeadline(clock, PROPOSAL_WITHIN_MS, signal, 'the activation');
    await this.catchUp(address, deadline.signal);
  }

  #call<K extends ReplicaCallKind>(
    target: ReplicaAddress,
    call: CallOf<K>,
    signal: AbortSignal | undefined,
    hold: ((bytes: number) => void) | undefined,
  ) {
    const name = storeNameOf(target);
    const held = this.#held.get(name);
    const worker = this.#workerOf.get(name);
    if (held === undefined || worker === undefined) {
      const { collection, shard } = target;
      const error = new TributaryError('not_found', `no replica of ${collection}:${shard} here`);
      return Promise.reject(error);
    }
    if (held.phase.kind !== 'open') {
      const reason = statusOf(held)?.halted?.reason ?? 'it is opening';
      const text = `the replica of ${target.collection}:${target.shard} is not open: ${reason}`;
      return Promise.reject(new TributaryError('unavailable', text));
    }
    return worker.link.call<K>(target, call, signal, hold);
  }

  #start(index: number): SupervisedWorker {
    const { startWorker, clock, random, logger } = this.#options;
    const worker: SupervisedWorker = new SupervisedWorker({
      index,
      startWorker,
      clock,
      random,
      logger,
      onMessage: (message) => this.#receive(message),
      onCrashed: () => {
        for (const name of this.#namesAt(worker)) this.#learn(name, { kind: 'crashed' });
      },
      onRestarted: () => {
        for (const name of this.#namesAt(worker)) this.#learn(name, { kind: 'restarted' });
        this.#act(false);
      },
    });
    return worker;
  }

  #leastLoaded(): SupervisedWorker {
    const loads = new Map(this.#workers.map((worker) => [worker, 0]));
    for (const worker of this.#workerOf.values()) loads.set(worker, (loads.get(worker) ?? 0) + 1);
    const load = (worker: SupervisedWorker) => loads.get(worker) ?? 0;
    return this.#workers.reduce((least, each) => (load(each) < load(least) ? each : least));
  }

  #namesAt(worker: SupervisedWorker): string[] {
    return [...this.#workerOf].flatMap(([name, its]) => (its === worker ? [name] : []));
  }

  #learn(name: string, event: HeldEvent): void {
    const held = this.#held.get(name);
    if (held !== undefined) this.#held.set(name, learn(held, event));
  }

  #receive(message: FromWorker): void {
    if (message.kind === 'statuses') this.#noteStatuses(message.statuses);
    else if (message.kind === 'openFailed') this.#noteFailure(message.address, message.reason);
  }

  #noteStatuses(statuses: readonly ReplicaStatus[]): void {
    const changed: string[] = [];
    const nowMs = this.#options.clock.monotonicMs();
    let beganFilling = false;
    for (const status of statuses) {
      const name = storeNameOf(status.address);
      const before = this.#held.get(name);
      if (before === undefined) continue;
      this.#learn(name, { kind: 'status', status });
      changed.push(name);
      this.#schedule.noteChange(name, nowMs);
      if (status.isFilling && !statusOf(before)?.isFilling) beganFilling = true;
    }
    this.#publish(changed);
    // It counts as Active as long as the metadata does not say otherwise.
    if (beganFilling) this.#act(false);
  }

  #noteFailure(address: ReplicaAddress, reason: string): void {
    const nowMs = this.#options.clock.monotonicMs();
    const name = storeNameOf(address);
    this.#learn(name, { kind: 'openFailed', reason, nowMs });
    this.#schedule.noteChange(name, nowMs);
  }

  /** Others wait for a peer to know of what they changed. */
  async #announceMetadata(signal: AbortSignal): Promise<void> {
    if (this.#isAnnouncing) return;
    this.#isAnnouncing = true;
    await pause(this.#options.clock, ANNOUNCE_WITHIN_MS, signal);
    this.#isAnnouncing = false;
    if (!signal.aborted) this.#publish([]);
  }

  #publish(names: readonly string[]): void {
    const replicas: AppliedReplica[] = [];
    for (const name of names) {
      const held = this.#held.get(name);
      const status = held && statusOf(held);
      if (status !== undefined) replicas.push(reportOf(status));
    }
    const { reports, peer, metadata } = this.#options;
    const { sequence: metadataSequence } = metadata.state;
    reports.publish({ peer, replicas, metadataSequence, featureLevel: FEATURE_LEVEL });
  }
}

function asOpened({ address, config, createdVectors, generation }: PlacedReplica) {
  return { address, config, createdVectors, generation };
}
