// The id of the cluster that a NATS cluster serves, in the bucket of metadata snapshots. It stands beside META, not in
// it: where one of the two was replaced or restored from elsewhere, they differ, and peers refuse to start.

import { type ClusterId, clusterId } from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import { openBucket, SNAPSHOT_BUCKET } from './cluster-streams.ts';
import type { Connection } from './connection.ts';
import { API_ERROR, isApiError, readError } from './nats-error.ts';

const KEY = 'cluster-id';

export class NatsClusterId {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Undefined before the first peer claimed the servers. Errors: `unavailable`, `corrupt`. */
  async read(): Promise<ClusterId | undefined> {
    const entry = await this.#ask(async () => {
      const bucket = await openBucket(this.#connection, SNAPSHOT_BUCKET);
      return await bucket.get(KEY);
    });
    if (entry?.operation !== 'PUT') return undefined;
    try {
      return clusterId(entry.string());
    } catch (cause) {
      throw new TributaryError('corrupt', `bucket ${SNAPSHOT_BUCKET} has no readable cluster id`, {
        cause,
      });
    }
  }

  /** Of several that claim at once the first wins; resolves to its id. */
  async claim(id: ClusterId): Promise<ClusterId> {
    const isFirst = await this.#ask(async () => {
      const bucket = await openBucket(this.#connection, SNAPSHOT_BUCKET);
      try {
        await bucket.create(KEY, id);
        return true;
      } catch (error) {
        if (isApiError(error, API_ERROR.wrongLastSequence)) return false;
        if (isApiError(error, API_ERROR.wrongLastSequenceUnknown)) return false;
        throw error;
      }
    });
    if (isFirst) return id;
    const winner = await this.read();
    if (winner === undefined) throw new TributaryError('unavailable', 'the cluster id is gone');
    return winner;
  }

  async #ask<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await this.#connection.whileConnected(call());
    } catch (error) {
      throw readError(error, 'the cluster id');
    }
  }
}
