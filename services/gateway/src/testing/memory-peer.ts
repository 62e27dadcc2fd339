// A peer for tests: the real gateway over replicas in memory, with a real p2p port for the other peers. It follows the
// metadata and the streams like a real one, and can be made slow, deaf or dead.

import { type handleBidiStreamingCall, Server, ServerCredentials } from '@grpc/grpc-js';
import { type CollectionState, type MetadataLog, MetadataReplica } from '@tributary/metadata';
import {
  type PeerId,
  peerId,
  type ResourceUsage,
  type Sequence,
  type ShardId,
} from '@tributary/model';
import {
  type AppliedReports,
  type CallOf,
  HELD_BYTES_MIN,
  PEER_SERVICE,
  PeerConversation,
  type ReplicaClient,
  type ResourceReports,
} from '@tributary/replica-api';
import {
  createMetrics,
  type Metrics,
  processFamilies,
  silentLogger,
  systemClock,
  systemRandom,
  TributaryError,
} from '@tributary/runtime';
import { ParcelAssembler, type WriteStreams } from '@tributary/stream';
import {
  decodeEntry,
  encodeAnswer,
  type ReplicaAddress,
  type ReplicaAnswers,
  type ReplicaCallKind,
} from '@tributary/wire';
import { createGateway, type Gateway, type GatewayConfig } from '../index.ts';
import { answerFromMemory } from './memory-answers.ts';
import { MemoryReplica } from './memory-replica.ts';

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
  readonly #replicas = new Map<string, MemoryReplica>();
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
    });
    this.#running.push(this.#reportRegularly());
    this.#gateway = await this.#createGateway();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#p2p.forceShutdown();
    await this.#gateway?.close();
    await Promise.allSettled(this.#running);
  }

  async call<K extends ReplicaCallKind>(
    target: ReplicaAddress,
    call: CallOf<K>,
    signal?: AbortSignal,
    hold?: (bytes: number) => void,
  ): Promise<ReplicaAnswers[K]> {
    this.calls++;
    if (this.isStopped) await systemClock.sleep(3_600_000, signal);
    const replica = this.#replicas.get(`${target.collection}/${target.shard}`);
    if (replica === undefined) throw new TributaryError('not_found', 'no such replica');
    const answer = answerFromMemory<K>(replica, call);
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
    for (const shard of collection.shards.values()) {
      const key = `${collection.id}/${shard.id}`;
      if (!shard.replicas.has(this.id) || this.#replicas.has(key)) continue;
      const replica = new MemoryReplica(collection);
      this.#replicas.set(key, replica);
      this.#running.push(this.#run(collection, shard.id, replica).catch(() => {}));
    }
  }

  async #run(collection: CollectionState, shard: ShardId, replica: MemoryReplica): Promise<void> {
    const { signal } = this.#stopped;
    const stream = this.#options.streams.open(collection.id, collection.shardMap.generation);
    await using reader = await stream.openReader(shard, replica.appliedSequence);
    const own = { collection: collection.id, shard, peer: this.id };
    const active = { ...own, from: 'Initializing', to: 'Active' } as const;
    await this.metadata.propose(
      () => ({ kind: 'replicaStatesChanged', changes: [active] }),
      signal,
    );
    const parcels = new ParcelAssembler();
    while (!signal.aborted) {
      const limits = { messagesMax: 1_000, bytesMax: 100_000_000, waitMs: 100, signal };
      const messages = await reader.next(limits);
      for (const message of messages.flatMap((each) => parcels.take(each))) {
        while (!this.isApplying || this.isStopped) await systemClock.sleep(5, signal);
        replica.apply(message.sequence, decodeEntry(message.data).operations);
        this.#report([{ collection: collection.id, shard, appliedSequence: message.sequence }]);
      }
    }
  }

  async #reportRegularly(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      this.#report([]);
      await systemClock.sleep(200, this.#stopped.signal).catch(() => {});
    }
  }

  #report(replicas: readonly (ReplicaAddress & { readonly appliedSequence: Sequence })[]): void {
    if (!this.isStopped) this.#options.reports.publish({ peer: this.id, replicas });
  }
}

function peerMetrics(prefix: string): Metrics {
  const metrics = createMetrics({ prefix });
  metrics.register(processFamilies);
  return metrics;
}
