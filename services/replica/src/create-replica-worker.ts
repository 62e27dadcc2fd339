// Puts the replicas of one worker thread together on NATS and RocksDB.
//
// Folders beneath the data folder: `replicas/<shard>-<collection>` for the stores, `indexes/<shard>-<collection>/<vector>`
// for the segments. A vector's name may be anything, so its folder is the name in hexadecimal.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createSegmentBuilder,
  createVectorIndex,
  defaultTailVectorsMax,
  MultiVectorIndex,
  quantizationOf,
  type SegmentBuilder,
  SparseIndex,
  type VectorIndex,
} from '@tributary/index';
import type { CollectionConfig, VectorParams } from '@tributary/model';
import { connectNats, JetStreamWriteStreams } from '@tributary/nats';
import { createRocksReplicaStores } from '@tributary/rocks';
import {
  assert,
  type Clock,
  createLogger,
  type Logger,
  type LogLevel,
  systemClock,
  systemRandom,
} from '@tributary/runtime';
import type { CreateIndex } from './replica-content.ts';
import { ReplicaWorker } from './replica-worker.ts';
import type { FromWorker, ToWorker, WorkerPort } from './worker-protocol.ts';

/** Travels to the thread as its `workerData`. */
export interface ReplicaWorkerSettings {
  readonly index: number;
  readonly natsUrls: readonly string[];
  /** Servers that hold each stream. */
  readonly natsReplicas: 1 | 3;
  readonly dataFolder: string;
  readonly logLevel: LogLevel;
  readonly logFields: Readonly<Record<string, string | number>>;
}

/** A worker that listens on `port`. Errors: `unavailable` where no nats-server answers. */
export async function createReplicaWorker(
  settings: ReplicaWorkerSettings,
  port: WorkerPort<ToWorker, FromWorker>,
  onCrash: (error: unknown) => void,
): Promise<ReplicaWorker> {
  const { index, natsUrls, natsReplicas, dataFolder } = settings;
  const clock = systemClock;
  const logger = createLogger({
    level: settings.logLevel,
    fields: { ...settings.logFields, worker: index },
  });
  const connection = await connectNats({
    urls: natsUrls,
    name: `tributary-replicas-${index}`,
    logger,
    clock,
  });
  const builder = createSegmentBuilder({ logger });
  const indexFolder = join(dataFolder, 'indexes');
  return new ReplicaWorker({
    port,
    onCrash,
    clock,
    random: systemRandom,
    logger,
    streams: new JetStreamWriteStreams({ connection, replicas: natsReplicas }),
    stores: createRocksReplicaStores({ folder: join(dataFolder, 'replicas'), logger }),
    createIndex: createIndexesIn({ folder: indexFolder, builder, clock, logger }),
    dropIndexes: (storeName) => rm(join(indexFolder, storeName), { recursive: true, force: true }),
    turn: () => new Promise((resolve) => setImmediate(resolve)),
    onStopped: async () => {
      await builder.close();
      await connection.close();
    },
  });
}

interface IndexSurroundings {
  readonly folder: string;
  readonly builder: SegmentBuilder;
  readonly clock: Clock;
  readonly logger: Logger;
}

function createIndexesIn(surroundings: IndexSurroundings): CreateIndex {
  return async (options) => {
    const { vectorName, config } = options;
    if (Object.hasOwn(config.sparseVectors ?? {}, vectorName)) return new SparseIndex();
    const params = config.vectors[vectorName];
    assert(params !== undefined, 'an index is made for a vector of the collection');
    const { size, distance, multivector } = params;
    if (multivector !== undefined) return new MultiVectorIndex({ size, distance });
    return createSegmentedIndex(surroundings, options, params);
  };
}

function createSegmentedIndex(
  surroundings: IndexSurroundings,
  { storeName, vectorName, config, table }: Parameters<CreateIndex>[0],
  params: VectorParams,
): Promise<VectorIndex> {
  const hnsw = { ...config.hnsw, ...params.hnsw };
  const quantization = quantizationOf(params.quantization ?? config.quantization);
  const name = Buffer.from(vectorName, 'utf8').toString('hex');
  return createVectorIndex({
    ...surroundings,
    size: params.size,
    distance: params.distance,
    m: hnsw.m,
    efConstruct: hnsw.efConstruct,
    tailVectorsMax: tailVectorsMax(params, config),
    deletedShareMax: Math.min(1, Math.max(0.01, config.optimizers.deletedThreshold)),
    ...(quantization && { quantization }),
    folder: join(surroundings.folder, storeName, `v${name}`),
    identify: (offset) => {
      const id = table.idAt(offset);
      assert(id !== undefined, 'a row of the index stands for a point');
      return id;
    },
  });
}

/** As the collection asks, in vectors; never so few that a graph would cost more than the scan it saves. */
function tailVectorsMax(params: VectorParams, config: CollectionConfig): number {
  const asked = (config.optimizers.indexingThresholdKb * 1024) / (4 * params.size);
  return Math.max(defaultTailVectorsMax(params.size), Math.floor(asked));
}
