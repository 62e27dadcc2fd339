// Puts the replicas of one worker thread together on NATS and RocksDB.
//
// Folders beneath the data folder: `replicas/<shard>-<collection>` for the stores, `indexes` for what vectors' indexes
// keep.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createSegmentBuilder } from '@tributary/index';
import { connectNats, JetStreamWriteStreams } from '@tributary/nats';
import { createIndexesIn, createIndexFiles } from '@tributary/replica-core';
import { createRocksReplicaStores } from '@tributary/rocks';
import { createLogger, type LogLevel, systemClock, systemRandom } from '@tributary/runtime';
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
  readonly isTraced: boolean;
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
    ...(settings.isTraced && { onSpans: (spans) => port.post({ kind: 'spans', spans }) }),
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
