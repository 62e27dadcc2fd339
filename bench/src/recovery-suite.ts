// Question: how long is a peer away, when it starts again on its data, and when it has only the stream?
//
// Napkin: loading 50,000 vectors of 128 dimensions from RocksDB takes 0.3 s; replay decodes, hashes and stores at
// about 30 µs a vector, so 30,000 a second on one thread.

import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSet } from './clustered-vectors.ts';
import type { DatabaseClient } from './database-client.ts';
import { type SystemUnderTest, settled } from './system-under-test.ts';

export interface RecoveryResult {
  /** From the start of the process on its data to the first right answer, in milliseconds. */
  readonly restartMs: number;
  /** The same with nothing but the stream to start from. */
  readonly replayMs: number;
  /** Vectors a second, the start of the process taken off. */
  readonly replayedPerSecond: number;
  /** From the start of the process to its first answer of any kind. */
  readonly bootMs: number;
  /** Resident memory of the restarted peer with its graph loaded, beyond that of an empty one. */
  readonly restartedBytesPerVector: number;
}

const POLL_MS = 5;

export async function runRecovery(
  system: SystemUnderTest,
  client: DatabaseClient,
  collection: string,
  data: DataSet,
  emptyBytes: number,
): Promise<RecoveryResult> {
  const search = client.searcher('gRPC', data, { collection, limit: 1, ef: 64 });
  const untilWhole = async (bootedMs: number) => {
    for (;;) {
      if ((await pointsNow(client, collection)) === data.count) break;
      await sleep(POLL_MS);
    }
    await search(0);
    return performance.now() - bootedMs;
  };
  await system.killPeer({ empty: false });
  let startedMs = performance.now();
  const restarting = system.peer.start();
  const restartBootMs = await firstAnswer(client, startedMs);
  const restartMs = restartBootMs + (await untilWhole(performance.now()));
  await restarting;
  await settled(client, collection, data.count);
  const restartedBytes = system.residentBytes();
  await system.killPeer({ empty: true });
  startedMs = performance.now();
  const replaying = system.peer.start();
  const bootMs = await firstAnswer(client, startedMs);
  const afterBootMs = await untilWhole(performance.now());
  await replaying;
  return {
    restartMs,
    replayMs: bootMs + afterBootMs,
    replayedPerSecond: (data.count * 1_000) / afterBootMs,
    bootMs,
    restartedBytesPerVector: (restartedBytes - emptyBytes) / data.count,
  };
}

async function firstAnswer(client: DatabaseClient, startedMs: number): Promise<number> {
  for (;;) {
    try {
      await client.json('GET', '/collections');
      return performance.now() - startedMs;
    } catch {
      await sleep(POLL_MS);
    }
  }
}

async function pointsNow(client: DatabaseClient, collection: string): Promise<number> {
  try {
    const path = `/collections/${collection}/points/count`;
    return Number(Object(await client.json('POST', path, { exact: true })).count);
  } catch {
    return 0;
  }
}
