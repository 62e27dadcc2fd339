// Puts the replicas of one worker thread together on NATS and RocksDB.
//
// Folders beneath the data folder: `replicas/<shard>-<collection>` for the stores, `indexes/<shard>-<collection>/<vector>`
// for the segments. A vector's name may be anything, so its folder is the name in hexadecimal, with the revision of one
// that came later.

import { hash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
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
import type { CollectionConfig, VectorShape } from '@tributary/model';
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
import type { CreateIndex, IndexedVector, IndexFiles } from './replica-vectors.ts';
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
    indexFiles: createIndexFiles(indexFolder),
    dropIndexes: (storeName) => rm(join(indexFolder, storeName), { recursive: true, force: true }),
    turn: () => new Promise((resolve) => setImmediate(resolve)),
    onStopped: async () => {
      await builder.close();
      await connection.close();
    },
  });
}

/** In hexadecimal, and with a revision, still a name that every file system takes. */
const FOLDER_NAME_BYTES_MAX = 100;

interface IndexSurroundings {
  readonly folder: string;
  readonly builder: SegmentBuilder;
  readonly clock: Clock;
  readonly logger: Logger;
}

function createIndexesIn(surroundings: IndexSurroundings): CreateIndex {
  return async (options) => {
    const { shape } = options;
    switch (shape.kind) {
      case 'sparse':
        return new SparseIndex();
      case 'multi':
        return new MultiVectorIndex({ size: shape.size, distance: shape.distance });
      case 'dense':
        return createSegmentedIndex(surroundings, options, shape);
    }
  };
}

function createSegmentedIndex(
  surroundings: IndexSurroundings,
  options: Parameters<CreateIndex>[0],
  { size, distance }: Extract<VectorShape, { size: number }>,
): Promise<VectorIndex> {
  const { vectorName, config, table } = options;
  const params = Object.hasOwn(config.vectors, vectorName) ? config.vectors[vectorName] : undefined;
  const hnsw = { ...config.hnsw, ...params?.hnsw };
  const quantization = quantizationOf(params?.quantization ?? config.quantization);
  return createVectorIndex({
    ...surroundings,
    size,
    distance,
    m: hnsw.m,
    efConstruct: hnsw.efConstruct,
    tailVectorsMax: tailVectorsMax(size, config),
    deletedShareMax: Math.min(1, Math.max(0.01, config.optimizers.deletedThreshold)),
    ...(quantization && { quantization }),
    folder: join(surroundings.folder, options.storeName, folderOf(options)),
    identify: (offset) => {
      const id = table.idAt(offset);
      assert(id !== undefined, 'a row of the index stands for a point');
      return id;
    },
  });
}

function createIndexFiles(folder: string): IndexFiles {
  const remove = (path: string) => rm(path, { recursive: true, force: true });
  return {
    drop: (vector) => remove(join(folder, vector.storeName, folderOf(vector))),
    sweep: async (storeName, kept) => {
      const names = new Set(kept.map(folderOf));
      const present = await readdir(join(folder, storeName)).catch(() => []);
      const left = present.filter((name) => !names.has(name));
      await Promise.all(left.map((name) => remove(join(folder, storeName, name))));
    },
  };
}

/** Vectors that have had one name after another have folders of their own; a long name is known by its digest. */
function folderOf({ vectorName, revision }: IndexedVector): string {
  const bytes = Buffer.from(vectorName, 'utf8');
  const isLong = bytes.length > FOLDER_NAME_BYTES_MAX;
  const name = isLong ? `h${hash('sha256', bytes, 'hex')}` : `v${bytes.toString('hex')}`;
  return revision === 0 ? name : `${name}-${revision}`;
}

/** As the collection asks, in vectors; never so few that a graph would cost more than the scan it saves. */
function tailVectorsMax(size: number, config: CollectionConfig): number {
  const asked = (config.optimizers.indexingThresholdKb * 1024) / (4 * size);
  return Math.max(defaultTailVectorsMax(size), Math.floor(asked));
}
