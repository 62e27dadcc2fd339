// The streams and buckets that a cluster has once, for all its collections: META, dead letters, and the buckets of
// metadata snapshots and of the lease.

import type { StreamConfig } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import { TributaryError } from '@tributary/runtime';
import type { Connection } from './connection.ts';
import { DEAD_LETTER_STREAM } from './jetstream-write-streams.ts';
import { API_ERROR, isApiError, readError } from './nats-error.ts';

export const META_STREAM = 'META';
export const META_SUBJECT = 'meta.event';
export const SNAPSHOT_BUCKET = 'META_SNAPSHOT';
export const LEASE_BUCKET = 'LEASE';

const READY_FOR_MS = 60_000;
const RETRY_MS = 200;

/**
 * Creates what is missing, trying until JetStream can: a cluster that has just been started has no leader yet.
 * Idempotent. Errors: `unavailable` where it cannot within `readyForMs`.
 */
export async function ensureClusterStreams(
  connection: Connection,
  options: {
    readonly replicas: 1 | 3;
    readonly readyForMs?: number;
    readonly signal?: AbortSignal;
  },
): Promise<void> {
  const { clock } = connection;
  const giveUpMs = clock.monotonicMs() + (options.readyForMs ?? READY_FOR_MS);
  for (;;) {
    options.signal?.throwIfAborted();
    try {
      await createAll(connection, options.replicas);
      return;
    } catch (error) {
      if (clock.monotonicMs() > giveUpMs) {
        throw new TributaryError('unavailable', 'JetStream is not ready', {
          cause: readError(error, 'create the streams of the cluster'),
        });
      }
    }
    await clock.sleep(RETRY_MS, options.signal);
  }
}

export async function openBucket(connection: Connection, name: string): Promise<KV> {
  connection.assertConnected();
  return await connection.whileConnected(
    new Kvm(connection.jetstream).open(name, { allow_direct: false }),
  );
}

async function createAll(connection: Connection, replicas: number): Promise<void> {
  const common = { storage: 'file', num_replicas: replicas, allow_direct: true } as const;
  await createStream(connection, {
    ...common,
    name: META_STREAM,
    subjects: [META_SUBJECT],
    discard: 'new',
    deny_delete: true,
  });
  await createStream(connection, {
    ...common,
    name: DEAD_LETTER_STREAM,
    subjects: [`${DEAD_LETTER_STREAM}.*.*`],
    discard: 'new',
  });
  for (const bucket of [SNAPSHOT_BUCKET, LEASE_BUCKET]) {
    const creating = new Kvm(connection.jetstream).create(bucket, {
      replicas,
      history: 1,
      allow_direct: false,
    });
    await connection.whileConnected(creating);
  }
}

async function createStream(
  connection: Connection,
  config: Partial<StreamConfig> & { readonly name: string },
): Promise<void> {
  const manager = await connection.manager();
  try {
    await connection.whileConnected(manager.streams.add(config));
  } catch (error) {
    if (!isApiError(error, API_ERROR.streamNameInUse)) throw error;
  }
}
