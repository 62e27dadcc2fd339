// A peer for tests: the real gateway over replicas in memory, with a real p2p port for the other peers. It follows the
// metadata and the streams like a real one, and can be made slow, deaf or dead.

import { type handleBidiStreamingCall, Server, ServerCredentials } from '@grpc/grpc-js';
import {
  type CollectionState,
  findCollection,
  type MetadataLog,
  MetadataReplica,
} from '@tributary/metadata';
import { type PeerId, peerId, type ResourceUsage } from '@tributary/model';
import {
  type AppliedReports,
  type CallOf,
  HELD_BYTES_MIN,
  PEER_SERVICE,
  PeerConversation,
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
  readonly #p2p = new Server();
  readonly #running: Promise<unknown>[] = [];
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
    const port = await this.#listen();
    const uri = `http://127.0.0.1:${port}`;
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
    this.#p2p.forceShutdown();
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
    if (this.isStopped) await systemClock.sleep(3_600_000, signal);
    const replica = this.#opened.get(`${target.collection}/${target.shard}`);
    if (replica === undefined) throw new TributaryError('not_found', 'no such replica');
    const answer = replica.call<K>(call);
    const { length } = encodeAnswer<K>(call.kind, answer);
    if (length > HELD_BYTES_MIN) hold?.(length);
    return answer;
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

  #listen(): Promise<number> {
    const converse: handleBidiStreamingCall<Buffer, Buffer> = (call) => {
      const conversation = new PeerConversation(
        { replicas: this },
        {
          write: (message) => void call.write(message),
          end: () => call.end(),
          fail: (error) => call.destroy(error),
        },
      );
      call.on('data', (message: Buffer) => conversation.take(message));
      call.on('end', () => conversation.stop());
      call.on('cancelled', () => conversation.cancel());
    };
    this.#p2p.addService({ converse: PEER_SERVICE.converse }, { converse });
    return new Promise((resolve, reject) => {
      this.#p2p.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
        if (error) reject(error);
        else resolve(port);
      });
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
