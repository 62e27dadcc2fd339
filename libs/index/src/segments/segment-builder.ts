// Builds segments on a thread of its own, one at a time, for all indexes of a worker.
//
//   index ──build(task)──► queue ──its turn──► task ──run(job)──► thread
//
// A task has the builder to itself from its turn to its end, so that an index holds its rows only
// while it is served.

import { Worker } from 'node:worker_threads';
import { assert, type Logger, TributaryError } from '@tributary/runtime';
import type { SegmentJob, SegmentResult } from './segment-job.ts';

const QUEUE_MAX = 4_096;

export type RunSegmentJob = (job: SegmentJob) => Promise<SegmentResult>;

export interface SegmentBuilder extends AsyncDisposable {
  /**
   * Waits for its turn and runs `task`. Rejects with what the task rejects with, with `cancelled`
   * where the signal aborts or the builder closes before its turn, with `unavailable` where the
   * queue is full.
   */
  build(task: (run: RunSegmentJob) => Promise<void>, signal: AbortSignal): Promise<void>;
  /** Waits for the task in turn and ends the thread; idempotent. */
  close(): Promise<void>;
}

export interface SegmentBuilderOptions {
  readonly logger: Logger;
  /** Tasks that may wait; default 4,096. */
  readonly queueMax?: number;
}

export function createSegmentBuilder(options: SegmentBuilderOptions): SegmentBuilder {
  return new ThreadSegmentBuilder(options);
}

interface Waiting {
  readonly start: () => void;
  readonly refuse: (reason: TributaryError) => void;
}

class ThreadSegmentBuilder implements SegmentBuilder {
  readonly #logger: Logger;
  readonly #queueMax: number;
  readonly #waiting = new Set<Waiting>();
  #worker: Worker | undefined;
  #turn: Promise<void> | undefined;
  #closed = false;

  constructor(options: SegmentBuilderOptions) {
    this.#logger = options.logger;
    this.#queueMax = options.queueMax ?? QUEUE_MAX;
  }

  async build(task: (run: RunSegmentJob) => Promise<void>, signal: AbortSignal): Promise<void> {
    await this.#waitForTurn(signal);
    const work = this.#closed ? Promise.reject(cancelled()) : task((job) => this.#run(job));
    this.#turn = work.then(
      () => {},
      () => {},
    );
    try {
      await work;
    } finally {
      this.#turn = undefined;
      this.#startNext();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const waiting of this.#waiting) waiting.refuse(cancelled());
    await this.#turn;
    await this.#worker?.terminate();
    this.#worker = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #waitForTurn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closed || signal.aborted) return reject(cancelled());
      if (this.#waiting.size >= this.#queueMax) {
        return reject(new TributaryError('unavailable', 'too many segments wait to be built'));
      }
      const leave = () => {
        signal.removeEventListener('abort', onAbort);
        this.#waiting.delete(waiting);
      };
      const waiting: Waiting = {
        start: () => {
          leave();
          resolve();
        },
        refuse: (reason) => {
          leave();
          reject(reason);
        },
      };
      const onAbort = () => waiting.refuse(cancelled());
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.add(waiting);
      this.#startNext();
    });
  }

  #startNext(): void {
    if (this.#turn !== undefined) return;
    const [next] = this.#waiting;
    if (next === undefined) return;
    // Until the task itself stands here: no one else may start in between.
    this.#turn = Promise.resolve();
    next.start();
  }

  #run(job: SegmentJob): Promise<SegmentResult> {
    this.#worker ??= this.#startWorker();
    const worker = this.#worker;
    worker.ref();
    return new Promise((resolve) => {
      const settle = (result: SegmentResult) => {
        worker.off('message', settle);
        worker.off('exit', onExit);
        worker.unref();
        resolve(result);
      };
      const onExit = () => {
        const message = 'the builder thread ended';
        settle({ kind: 'failed', code: 'internal', message });
      };
      worker.on('message', settle);
      worker.on('exit', onExit);
      worker.postMessage(job);
    });
  }

  #startWorker(): Worker {
    assert(!this.#closed, 'a closed builder starts no thread');
    const worker = new Worker(new URL('./segment-build-thread.ts', import.meta.url), {
      name: 'segment-builder',
    });
    worker.on('error', (error) => this.#logger.error({ error }, 'the builder thread failed'));
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = undefined;
    });
    return worker;
  }
}

function cancelled(): TributaryError {
  return new TributaryError('cancelled', 'the segment is not wanted any more');
}
