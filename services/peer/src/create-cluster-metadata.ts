// The peer's metadata: its fold of META, begun from what it remembers, and its entry into the cluster.
//
//   remembers something ──► answers at once, enters the cluster as soon as JetStream has a leader
//   remembers nothing ────► has entered before anything else starts

import { MetadataReplica } from '@tributary/metadata';
import {
  type Connection,
  ensureClusterStreams,
  JetStreamMetadataLog,
  NatsClusterId,
} from '@tributary/nats';
import {
  type Clock,
  type Logger,
  type Random,
  retryUntilDone,
  TributaryError,
} from '@tributary/runtime';
import { agreeOnCluster, foundCluster } from './cluster-identity.ts';
import type { DataFolder } from './data-folder.ts';
import { assertNotAhead, MetadataCache } from './metadata-cache.ts';

export interface ClusterMetadataOptions {
  readonly connection: Connection;
  /** Copies of the streams that the cluster has once. */
  readonly replicas: 1 | 3;
  readonly folder: DataFolder;
  readonly compactEvents: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Ends the following of the log. */
  readonly signal: AbortSignal;
}

export interface ClusterMetadata extends Disposable {
  readonly metadata: MetadataReplica;
  /** The peer knows enough to start without waiting for `entered`. */
  readonly remembers: boolean;
  /** Resolves when the metadata is up to date. Errors: `precondition_failed`, `unavailable`, the signal's reason. */
  readonly entered: Promise<void>;
  /** Settles when the log is followed no longer; rejects where it cannot be. */
  readonly following: Promise<void>;
}

export function createClusterMetadata(options: ClusterMetadataOptions): ClusterMetadata {
  const { connection, replicas, folder, clock, random, signal } = options;
  const logger = options.logger.child({ part: 'metadata' });
  const log = new JetStreamMetadataLog(connection);
  const cache = new MetadataCache({ folder: folder.path, clock, logger });
  const cached = cache.load(folder.clusterId);
  const metadata = new MetadataReplica({
    log,
    initial: cached,
    clock,
    random,
    logger,
    compactEvents: options.compactEvents,
  });
  cache.follow(metadata);
  const find = async () => {
    await ensureClusterStreams(connection, { replicas, signal });
  };
  const isRetryable = (error: unknown) => error instanceof TributaryError && error.retryable;
  const isTransient = (error: unknown) => cached !== undefined && isRetryable(error);
  const around = { name: 'entry into the cluster', clock, random, logger, signal };
  const untilDone = <T>(body: () => Promise<T>) =>
    retryUntilDone(body, { ...around, isTransient: isRetryable });
  const agree = async () => {
    const owner = { path: folder.path, clusterId: folder.clusterId ?? cached?.clusterId };
    const nats = new NatsClusterId(connection);
    const id = await agreeOnCluster({ log, nats, folder: owner, random }, signal);
    assertNotAhead(cached, await log.lastSequence(), folder.path);
    return id;
  };
  const agreed = retryUntilDone(find, { ...around, isTransient }).then(() => untilDone(agree));
  const following = agreed.then(() => metadata.run(signal));
  const enter = async () => {
    const id = await agreed;
    await untilDone(async () => {
      await metadata.sync(signal);
      await foundCluster(metadata, id, signal);
    });
    folder.keepCluster(id);
  };
  const entered = enter();
  // Who needs them waits for them later; a failure that comes before is not to end the process by itself.
  for (const each of [entered, following]) each.catch(() => {});
  return {
    metadata,
    remembers: cached !== undefined,
    entered,
    following,
    [Symbol.dispose]: () => cache[Symbol.dispose](),
  };
}
