// A peer for tests: the real gateway over replicas in memory, with a real p2p port for the other peers. It follows the
// metadata and the streams like a real one, and can be made slow, deaf or dead.

import {
  type CollectionState,
  findCollection,
  type MetadataLog,
  MetadataReplica,
} from '@tributary/metadata';
import { type PeerId, peerId, type ResourceUsage } from '@tributary/model';
import { type PeerServer, startPeerServer } from '@tributary/peer-link';
import {
  type AppliedReports,
  type CallOf,
  HELD_BYTES_MIN,
  type ReplicaClient,
  type ResourceReports,
} from '@tributary/replica-api';
import type { OpenedReplica, ReplicaStatus } from '@tributary/replica-core';
import {
  createMetrics,
  type Metrics,
  processFamilies,
  silentLogger,
  systemClock,
  systemRandom,
  TributaryError,
} from '@tributary/runtime';
import type { WriteStreams } from '@tributary/stream';
import {
  encodeAnswer,
  type ReplicaAddress,
  type ReplicaAnswers,
  type ReplicaCallKind,
} from '@tributary/wire';
import { createGateway, type Gateway, type GatewayConfig } from '../index.ts';
import { MemoryReplicas } from './memory-replicas.ts';
import { PausableStreams } from './pausable-streams.ts';

export interface MemoryPeerOptions {
  readonly id: number;
  readonly log: MetadataLog;
  readonly streams: WriteStreams;
  readonly reports: AppliedReports;
  readonly resourceReports: ResourceReports;
  readonly config?: Partial<GatewayConfig>;
  readonly metricsPrefix?: string;
}

export class MemoryPeer implements ReplicaClient {
  readonly id: PeerId;
  readonly metadata: MetadataReplica;
  readonly #options: MemoryPeerOptions;
  readonly #stopped = new AbortController();
  readonly #replicas: MemoryReplicas;
  /** By shard of a collection. */
  readonly #opening = new Map<string, Promise<OpenedReplica>>();
  readonly #opened = new Map<string, OpenedReplica>();
  readonly #running: Promise<unknown>[] = [];
  #p2p: PeerServer | undefined;
  #gateway: Gateway | undefined;
  /** Applies nothing while true: a replica that lags. */
  isApplying = true;
  /** Says and answers nothing while true: a peer stopped in its tracks. */
  isStopped = false;
  /** What it says that it uses of its machine. */
  resources: ResourceUsage = {};
  /** How often its replicas were asked. */
  calls = 0;

  constructor(options: MemoryPeerOptions) {
    this.id = peerId(options.id);
    this.#options = options;
    const isPaused = () => !this.isApplying || this.isStopped;
    this.#replicas = new MemoryReplicas(new PausableStreams(options.streams, isPaused));
    this.metadata = new MetadataReplica({
      log: options.log,
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
    });
  }

  get gateway(): Gateway {
    if (this.#gateway === undefined) throw new Error('the peer is not started');
    return this.#gateway;
  }

  async start(): Promise<void> {
    const { signal } = this.#stopped;
    this.#running.push(this.metadata.run(signal));
    this.#p2p = await this.#listen();
    const uri = `http://127.0.0.1:${this.#p2p.port}`;
    await this.metadata.propose(
      () => ({ kind: 'peerJoined', peer: this.id, uri, version: '0.1.0', featureLevel: 1 }),
      signal,
    );
    await this.metadata.propose(
      () => ({ kind: 'peerStateChanged', peer: this.id, from: 'joining', to: 'normal' }),
      signal,
    );
    this.metadata.subscribe((state) => {
      for (const collection of state.collections.values()) this.#follow(collection);
      this.#closeGone();
    });
    this.#running.push(this.#reportRegularly());
    this.#gateway = await this.#createGateway();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#p2p?.close();
    await this.#gateway?.close();
    await Promise.allSettled(this.#running);
    await this.#replicas[Symbol.asyncDispose]();
  }

  async call<K extends ReplicaCallKind>(
    target: ReplicaAddress,
    call: CallOf<K>,
    signal?: AbortSignal,
    hold?: (bytes: number) => void,
  ): Promise<ReplicaAnswers[K]> {
    this.calls++;
    if (this.isStopped) await systemClock.sleep(3_600_000, this.#untilStopped(signal));
    const replica = this.#opened.get(`${target.collection}/${target.shard}`);
    if (replica === undefined) throw new TributaryError('not_found', 'no such replica');
    const answer = replica.call<K>(call);
    const { length } = encodeAnswer<K>(call.kind, answer);
    if (length > HELD_BYTES_MIN) hold?.(length);
    return answer;
  }

  #untilStopped(signal: AbortSignal | undefined): AbortSignal {
    const stopped = this.#stopped.signal;
    return signal === undefined ? stopped : AbortSignal.any([stopped, signal]);
  }

  #createGateway(): Promise<Gateway> {
    const { streams, reports, config = {}, metricsPrefix = '' } = this.#options;
    return createGateway({
      config: { host: '127.0.0.1', httpPort: 0, grpcPort: 0, ...config },
      self: this.id,
      metadata: this.metadata,
      streams,
      localReplicas: this,
      reports,
      resourceReports: this.#options.resourceReports,
      measureResources: async () => this.resources,
      cluster: async () => ({
        peerId: this.id,
        peers: this.metadata.state.peers,
        term: 1,
        commit: this.metadata.state.sequence,
        pendingOperations: 0,
        isVoter: true,
        consensus: { kind: 'working', lastUpdateMs: 0 },
        sendFailures: new Map(),
      }),
      refusal: () => this.#refusal(),
      ready: () => true,
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
      metrics: peerMetrics(metricsPrefix),
    });
  }

  #refusal(): TributaryError | undefined {
    if (!this.metadata.state.removedPeers.has(this.id)) return undefined;
    return new TributaryError('unavailable', `peer ${this.id} was removed`);
  }

  #listen(): Promise<PeerServer> {
    const introduce = () => ({ peer: this.id, version: '0.1.0', natsUrls: [] });
    return startPeerServer({
      host: '127.0.0.1',
      port: 0,
      handlers: { replicas: this, introduce },
      clock: systemClock,
      logger: silentLogger,
    });
  }

  #follow(collection: CollectionState): void {
    for (const { id: shard, replicas } of collection.shards.values()) {
      const key = `${collection.id}/${shard}`;
      if (!replicas.has(this.id) || this.#opening.has(key)) continue;
      const opening = this.#replicas.open(collection, shard, (status) => this.#report([status]));
      this.#opening.set(key, opening);
      this.#running.push(this.#activate(key, opening).catch(() => {}));
    }
  }

  async #activate(key: string, opening: Promise<OpenedReplica>): Promise<void> {
    const replica = await opening;
    this.#opened.set(key, replica);
    await replica.catchUp();
    const { collection, shard } = replica.status.address;
    const own = { collection, shard, peer: this.id };
    const active = { ...own, from: 'Initializing', to: 'Active' } as const;
    await this.metadata.propose(
      () => ({ kind: 'replicaStatesChanged', changes: [active] }),
      this.#stopped.signal,
    );
  }

  #closeGone(): void {
    for (const [key, replica] of this.#opened) {
      const { collection } = replica.status.address;
      if (findCollection(this.metadata.state, collection) !== undefined) continue;
      this.#opened.delete(key);
      this.#running.push(replica.close());
    }
  }

  async #reportRegularly(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      this.#report([]);
      await systemClock.sleep(200, this.#stopped.signal).catch(() => {});
    }
  }

  #report(statuses: readonly ReplicaStatus[]): void {
    if (this.isStopped) return;
    const replicas = statuses.map(({ address, appliedSequence }) => ({
      ...address,
      appliedSequence,
    }));
    this.#options.reports.publish({ peer: this.id, replicas });
  }
}

function peerMetrics(prefix: string): Metrics {
  const metrics = createMetrics({ prefix });
  metrics.register(processFamilies);
  return metrics;
}
