// Question: what do small searches wait beside one answer of 60 MB, and beside 30 clients that ask for as much and
// never read? And does the memory of those come back?
//
// Napkin: the answer is written in slices of 4 ms, and a search passes the main thread three or four times: 15 ms at
// worst.
// 30 clients hold 25 MB of points each until there is no more room, 512 MiB in all; nothing once they are gone.

import http from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from './closed-loop.ts';
import { clusteredVectors, rowOf } from './clustered-vectors.ts';
import type { DatabaseClient } from './database-client.ts';
import { atMost, type Goal } from './goals.ts';
import { SystemUnderTest } from './system-under-test.ts';

const LARGE = { count: 4_000, size: 1_536 };
const SMALL = { count: 1_000, size: 128, clusters: 50, spread: 0.7, queryCount: 100, seed: 1 };
const DEAF_CLIENTS = 30;
const DEAF_FOR_MS = 10_000;
const MEMORY_BACK_WITHIN_MS = 60_000;
/** What a peer may be larger by after a burst: the heap that V8 keeps for the next one. */
const MEMORY_BACK_BYTES = 200 * 1024 * 1024;
const SCROLL = JSON.stringify({ limit: LARGE.count, with_vector: true });
const MEBIBYTE = 1024 * 1024;

export interface BesideResult {
  readonly searches: number;
  readonly failures: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface BusyResult {
  readonly quiet: BesideResult;
  readonly besideScroll: BesideResult & { readonly scrollMs: number; readonly scrollBytes: number };
  readonly besideDeaf: BesideResult & {
    readonly memoryBackMs: number;
    readonly peakMebibytes: number;
  };
}

export async function runBusy(): Promise<BusyResult> {
  await using system = await SystemUnderTest.start();
  using client = system.connect();
  await fill(client);
  const quiet = await beside(client, () => sleep(3_000));
  let scroll = { ms: 0, bytes: 0 };
  const besideScroll = await beside(client, async () => {
    const startedMs = performance.now();
    const bytes = await bytesOfScroll(system.peer.url);
    scroll = { ms: performance.now() - startedMs, bytes };
  });
  const beforeBytes = system.residentBytes();
  const deaf: Socket[] = [];
  const besideDeaf = await beside(client, async () => {
    for (let i = 0; i < DEAF_CLIENTS; i++) deaf.push(deafClient(system.peer.url));
    await sleep(DEAF_FOR_MS);
  });
  const peakMebibytes = Math.round(system.residentBytes() / MEBIBYTE);
  for (const socket of deaf) socket.destroy();
  const memoryBackMs = await memoryBack(system, beforeBytes + MEMORY_BACK_BYTES);
  return {
    quiet,
    besideScroll: { ...besideScroll, scrollMs: scroll.ms, scrollBytes: scroll.bytes },
    besideDeaf: { ...besideDeaf, memoryBackMs, peakMebibytes },
  };
}

export function busyGoals({ besideScroll, besideDeaf }: BusyResult): Goal[] {
  return [
    atMost('small search beside a scroll of 60 MB: p99', 50, besideScroll.p99Ms, 'ms'),
    atMost('small searches beside a scroll of 60 MB: failures', 0, besideScroll.failures, ''),
    atMost('searches beside 30 clients that never read: failures', 0, besideDeaf.failures, ''),
    atMost(
      'memory back after 30 clients that never read',
      60,
      besideDeaf.memoryBackMs / 1_000,
      's',
    ),
  ];
}

async function fill(client: DatabaseClient): Promise<void> {
  const vectors = (size: number) => ({ vectors: { size, distance: 'Dot' } });
  await client.json('PUT', '/collections/large', vectors(LARGE.size));
  await client.json('PUT', '/collections/small', vectors(SMALL.size));
  const data = clusteredVectors(SMALL);
  for (let from = 0; from < SMALL.count; from += 250) {
    await client.upsert('small', data, from, from + 250, true);
  }
  for (let from = 0; from < LARGE.count; from += 100) {
    const points = Array.from({ length: 100 }, (_, i) => ({
      id: from + i,
      vector: Array.from({ length: LARGE.size }, (_value, j) =>
        Math.fround(Math.sin((from + i) * j + j)),
      ),
    }));
    await client.json('PUT', '/collections/large/points?wait=true', { points });
  }
}

/** Searches by two clients, one after the other each, while the work is done. */
async function beside(client: DatabaseClient, work: () => Promise<void>): Promise<BesideResult> {
  const data = clusteredVectors(SMALL);
  const latencies: number[] = [];
  let failures = 0;
  let isDone = false;
  const searching = [0, 1].map(async (offset) => {
    for (let i = offset; !isDone; i += 2) {
      const query = i % SMALL.queryCount;
      const vector = [...rowOf(data.queries, query, SMALL.size)];
      const startedMs = performance.now();
      await client
        .json('POST', '/collections/small/points/search', { vector, limit: 10 })
        .catch(() => failures++);
      latencies.push(performance.now() - startedMs);
      await sleep(2);
    }
  });
  await work();
  isDone = true;
  await Promise.all(searching);
  latencies.sort((a, b) => a - b);
  return {
    searches: latencies.length,
    failures,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    maxMs: latencies.at(-1) ?? Number.NaN,
  };
}

/** Counted as it comes, and not kept. */
function bytesOfScroll(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': SCROLL.length };
    const options = { method: 'POST', headers };
    const request = http.request(`${url}/collections/large/points/scroll`, options, (response) => {
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      response.on('end', () => resolve(bytes));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(SCROLL);
  });
}

function deafClient(url: string): Socket {
  const socket = connect(Number(new URL(url).port), '127.0.0.1').pause();
  socket.on('error', () => {});
  const head = 'POST /collections/large/points/scroll HTTP/1.1\r\nhost: x';
  socket.write(`${head}\r\ncontent-length: ${SCROLL.length}\r\n\r\n${SCROLL}`);
  return socket;
}

/** Infinite where it does not come back in twice the time there is. */
async function memoryBack(system: SystemUnderTest, belowBytes: number): Promise<number> {
  const startedMs = performance.now();
  while (performance.now() - startedMs < 2 * MEMORY_BACK_WITHIN_MS) {
    if (system.residentBytes() <= belowBytes) return performance.now() - startedMs;
    await sleep(250);
  }
  return Number.POSITIVE_INFINITY;
}
