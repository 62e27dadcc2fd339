// What a peer does apart from answering: runs until the peer stops. If a part ends in an error, the peer has failed.

import { type Logger, TributaryError } from '@tributary/runtime';

export class Background implements AsyncDisposable {
  readonly #logger: Logger;
  readonly #stopping = new AbortController();
  readonly #failure = Promise.withResolvers<never>();
  readonly #work: Promise<void>[] = [];

  constructor(logger: Logger) {
    this.#logger = logger;
    this.#failure.promise.catch(() => {});
  }

  /** Aborts when the peer stops. */
  get signal(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Rejects when a part ends in an error before the peer stops; never resolves. */
  get failed(): Promise<never> {
    return this.#failure.promise;
  }

  run(part: string, work: Promise<void>): void {
    const guarded = work.catch((error) => {
      if (this.#stopping.signal.aborted) return;
      this.#logger.error({ error, part }, 'a part of the peer failed');
      this.#failure.reject(error);
    });
    this.#work.push(guarded);
  }

  /** Tells every part to end; idempotent. */
  stop(): void {
    this.#stopping.abort(new TributaryError('cancelled', 'the peer stops'));
  }

  /** Stops, and resolves when every part has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    await Promise.all(this.#work);
  }
}
