// One worker, started again when it crashes, later each time.
//
//   running ──(crashed)──► waiting ──► running …        running or waiting ──stop──► stopped

import {
  backoffMs,
  type Clock,
  type Logger,
  pause,
  type Random,
  TributaryError,
} from '@tributary/runtime';
import { type StartWorker, WorkerLink, type WorkerProcess } from './worker-link.ts';
import type { FromWorker } from './worker-protocol.ts';

export interface SupervisedWorkerOptions {
  readonly index: number;
  readonly startWorker: StartWorker;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** What the worker says beside answers to calls. */
  readonly onMessage: (message: FromWorker) => void;
  /** Nothing it held answers any more. */
  readonly onCrashed: () => void;
  /** It runs again and holds nothing. */
  readonly onRestarted: () => void;
}

const RESTART = { minMs: 100, maxMs: 10_000 };
const HEALTHY_AFTER_MS = 30_000;
const STOP_WITHIN_MS = 5_000;

export class SupervisedWorker {
  readonly #options: SupervisedWorkerOptions;
  readonly #stopping = new AbortController();
  readonly #stopped = Promise.withResolvers<void>();
  #process: WorkerProcess;
  #link: WorkerLink;
  #startedMs = 0;
  #crashes = 0;

  constructor(options: SupervisedWorkerOptions) {
    this.#options = options;
    this.#process = this.#launch();
    this.#link = this.#linkTo(this.#process);
  }

  /** To the worker as it runs now; calls fail while it is down. */
  get link(): WorkerLink {
    return this.#link;
  }

  /** Lets it close what it holds, within 5 s, and ends it. Call once. */
  async stop(): Promise<void> {
    this.#stopping.abort(new TributaryError('cancelled', 'the peer stops'));
    this.#link.post({ kind: 'stop' });
    const timer = new AbortController();
    const late = pause(this.#options.clock, STOP_WITHIN_MS, timer.signal);
    await Promise.race([this.#stopped.promise, late]);
    timer.abort();
    this.#link.close('the peer stops');
    await this.#process.terminate();
  }

  #launch(): WorkerProcess {
    const { startWorker, index, clock } = this.#options;
    this.#startedMs = clock.monotonicMs();
    return startWorker(index, {
      onMessage: (message) => this.#receive(message),
      onGone: (reason) => void this.#restart(reason),
    });
  }

  #linkTo(process: WorkerProcess): WorkerLink {
    return new WorkerLink(process, `worker ${this.#options.index}`);
  }

  #receive(message: FromWorker): void {
    if (message.kind === 'bytes') this.#link.take(message.bytes);
    else if (message.kind === 'stopped') this.#stopped.resolve();
    else this.#options.onMessage(message);
  }

  async #restart(reason: Error): Promise<void> {
    const { signal } = this.#stopping;
    if (signal.aborted) return;
    const { clock, random, logger, index } = this.#options;
    const ranMs = clock.monotonicMs() - this.#startedMs;
    this.#crashes = ranMs > HEALTHY_AFTER_MS ? 1 : this.#crashes + 1;
    const retryInMs = backoffMs(RESTART, this.#crashes, random);
    logger.error({ error: reason, worker: index, retryInMs }, 'worker crashed');
    this.#link.close('the worker crashed');
    this.#options.onCrashed();
    await pause(clock, retryInMs, signal);
    if (signal.aborted) return;
    this.#process = this.#launch();
    this.#link = this.#linkTo(this.#process);
    this.#options.onRestarted();
  }
}
