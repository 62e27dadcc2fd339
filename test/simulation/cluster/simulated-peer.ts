// One process of a peer, put together as services/peer does it: replica host and worker, coordinator, writer of cuts,
// metadata and the gateway's core, on simulated streams, clock, disk and network.
//
//   running ◄──pause, resume──► paused        running ──stop()──► stopping ──► gone, with everything flushed
//      └───────kill()──────────────┴──► gone: of what was not flushed any part is lost

import { Coordinator, CutWriter } from '@tributary/coordinator';
import { createGatewayCore, type GatewayCore, type Guard } from '@tributary/gateway';
import {
  decodeState,
  encodeState,
  type LeaseStore,
  type MetadataEvent,
  type MetadataLog,
  MetadataReplica,
  type MetadataState,
} from '@tributary/metadata';
import type { PeerId, Sequence } from '@tributary/model';
import { FreshnessGuard, type FromWorker, ReplicaHost, type ToWorker } from '@tributary/replica';
import type { AppliedReports, ReplicaClient } from '@tributary/replica-api';
import { storeNameOf } from '@tributary/replica-core';
import {
  type Clock,
  createMetrics,
  type Logger,
  type Random,
  retryUntilDone,
  seededRandom,
  silentLogger,
  TributaryError,
} from '@tributary/runtime';
import { gatedStreams, type WriteStreams } from '@tributary/stream';
import type { ClusterMutant } from './cluster-mutant.ts';
import type { PeerFaults, Surroundings } from './peer-faults.ts';
import { type Callee, PeerCalls, type ReportBus } from './peer-network.ts';
import { PeerLeaseStore, PeerMetadataLog, PeerStreams } from './peer-ports.ts';
import { ProcessClock } from './process-clock.ts';
import { type PeerDisk, SimulatedThread } from './simulated-thread.ts';

/** What all peers of the cluster have in common. */
export interface Common {
  readonly log: MetadataLog;
  readonly leases: LeaseStore;
  readonly streams: WriteStreams;
  readonly bus: ReportBus;
  readonly clock: Clock;
  readonly occurred: (fault: string) => void;
  readonly onBug: (error: unknown) => void;
  /** Called with what a process sends to META. */
  readonly onEvent: (from: PeerProcess, event: MetadataEvent) => void;
  /** Called with what the process and its thread say to each other. */
  readonly onMessage: (at: PeerProcess, message: ToWorker | FromWorker) => void;
  readonly find: (peer: PeerId) => Callee | undefined;
  readonly mutant: ClusterMutant | undefined;
}

export interface PeerProcessOptions {
  readonly peer: PeerId;
  readonly seed: number;
  /** What its version knows. */
  readonly featureLevel: number;
  readonly common: Common;
  readonly disk: PeerDisk;
  readonly faults: PeerFaults;
}

export const DEAD_AFTER_MS = 5_000;
const CUT_INTERVAL_MS = 6_000;
const COMPACT_EVENTS = 6;
const STOP_WITHIN_MS = 15_000;
/** A breaker goes by the time of the machine; here every append is tried. */
const OPEN_GUARD: Guard = { run: (action) => action(), close: () => {} };

/** What every part of a process is made with. */
interface PeerParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export class PeerProcess implements Callee {
  readonly peer: PeerId;
  readonly around: Surroundings;
  readonly metadata: MetadataReplica;
  readonly host: ReplicaHost;
  readonly replicas: ReplicaClient;
  readonly coordinator: Coordinator;
  readonly core: GatewayCore;
  /** As the gateway appends to them. */
  readonly streams: WriteStreams;
  /** The event of META since which each replica here is not Active, as the process has folded it. */
  readonly notActiveSince = new Map<string, Sequence>();
  readonly #options: PeerProcessOptions;
  readonly #stopping = new AbortController();
  readonly #gateway: AsyncDisposable;
  readonly #running: Promise<void>[] = [];
  #thread: SimulatedThread | undefined;

  constructor(options: PeerProcessOptions) {
    const { peer, common, faults, seed } = options;
    const { clock, occurred, mutant, bus } = common;
    this.#options = options;
    this.peer = peer;
    const process = new ProcessClock(clock);
    this.around = { faults, clock, process, random: seededRandom(seed + 1), occurred };
    const parts = { clock: process, random: seededRandom(seed), logger: silentLogger };
    this.metadata = this.#createMetadata(parts);
    const { metadata } = this;
    const own = bus.connect(this.around);
    const reports = mutant?.reports?.(own) ?? own;
    const streams = new PeerStreams(common.streams, this.around);
    const appended = mutant?.appended?.(streams) ?? streams;
    const level = () => metadata.state.featureLevel;
    this.streams = mutant?.hasNoGate ? appended : gatedStreams(appended, level);
    this.host = new ReplicaHost({
      ...parts,
      peer,
      metadata: mutant?.hostMetadata?.(metadata) ?? metadata,
      reports,
      workers: 1,
      startWorker: (_index, events) => {
        const { disk } = options;
        const { onBug } = common;
        const onMessage = (message: ToWorker | FromWorker) => common.onMessage(this, message);
        const around = this.around;
        const { streams } = common;
        this.#thread = new SimulatedThread({
          ...{ around, disk, streams, events, onBug, onMessage, mutant },
        });
        return this.#thread;
      },
    });
    const guard = new FreshnessGuard(this.host, process);
    this.replicas = guard;
    this.coordinator = this.#createCoordinator(parts, reports);
    const cuts = new CutWriter({
      ...parts,
      metadata,
      reports,
      streams: this.streams,
      isLeading: () => this.coordinator.isLeading,
      intervalMs: CUT_INTERVAL_MS,
    });
    const gateway = this.#createGateway(parts, reports);
    this.core = gateway.core;
    this.#gateway = gateway;
    const { signal } = this.#stopping;
    for (const part of [metadata, this.host, guard, this.coordinator, cuts]) {
      this.#run(part.run(signal));
    }
    this.#run(this.#join());
  }

  get isGone(): boolean {
    return this.around.process.isGone;
  }

  /** The replicas' thread ends of itself; the host starts another. */
  async crashThread(): Promise<void> {
    this.around.occurred('thread crashed');
    await this.#thread?.crash();
  }

  /** Ends at once; of what was not flushed any part may be lost. */
  async kill(): Promise<void> {
    const { random, occurred, process } = this.around;
    process.kill(new TributaryError('unavailable', 'the peer was killed'));
    await this.#options.disk.crash((unflushed) => {
      const lost = random.integer(unflushed + 1);
      occurred(lost > 0 ? 'peer killed, commits lost' : 'peer killed');
      return lost;
    });
  }

  /** Ends in order, within 15 s; else as by `kill`. Time has to pass for it. */
  async stop(): Promise<void> {
    const { clock, process } = this.around;
    this.#stopping.abort(new TributaryError('cancelled', 'stopped'));
    const ending = Promise.all([this.#gateway[Symbol.asyncDispose](), ...this.#running]);
    const isLate = await Promise.race([
      ending.then(() => false),
      clock.sleep(STOP_WITHIN_MS).then(() => true),
    ]);
    if (process.isGone) return;
    if (isLate) {
      this.around.occurred('peer killed, as it did not stop');
      await this.kill();
      return;
    }
    this.around.occurred('clean stop');
    process.kill(new TributaryError('unavailable', 'the peer has stopped'));
  }

  #createMetadata(parts: PeerParts): MetadataReplica {
    const { common, disk } = this.#options;
    const own = new PeerMetadataLog(common.log, this.around, (event) => {
      common.onEvent(this, event);
    });
    const metadata = new MetadataReplica({
      ...parts,
      log: common.mutant?.log?.(own) ?? own,
      initial: disk.metadata && decodeState(disk.metadata),
      compactEvents: COMPACT_EVENTS,
    });
    this.#noteStates(metadata.state);
    metadata.subscribe((state) => {
      disk.metadata = encodeState(state);
      this.#noteStates(state);
    });
    return metadata;
  }

  #noteStates({ collections, sequence }: MetadataState): void {
    for (const { id: collection, shards } of collections.values()) {
      for (const { id: shard, replicas } of shards.values()) {
        const name = storeNameOf({ collection, shard });
        const state = replicas.get(this.peer);
        if (state === undefined || state === 'Active') this.notActiveSince.delete(name);
        else if (!this.notActiveSince.has(name)) this.notActiveSince.set(name, sequence);
      }
    }
  }

  #createCoordinator(parts: PeerParts, reports: AppliedReports): Coordinator {
    const { peer, common, featureLevel } = this.#options;
    const { mutant } = common;
    const leases = new PeerLeaseStore(common.leases, this.around);
    return new Coordinator({
      ...parts,
      self: peer,
      metadata: mutant?.coordinatorMetadata?.(this.metadata) ?? this.metadata,
      reports,
      leases: mutant?.leases?.(leases) ?? leases,
      deadAfterMs: DEAD_AFTER_MS,
      featureLevel,
    });
  }

  #createGateway(parts: PeerParts, reports: AppliedReports) {
    const { peer, common } = this.#options;
    return createGatewayCore({
      ...parts,
      config: { measureEveryMs: 60_000, slowQueryMs: 0, writeTimeoutMs: 20_000 },
      self: peer,
      metadata: common.mutant?.gatewayMetadata?.(this.metadata) ?? this.metadata,
      streams: this.streams,
      localReplicas: this.replicas,
      observedReplicas: this.host.client,
      reports,
      resourceReports: { publish: () => {}, subscribe: () => ({ [Symbol.dispose]: () => {} }) },
      measureResources: async () => ({}),
      cluster: () => Promise.reject(new TributaryError('internal', 'no one asks for the cluster')),
      ready: () => true,
      metrics: createMetrics(),
      connectPeer: (other) => new PeerCalls(this.around, () => common.find(other)),
      appendGuard: OPEN_GUARD,
    });
  }

  #run(work: Promise<void>): void {
    const watched = work.catch((error: unknown) => {
      if (!this.#stopping.signal.aborted && !this.isGone) this.#options.common.onBug(error);
    });
    this.#running.push(watched);
  }

  /** As services/peer does: the version, where it is not known yet, and then it is normal. */
  async #join(): Promise<void> {
    const { peer, featureLevel } = this.#options;
    const { metadata } = this;
    const { signal } = this.#stopping;
    const { process: clock, random } = this.around;
    const around = { name: 'membership', clock, random, logger: silentLogger, signal };
    const member = { peer, uri: `http://peer-${peer}`, version: '1', featureLevel };
    await retryUntilDone(async () => {
      await metadata.sync(signal);
      await metadata.propose(
        ({ peers }) =>
          peers.get(peer)?.featureLevel === featureLevel
            ? undefined
            : { kind: 'peerJoined', ...member },
        signal,
      );
      await metadata.propose(
        ({ peers }) =>
          peers.get(peer)?.state === 'joining'
            ? { kind: 'peerStateChanged', peer, from: 'joining', to: 'normal' }
            : undefined,
        signal,
      );
    }, around);
  }
}
