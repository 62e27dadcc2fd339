// The quotas of the cluster: META has the limits, each peer measures itself, judges and reports, and every gateway
// refuses writes to collections that a peer at its limits has a replica of.
//
//   every second: measure ──► verdict ──► report ──► all gateways
//
// Invariant: reads and deletes never ask it. A peer that is not heard of is not held to be at its limits: whether it is
// alive is decided elsewhere.

import { isDeepStrictEqual } from 'node:util';
import type { CollectionState, Metadata } from '@tributary/metadata';
import {
  type PeerId,
  type PointOperation,
  QUOTAS_OFF,
  type QuotaConfig,
  type QuotaExceeded,
  type ResourceUsage,
} from '@tributary/model';
import { isExceeded, type QuotasView } from '@tributary/qdrant-api';
import type { ResourceReports } from '@tributary/replica-api';
import { type Clock, type Logger, pause, TributaryError } from '@tributary/runtime';
import type { ResourceReport } from '@tributary/wire';
import { withinConsensus } from '../cluster/consensus.ts';
import { quotaVerdict } from './quota-verdict.ts';

export interface QuotasOptions {
  readonly self: PeerId;
  readonly metadata: Metadata;
  readonly reports: ResourceReports;
  readonly measure: () => Promise<ResourceUsage>;
  readonly measureEveryMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Bound of a change for which the client set no timeout, in milliseconds. */
  readonly metaTimeoutMs: number;
}

interface Heard {
  readonly report: ResourceReport;
  readonly atMs: number;
}

/** Several reports in a row may be lost. */
const FORGOTTEN_AFTER_MS = 10_000;

export class Quotas implements AsyncDisposable {
  readonly #options: QuotasOptions;
  readonly #heard = new Map<PeerId, Heard>();
  readonly #stopping = new AbortController();
  readonly #subscriptions: readonly Disposable[];
  #own: ResourceReport;
  #judgedBy: QuotaConfig = QUOTAS_OFF;
  #running: Promise<void> | undefined;

  constructor(options: QuotasOptions) {
    this.#options = options;
    this.#own = { peer: options.self, usage: {}, exceeded: {} };
    this.#subscriptions = [
      options.reports.subscribe((report) => this.#take(report)),
      options.metadata.subscribe(() => this.#judge(this.#own.usage)),
    ];
  }

  /** Measures until it is disposed. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Takes effect at every peer. Errors: `internal` without a quorum or when it takes too long. */
  async set(quotas: QuotaConfig): Promise<void> {
    const { clock, metadata, metaTimeoutMs } = this.#options;
    await withinConsensus(clock, metaTimeoutMs, async (signal) => {
      await metadata.propose((state) => {
        if (isDeepStrictEqual(state.quotas, quotas)) return undefined;
        return { kind: 'quotasSet', quotas };
      }, signal);
    });
  }

  view(): QuotasView {
    return { config: this.#config, self: this.#own, peers: this.#reports() };
  }

  /** The largest share of its memory that a peer with a replica of the collection uses; undefined where none tells. */
  residentMemoryPercent(collection: CollectionState): number | undefined {
    const percents = this.#reportsOf(collection).flatMap(
      ({ usage }) => usage.residentMemoryPercent ?? [],
    );
    return percents.length === 0 ? undefined : Math.max(...percents);
  }

  /** Errors: `insufficient_storage` where a peer with a replica of the collection is at its limits. */
  requireSpace(collection: CollectionState): void {
    if (!this.#config.enabled) return;
    for (const report of this.#reportsOf(collection)) {
      if (isExceeded(report.exceeded)) throw beyondQuotas(report);
    }
  }

  /**
   * Those of the peers that new replicas may go to, in their order. Errors: `insufficient_storage` where fewer than
   * `replicas` of them are within their limits.
   */
  withSpace(peers: readonly PeerId[], replicas: number): PeerId[] {
    const reports = this.#config.enabled ? this.#reports() : new Map<PeerId, ResourceReport>();
    const full = peers.flatMap((peer) => {
      const report = reports.get(peer);
      return report !== undefined && isExceeded(report.exceeded) ? [report] : [];
    });
    const [first] = full;
    if (first !== undefined && peers.length - full.length < replicas) throw beyondQuotas(first);
    return peers.filter((peer) => full.every((report) => report.peer !== peer));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
    await this.#running;
  }

  get #config(): QuotaConfig {
    return this.#options.metadata.state.quotas ?? QUOTAS_OFF;
  }

  async #run(): Promise<void> {
    const { measure, measureEveryMs, clock, logger, reports } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        this.#judge(await measure());
        reports.publish(this.#own);
      } catch (error) {
        logger.warn({ error }, 'what this peer uses could not be measured');
      }
      await pause(clock, measureEveryMs, signal);
    }
  }

  /** A verdict outlasts its reading, but not the configuration it was given under. */
  #judge(usage: ResourceUsage): void {
    const config = this.#config;
    const before = isDeepStrictEqual(config, this.#judgedBy) ? this.#own.exceeded : {};
    this.#judgedBy = config;
    this.#own = { ...this.#own, usage, exceeded: quotaVerdict(config, usage, before) };
  }

  #take(report: ResourceReport): void {
    this.#heard.set(report.peer, { report, atMs: this.#options.clock.monotonicMs() });
  }

  /** Of the peers that were heard of lately, and of this one. */
  #reports(): Map<PeerId, ResourceReport> {
    const nowMs = this.#options.clock.monotonicMs();
    const reports = new Map<PeerId, ResourceReport>();
    for (const [peer, { report, atMs }] of this.#heard) {
      if (nowMs - atMs < FORGOTTEN_AFTER_MS) reports.set(peer, report);
      else this.#heard.delete(peer);
    }
    return reports.set(this.#own.peer, this.#own);
  }

  #reportsOf({ shards }: CollectionState): ResourceReport[] {
    const peers = new Set(shards.values().flatMap(({ replicas }) => replicas.keys()));
    return [...this.#reports().values()].filter(({ peer }) => peers.has(peer));
  }
}

function beyondQuotas({ peer, usage, exceeded }: ResourceReport): TributaryError {
  return new TributaryError(
    'insufficient_storage',
    `peer ${peer} uses ${shownUse(usage, exceeded)}, which is beyond the quotas of the cluster ` +
      '(GET /quotas); deletes and reads are still served',
  );
}

function shownUse(usage: ResourceUsage, exceeded: QuotaExceeded): string {
  return exceeded.residentMemory === true
    ? `${usage.residentMemoryPercent} % of its memory`
    : `${usage.diskUsagePercent} % of its disk`;
}

/** Whether replicas hold more after the operation than before. */
export function takesSpace({ kind }: PointOperation): boolean {
  switch (kind) {
    case 'upsert':
    case 'updateVectors':
    case 'setPayload':
    case 'overwritePayload':
    case 'createFieldIndex':
    case 'createVectorName':
      return true;
    case 'delete':
    case 'deleteVectors':
    case 'deletePayload':
    case 'clearPayload':
    case 'deleteFieldIndex':
    case 'deleteVectorName':
      return false;
  }
}
