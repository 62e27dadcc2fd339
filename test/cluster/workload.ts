// Writers and searchers that keep a cluster busy while it is being broken, over plain HTTP as any client would.
//
// A writer owns its keys and changes them one request at a time, so the history of a key is a sequence. A request that
// is answered 200 is acknowledged; one that fails in any other way is of unknown outcome.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '@tributary/runtime';
import { type History, type Outcome, vectorOf } from './history.ts';

export interface WorkloadOptions {
  /** REST addresses of the peers; a writer moves to the next when a request fails. */
  readonly urls: readonly string[];
  readonly collection: string;
  readonly history: History;
  readonly random: Random;
  readonly writers: number;
  readonly keysPerWriter: number;
  readonly searchers: number;
  /** A gap is waited for to its end, so long at most, in milliseconds. */
  readonly gapMaxMs: number;
}

export interface WorkloadReport {
  readonly requests: number;
  readonly failures: number;
  readonly searches: number;
  readonly searchFailures: number;
  /** Longest time in which no search of a searcher succeeded, in milliseconds. */
  readonly searchGapMs: number;
  /** Longest time between two acknowledgements of a writer, in milliseconds. */
  readonly writeGapMs: number;
}

const REQUEST_TIMEOUT_MS = 12_000;
const SEARCH_TIMEOUT_MS = 3_000;

/**
 * Runs until `stop()` is called. Then every writer finishes the request it has begun, and whoever has not been answered
 * since goes on until that is so: a gap would else end with the workload, and no one would have seen it.
 */
export class Workload {
  readonly #options: WorkloadOptions;
  readonly #loops: Promise<void>[] = [];
  #stoppedMs = Number.POSITIVE_INFINITY;
  #nextValue = 1;
  #requests = 0;
  #failures = 0;
  #searches = 0;
  #searchFailures = 0;
  #searchGapMs = 0;
  #writeGapMs = 0;

  constructor(options: WorkloadOptions) {
    this.#options = options;
    for (let i = 0; i < options.writers; i++) this.#loops.push(this.#write(i));
    for (let i = 0; i < options.searchers; i++) this.#loops.push(this.#search(i));
  }

  /** Requests acknowledged so far. */
  get acknowledged(): number {
    return this.#requests - this.#failures;
  }

  async stop(): Promise<WorkloadReport> {
    this.#stoppedMs = performance.now();
    await Promise.all(this.#loops);
    return {
      requests: this.#requests,
      failures: this.#failures,
      searches: this.#searches,
      searchFailures: this.#searchFailures,
      searchGapMs: Math.round(this.#searchGapMs),
      writeGapMs: Math.round(this.#writeGapMs),
    };
  }

  async #write(writer: number): Promise<void> {
    const { random, keysPerWriter, urls, collection } = this.#options;
    let peer = writer;
    let lastMs = performance.now();
    while (this.#goesOn(lastMs)) {
      const keys = new Set<number>();
      const size = 1 + random.integer(16);
      while (keys.size < size) keys.add(writer * keysPerWriter + random.integer(keysPerWriter));
      const wait = random.next() < 0.5;
      const isDelete = random.next() < 0.2;
      const url = `${urls[peer % urls.length]}/collections/${collection}/points`;
      const values = new Map(
        [...keys].map((key) => [key, isDelete ? undefined : this.#nextValue++]),
      );
      const acknowledged = isDelete
        ? await this.#send('POST', `${url}/delete?wait=${wait}`, { points: [...keys] })
        : await this.#send('PUT', `${url}?wait=${wait}`, { points: points(values) });
      const outcome: Outcome = acknowledged ? 'acknowledged' : 'unknown';
      for (const [key, value] of values) this.#options.history.record({ key, value, outcome });
      this.#requests++;
      if (acknowledged) {
        this.#writeGapMs = Math.max(this.#writeGapMs, performance.now() - lastMs);
        lastMs = performance.now();
      } else {
        this.#failures++;
        peer++;
        await sleep(100);
      }
    }
    this.#writeGapMs = Math.max(this.#writeGapMs, performance.now() - lastMs);
  }

  #goesOn(lastMs: number): boolean {
    const nowMs = performance.now();
    if (nowMs < this.#stoppedMs) return true;
    return lastMs < this.#stoppedMs && nowMs - lastMs < this.#options.gapMaxMs;
  }

  async #search(searcher: number): Promise<void> {
    const { random, urls, collection } = this.#options;
    let peer = searcher;
    let lastMs = performance.now();
    while (this.#goesOn(lastMs)) {
      const url = `${urls[peer % urls.length]}/collections/${collection}/points/search`;
      const body = { vector: vectorOf(random.integer(this.#nextValue)), limit: 5 };
      this.#searches++;
      if (await this.#send('POST', url, body, SEARCH_TIMEOUT_MS)) {
        this.#searchGapMs = Math.max(this.#searchGapMs, performance.now() - lastMs);
        lastMs = performance.now();
        peer++;
        await sleep(10);
      } else {
        this.#searchFailures++;
        peer++;
        await sleep(10);
      }
    }
    this.#searchGapMs = Math.max(this.#searchGapMs, performance.now() - lastMs);
  }

  async #send(
    method: string,
    url: string,
    body: unknown,
    timeoutMs = REQUEST_TIMEOUT_MS,
  ): Promise<boolean> {
    try {
      const response = await fetch(url, {
        method,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(timeoutMs),
      });
      const text = await response.text();
      if (response.status >= 400 && response.status < 500 && response.status !== 408) {
        throw new RangeError(`a correct request was refused: ${response.status} ${text}`);
      }
      return response.status === 200;
    } catch (error) {
      if (error instanceof RangeError) throw error;
      return false;
    }
  }
}

function points(values: ReadonlyMap<number, number | undefined>): unknown[] {
  return [...values].map(([id, value]) => ({
    id,
    vector: vectorOf(value ?? 0),
    payload: { value },
  }));
}
