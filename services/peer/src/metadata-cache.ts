// The peer's last fold of the metadata, kept in its data folder. With it a peer that starts while JetStream has no
// leader opens its replicas and answers reads at once; it follows the log as soon as there is one.
//
// Only a cache: the log is the truth, a cache that cannot be read is thrown away, and one that is ahead of the log
// stops the peer before it could drop anything: the log has lost events.

import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { decodeState, encodeState, type Metadata, type MetadataState } from '@tributary/metadata';
import type { ClusterId } from '@tributary/model';
import { type Clock, type Logger, replaceFile, TributaryError } from '@tributary/runtime';

const FILE = 'metadata.cache';
/** Changes come in bursts; the last of a burst is what matters. */
const WRITE_AFTER_MS = 100;

export class MetadataCache implements Disposable {
  readonly #file: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #closed = new AbortController();
  #subscription: Disposable | undefined;
  #pending: MetadataState | undefined;

  constructor(options: { folder: string; clock: Clock; logger: Logger }) {
    this.#file = join(options.folder, FILE);
    this.#clock = options.clock;
    this.#logger = options.logger;
  }

  /**
   * Undefined where there is none that can be read, or only one of another cluster than the folder's, where that is
   * known.
   */
  load(cluster?: ClusterId): MetadataState | undefined {
    try {
      const state = decodeState(readFileSync(this.#file));
      if (cluster === undefined || state.clusterId === cluster) return state;
      throw new TributaryError('corrupt', `it is of cluster ${state.clusterId}, not ${cluster}`);
    } catch (error) {
      if (!(error instanceof TributaryError)) return undefined;
      this.#logger.warn({ error }, 'the cached metadata cannot be read: going without it');
      rmSync(this.#file, { force: true });
      return undefined;
    }
  }

  /** From now on keeps what the peer folds. */
  follow(metadata: Metadata): void {
    this.#subscription = metadata.subscribe((state) => {
      const isWaiting = this.#pending !== undefined;
      this.#pending = state;
      if (isWaiting) return;
      const { signal } = this.#closed;
      this.#clock.sleep(WRITE_AFTER_MS, signal).then(
        () => this.#write(),
        () => {},
      );
    });
  }

  [Symbol.dispose](): void {
    this.#subscription?.[Symbol.dispose]();
    this.#closed.abort();
    this.#write();
  }

  #write(): void {
    const state = this.#pending;
    if (state === undefined) return;
    this.#pending = undefined;
    try {
      replaceFile(this.#file, encodeState(state));
    } catch (error) {
      this.#logger.warn({ error }, 'the metadata could not be cached');
    }
  }
}

/** Errors: `precondition_failed` where what the peer remembers is ahead of what the cluster has. */
export function assertNotAhead(
  cached: MetadataState | undefined,
  lastSequence: number,
  folder: string,
): void {
  if (cached === undefined || cached.sequence <= lastSequence) return;
  throw new TributaryError(
    'precondition_failed',
    `data folder ${folder} is ahead of its cluster: it has seen metadata event ${cached.sequence}, ` +
      `META ends at ${lastSequence}; restore META, or start with an empty data folder`,
  );
}
