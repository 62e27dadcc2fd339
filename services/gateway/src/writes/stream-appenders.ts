// The appender of each stream that is written to: one for each collection and generation of its shards, as the entries
// of a generation have subjects of their own.
//
// Invariant: a write for one generation never goes through, or waits for, the appender of another.

import { createHash } from 'node:crypto';
import type { CollectionState } from '@tributary/metadata';
import type { CollectionId, PointOperation } from '@tributary/model';
import {
  type Clock,
  type Random,
  type SpanDetails,
  type Tracer,
  TributaryError,
} from '@tributary/runtime';
import { BatchingAppender, type WriteStreams } from '@tributary/stream';

export interface StreamAppendersOptions {
  readonly streams: WriteStreams;
  readonly clock: Clock;
  readonly random: Random;
  readonly tracer?: Tracer | undefined;
}

type Placed = Pick<CollectionState, 'id' | 'shardMap'>;

export class StreamAppenders implements AsyncDisposable {
  readonly #options: StreamAppendersOptions;
  readonly #appenders = new Map<string, BatchingAppender>();

  constructor(options: StreamAppendersOptions) {
    this.#options = options;
  }

  of(collection: Placed): BatchingAppender {
    const key = keyOf(collection);
    const present = this.#appenders.get(key);
    if (present !== undefined) return present;
    const { streams, clock, random, tracer } = this.#options;
    const stream = streams.open(collection.id, collection.shardMap.generation);
    const currentTrace = tracer && (() => tracer.current());
    const appender = new BatchingAppender({
      ...{ stream, clock, random },
      ...(currentTrace && { currentTrace }),
    });
    this.#appenders.set(key, appender);
    return appender;
  }

  /** Lets go of those of other collections, and of other generations; what waits in them is not written. */
  retain(collections: Iterable<Placed>): void {
    const kept = new Set(Array.from(collections, keyOf));
    for (const [key, appender] of this.#appenders) {
      if (kept.has(key)) continue;
      this.#appenders.delete(key);
      const gone = 'the collection was deleted, or its shards were placed again';
      // What it still has in flight is refused by its own error.
      appender.close(new TributaryError('unavailable', gone)).catch(() => {});
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const appenders = [...this.#appenders.values()];
    this.#appenders.clear();
    await Promise.all(appenders.map((appender) => appender.close()));
  }
}

function keyOf({ id, shardMap }: Placed): string {
  return `${shardMap.generation}/${id}`;
}

/** Whether what is written for the one is where the other is read. */
export function isSameStream(a: Placed, b: Placed): boolean {
  return keyOf(a) === keyOf(b);
}

export function appendSpan({ id, name }: CollectionState, { kind }: PointOperation): SpanDetails {
  return {
    name: `append ${kind}`,
    kind: 'producer',
    attributes: {
      'messaging.system': 'nats',
      'tributary.collection': id,
      'tributary.collection.name': name,
    },
  };
}

/**
 * The id of the last message of the write, so that the stream itself refuses a second one, at any peer; keys kept
 * here (rejected) would be forgotten with the peer. Keys of different collections are different writes, and a key may
 * be longer than a message id should be.
 */
export function operationIdOf(
  collection: CollectionId,
  key: string | undefined,
): string | undefined {
  if (key === undefined) return undefined;
  return createHash('sha256').update(`${collection}/${key}`).digest('base64url');
}
