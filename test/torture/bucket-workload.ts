// Writers, each with buckets of its own, and searchers, over plain HTTP as any client would, until they are stopped.
//
// 200 is acknowledged, 503 of a single request is refused (certainly not written), all else is of unknown outcome.
// After some acknowledged writes the writer reads its bucket back at a random peer with the write's token: what it then
// gets must be exactly the bucket's state.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '@tributary/runtime';
import { vectorOf } from '../cluster/history.ts';
import { Bucket, type Outcome, pointStateOf } from './bucket-model.ts';
import {
  batchOf,
  inBucket,
  randomChange,
  requestOf,
  type UpdateRequest,
} from './bucket-requests.ts';

export interface BucketWorkloadOptions {
  readonly urls: readonly string[];
  readonly collection: string;
  readonly random: Random;
  /** Unique among the workloads of a run; buckets are named after it. */
  readonly round: number;
  readonly writers: number;
  readonly searchers: number;
}

export interface BucketReport {
  acknowledged: number;
  refused: number;
  unknown: number;
  retried: number;
  tokenReads: number;
  tokenReadsFailed: number;
  searches: number;
  searchesFailed: number;
  /** What must not be: wrong answers to correct requests. */
  readonly violations: string[];
}

const KEYS_PER_BUCKET = 24;
const SERVER_TIMEOUT_SEC = 8;
const CLIENT_TIMEOUT_MS = 15_000;
const CHANGES_PER_BUCKET = 60;
/** Room for the keys of so many buckets a round. */
const BUCKETS_MAX = 10_000;

export class BucketWorkload {
  readonly buckets: Bucket[] = [];
  readonly #options: BucketWorkloadOptions;
  readonly #loops: Promise<void>[];
  readonly #report: BucketReport = {
    acknowledged: 0,
    refused: 0,
    unknown: 0,
    retried: 0,
    tokenReads: 0,
    tokenReadsFailed: 0,
    searches: 0,
    searchesFailed: 0,
    violations: [],
  };
  #isStopped = false;
  #nextValue: number;

  constructor(options: BucketWorkloadOptions) {
    this.#options = options;
    this.#nextValue = options.round * 10_000_000;
    const loops = (count: number, run: (index: number) => Promise<void>) =>
      Array.from({ length: count }, (_, index) =>
        run(index).catch((error) => void this.#report.violations.push(String(error))),
      );
    this.#loops = [
      ...loops(options.writers, (writer) => this.#write(writer)),
      ...loops(options.searchers, () => this.#search()),
    ];
  }

  /** Ends once every writer has finished the request it has begun. */
  async stop(): Promise<BucketReport> {
    this.#isStopped = true;
    await Promise.all(this.#loops);
    return this.#report;
  }

  async #write(writer: number): Promise<void> {
    while (!this.#isStopped) {
      const bucket = this.#newBucket(writer);
      for (let i = 0; i < CHANGES_PER_BUCKET && !this.#isStopped && !bucket.isRetired; i++) {
        await this.#changeOnce(bucket);
        if (this.#options.random.next() < 0.25) await this.#readBack(bucket);
      }
    }
  }

  #newBucket(writer: number): Bucket {
    const { round } = this.#options;
    const number = this.buckets.length;
    const firstKey = (round * BUCKETS_MAX + number) * KEYS_PER_BUCKET;
    const keys = Array.from({ length: KEYS_PER_BUCKET }, (_, i) => firstKey + i);
    const bucket = new Bucket(`${round}-${writer}-${number}`, keys);
    this.buckets.push(bucket);
    return bucket;
  }

  async #changeOnce(bucket: Bucket): Promise<void> {
    const { random } = this.#options;
    const change = () => randomChange(bucket, random, () => this.#nextValue++);
    const isBatch = random.next() < 0.2;
    // Marks of points that an earlier part of the batch may delete would be refused.
    const changes = isBatch
      ? [change(), change()].filter(({ kind }) => kind !== 'mark')
      : [change()];
    const [first] = changes;
    if (first === undefined) return;
    const request = isBatch ? batchOf(bucket, changes) : requestOf(bucket, first);
    const key = random.next() < 0.3 ? random.id() : undefined;
    const wait = random.next() < 0.6;
    let outcome = await this.#send(bucket, request, wait, key, isBatch);
    // With a key, asking again until there is an answer makes one write of it.
    for (let i = 0; i < 5 && key !== undefined && outcome !== 'acknowledged'; i++) {
      this.#report.retried++;
      await sleep(200);
      const again = await this.#send(bucket, request, wait, key, isBatch);
      // The first may still take effect where the second was refused.
      if (again === 'acknowledged') outcome = again;
      else if (outcome === 'refused') outcome = again;
    }
    this.#report[outcome]++;
    bucket.record(changes, outcome);
    if (outcome !== 'acknowledged') await sleep(100);
  }

  async #send(
    bucket: Bucket,
    request: UpdateRequest,
    wait: boolean,
    key: string | undefined,
    isBatch: boolean,
  ): Promise<Outcome> {
    const headers = key === undefined ? {} : { 'x-tributary-idempotency-key': key };
    const query = `?wait=${wait}&timeout=${SERVER_TIMEOUT_SEC}`;
    const answer = await this.#ask(request.method, request.path + query, request.body, headers);
    if (answer === undefined) return 'unknown';
    if (answer.status === 200) {
      const { result } = JSON.parse(answer.text);
      bucket.token = Number((isBatch ? result.at(-1) : result).operation_id);
      return 'acknowledged';
    }
    const isRefused = answer.status === 503 && !isBatch && answer.text.includes('unavailable');
    return isRefused ? 'refused' : 'unknown';
  }

  async #readBack(bucket: Bucket): Promise<void> {
    if (bucket.isRetired || bucket.token === undefined) return;
    this.#report.tokenReads++;
    const body = { filter: inBucket(bucket), limit: 1_000, with_vector: true };
    const headers = { 'x-tributary-min-sequence': String(bucket.token) };
    const answer = await this.#ask('POST', '/points/scroll?timeout=5', body, headers);
    if (answer?.status !== 200) {
      this.#report.tokenReadsFailed++;
      return;
    }
    const { points } = JSON.parse(answer.text).result;
    const held = new Map<number, ReturnType<typeof pointStateOf>>();
    for (const { id, payload, vector } of points) held.set(id, pointStateOf(payload, vector));
    const problem = bucket.problemWith(held);
    if (problem === '') return;
    this.#report.violations.push(`read with token ${bucket.token} at ${answer.url}: ${problem}`);
  }

  async #search(): Promise<void> {
    const { random } = this.#options;
    while (!this.#isStopped) {
      const vector = vectorOf(random.integer(Math.max(1, this.#nextValue)));
      const body = { vector, limit: 5, with_payload: true, with_vector: true };
      this.#report.searches++;
      const answer = await this.#ask('POST', '/points/search?timeout=3', body, {});
      if (answer?.status === 200) {
        for (const each of JSON.parse(answer.text).result) pointStateOf(each.payload, each.vector);
        await sleep(10);
      } else {
        this.#report.searchesFailed++;
        await sleep(50);
      }
    }
  }

  /** At a random peer; undefined where there is no answer. */
  async #ask(
    method: string,
    path: string,
    body: object,
    headers: Readonly<Record<string, string>>,
  ): Promise<{ status: number; text: string; url: string } | undefined> {
    const { urls, random, collection } = this.#options;
    const url = `${urls[random.integer(urls.length)]}/collections/${collection}${path}`;
    try {
      const response = await fetch(url, {
        method,
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(CLIENT_TIMEOUT_MS),
      });
      const { status } = response;
      const text = await response.text();
      if (status >= 400 && status < 500 && status !== 408) {
        this.#report.violations.push(`refused: ${status} ${text} ${url} ${JSON.stringify(body)}`);
      }
      return { status, text, url };
    } catch {
      return undefined;
    }
  }
}
