// The replicas of one peer, spread over its worker threads.
//
//   metadata ──(placed here)──► open ──► following ──(caught up)──► Active proposed
//                    └─(no longer)──► close and drop       └─(halted)──► Dead proposed, unless it is the last Active;
//                                                                       then replayed from the start where that helps
//
// Invariant: a replica is open in at most one worker. A worker that crashed is started again, later each time, with
// the same replicas.

import type { Metadata, MetadataState } from '@tributary/metadata';
import type { CollectionConfig, CollectionVectors, PeerId, Sequence } from '@tributary/model';
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
  activation,
  awaitsActivation,
  changeOfConfig,
  isOnlyReplica,
  type PlacedReplica,
  placedReplicas,
  retirement,
} from './replica-duties.ts';
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

interface Held {
  readonly address: ReplicaAddress;
  config: CollectionConfig;
  readonly createdVectors: CollectionVectors;
  readonly generation: number;
  readonly worker: SupervisedWorker;
  status: ReplicaStatus | undefined;
  /** Answers calls. */
  isOpen: boolean;
  /** When it last failed to open, on the monotonic clock. */
  failedMs: number | undefined;
  /** An activation or retirement is under way. */
  isProposing: boolean;
  /** Made anew from the stream since this host started; once is help, twice is a loop. */
  wasRebuilt: boolean;
}

/** A report, be it of nothing, doubles as the peer's sign of life. */
const REPORT_INTERVAL_MS = 500;
/** A report may get lost: it is repeated four times, and all are every now and then. */
const REPORT_SCHEDULE = { repeatForMs: 2_000, wholeEveryMs: 10_000 };
const REOPEN_AFTER_MS = 10_000;
const PROPOSAL_WITHIN_MS = 10_000;

export class ReplicaHost implements AsyncDisposable {
  readonly client: ReplicaClient;
  readonly #options: ReplicaHostOptions;
  readonly #proposals: StateProposals;
  readonly #schedule = new ReportSchedule(REPORT_SCHEDULE);
  readonly #held = new Map<string, Held>();
  readonly #workers: SupervisedWorker[] = [];
  readonly #stopping = new AbortController();
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
    // What the peer remembers is opened at once, so that it answers reads while the cluster has no leader.
    this.#follow(metadata.state);
    let isSwept = false;
    const sweeping = this.#sweep(stop).then(() => {
      if (stop.aborted) return;
      isSwept = true;
      subscriptions.use(metadata.subscribe((state) => this.#follow(state)));
      this.#follow(metadata.state);
    });
    sweeping.catch((error) => failed.abort(error));
    while (!stop.aborted) {
      this.#publish(this.#schedule.due(this.#held.keys(), clock.monotonicMs()));
      if (isSwept) this.#follow(metadata.state);
      this.#retryFailed();
      this.#propose(metadata.state);
      await pause(clock, REPORT_INTERVAL_MS, stop);
    }
    await sweeping;
    await this.close();
  }

  /** What the replicas here last reported. */
  get statuses(): readonly ReplicaStatus[] {
    return [...this.#held.values()].flatMap(({ status }) => status ?? []);
  }

  /** As this peer's metadata has it now. */
  isOnlyReplica(address: ReplicaAddress): boolean {
    return isOnlyReplica(this.#options.metadata.state, address);
  }

  /** Resolves once the replica has applied what is in the stream now. Errors: `not_found`, `unavailable`. */
  async catchUp(address: ReplicaAddress, signal: AbortSignal): Promise<void> {
    const held = this.#held.get(storeNameOf(address));
    if (held === undefined) throw new TributaryError('not_found', 'no such replica here');
    await held.worker.link.catchUp(held.address, signal);
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
      const held = [...this.#held.values()].map(({ address }) => address);
      await this.#workers[0]?.link.sweep([...placed, ...held], signal);
    };
    const name = 'replica sweep';
    try {
      await retryUntilDone(sweepOnce, { name, clock, random, logger, signal });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  #follow(state: MetadataState): void {
    const placed = new Map<string, PlacedReplica>();
    for (const each of placedReplicas(state, this.#options.peer)) {
      placed.set(storeNameOf(each.address), each);
    }
    for (const [name, held] of this.#held) {
      if (placed.has(name)) continue;
      this.#held.delete(name);
      held.worker.link.post({ kind: 'close', address: held.address, drop: true });
    }
    for (const [name, each] of placed) {
      const { config } = each;
      const held = this.#held.get(name);
      if (held === undefined) this.#hold(name, each);
      else this.#reconfigure(held, config);
    }
  }

  #hold(name: string, { address, config, createdVectors, generation }: PlacedReplica): void {
    const load = (worker: SupervisedWorker) => this.#heldBy(worker).length;
    const worker = this.#workers.reduce((least, each) => (load(each) < load(least) ? each : least));
    const held: Held = {
      address,
      config,
      createdVectors,
      generation,
      worker,
      status: undefined,
      isOpen: false,
      failedMs: undefined,
      isProposing: false,
      wasRebuilt: false,
    };
    this.#held.set(name, held);
    worker.link.post({ kind: 'open', ...asOpened(held) });
  }

  #reconfigure(held: Held, config: CollectionConfig): void {
    const change = changeOfConfig(held.config, config);
    held.config = config;
    if (change === 'none') return;
    const { address, worker } = held;
    if (change === 'reopen') worker.link.post({ kind: 'reopen', ...asOpened(held) });
    else worker.link.post({ kind: 'configure', address, config });
  }

  /** From an empty store, by replay. */
  #rebuild(held: Held): void {
    const { address } = held;
    forgetStatus(held);
    held.worker.link.post({ kind: 'close', address, drop: true });
    held.worker.link.post({ kind: 'open', ...asOpened(held) });
  }

  #propose(state: MetadataState): void {
    for (const placed of placedReplicas(state, this.#options.peer)) {
      const held = this.#held.get(storeNameOf(placed.address));
      if (held?.status === undefined || held.isProposing) continue;
      const { halted } = held.status;
      const isHalted = halted !== undefined;
      // Nobody reads a Dead replica, and another one is Active: what is wrong may go, and come back by replay.
      if (halted?.needs === 'rebuild' && placed.state === 'Dead' && !held.wasRebuilt) {
        held.wasRebuilt = true;
        this.#options.logger.warn({ ...placed.address, ...halted }, 'rebuilding a replica');
        this.#rebuild(held);
        continue;
      }
      if (isHalted ? placed.state !== 'Active' : !awaitsActivation(placed.state)) continue;
      held.isProposing = true;
      const work = isHalted ? this.#retire(held) : this.#activate(held);
      void work.finally(() => {
        held.isProposing = false;
      });
    }
  }

  /** A replica that was away may still believe that it is caught up: it is asked again before it is Active. */
  async #activate(held: Held): Promise<void> {
    const { peer } = this.#options;
    await this.#attempt(held, 'activation', async () => {
      using deadline = this.#startDeadline('the activation');
      await held.worker.link.catchUp(held.address, deadline.signal);
      await this.#proposals.propose((state) => activation(state, held.address, peer));
    });
  }

  async #retire(held: Held): Promise<void> {
    const { peer } = this.#options;
    await this.#attempt(held, 'retirement', async () => {
      await this.#proposals.propose((state) => retirement(state, held.address, peer));
    });
  }

  /** Failures are left to the next round, half a second later. */
  async #attempt(held: Held, what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      this.#options.logger.debug({ error, ...held.address }, `${what} put off`);
    }
  }

  #startDeadline(what: string) {
    return startDeadline(this.#options.clock, PROPOSAL_WITHIN_MS, this.#stopping.signal, what);
  }

  #call<K extends ReplicaCallKind>(
    target: ReplicaAddress,
    call: CallOf<K>,
    signal: AbortSignal | undefined,
    hold: ((bytes: number) => void) | undefined,
  ) {
    const held = this.#held.get(storeNameOf(target));
    if (held === undefined) {
      const { collection, shard } = target;
      const error = new TributaryError('not_found', `no replica of ${collection}:${shard} here`);
      return Promise.reject(error);
    }
    if (!held.isOpen) {
      const reason = held.status?.halted?.reason ?? 'it is opening';
      const text = `the replica of ${target.collection}:${target.shard} is not open: ${reason}`;
      return Promise.reject(new TributaryError('unavailable', text));
    }
    return held.worker.link.call(target, call, call.kind as K, signal, hold);
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
        for (const held of this.#heldBy(worker)) forgetStatus(held);
      },
      onRestarted: () => {
        for (const held of this.#heldBy(worker)) {
          worker.link.post({ kind: 'reopen', ...asOpened(held) });
        }
      },
    });
    return worker;
  }

  #heldBy(worker: SupervisedWorker): Held[] {
    return [...this.#held.values()].filter((held) => held.worker === worker);
  }

  #receive(message: FromWorker): void {
    if (message.kind === 'statuses') this.#noteStatuses(message.statuses);
    else if (message.kind === 'openFailed') this.#noteFailure(message.address, message.reason);
  }

  #noteStatuses(statuses: readonly ReplicaStatus[]): void {
    const changed: string[] = [];
    const nowMs = this.#options.clock.monotonicMs();
    for (const status of statuses) {
      const name = storeNameOf(status.address);
      const held = this.#held.get(name);
      if (held === undefined) continue;
      held.status = status;
      held.isOpen = true;
      changed.push(name);
      this.#schedule.noteChange(name, nowMs);
    }
    this.#publish(changed);
  }

  /** A store that does not open is like a halted replica: its data is there, and of no use. */
  #noteFailure(address: ReplicaAddress, reason: string): void {
    const held = this.#held.get(storeNameOf(address));
    if (held === undefined) return;
    const halted = { reason, needs: 'transfer' as const };
    held.status = { address, appliedSequence: 0 as Sequence, caughtUp: false, halted };
    held.isOpen = false;
    held.failedMs = this.#options.clock.monotonicMs();
    this.#schedule.noteChange(storeNameOf(address), held.failedMs);
  }

  /** What kept a replica from opening may have passed: a full disk, a stream out of reach. */
  #retryFailed(): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const held of this.#held.values()) {
      if (held.failedMs === undefined || nowMs - held.failedMs < REOPEN_AFTER_MS) continue;
      held.failedMs = undefined;
      held.worker.link.post({ kind: 'open', ...asOpened(held) });
    }
  }

  #publish(names: readonly string[]): void {
    const replicas: AppliedReplica[] = [];
    for (const name of names) {
      const status = this.#held.get(name)?.status;
      if (status !== undefined) replicas.push(reportOf(status));
    }
    this.#options.reports.publish({ peer: this.#options.peer, replicas });
  }
}

function asOpened({ address, config, createdVectors, generation }: Held) {
  return { address, config, createdVectors, generation };
}

function forgetStatus(held: Held): void {
  held.status = undefined;
  held.isOpen = false;
}
