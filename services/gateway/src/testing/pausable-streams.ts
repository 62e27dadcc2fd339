// Streams whose readers give nothing while they are paused: what follows them lags.

import type { CollectionId, Sequence, ShardId } from '@tributary/model';
import { systemClock } from '@tributary/runtime';
import type { DeadLetter, ShardReader, WriteStream, WriteStreams } from '@tributary/stream';

const LOOK_AGAIN_MS = 5;

export class PausableStreams implements WriteStreams {
  readonly #streams: WriteStreams;
  readonly #isPaused: () => boolean;

  constructor(streams: WriteStreams, isPaused: () => boolean) {
    this.#streams = streams;
    this.#isPaused = isPaused;
  }

  async create(collection: CollectionId): Promise<WriteStream> {
    return this.#pausable(await this.#streams.create(collection));
  }

  open(collection: CollectionId, generation: number): WriteStream {
    return this.#pausable(this.#streams.open(collection, generation));
  }

  remove(collection: CollectionId): Promise<void> {
    return this.#streams.remove(collection);
  }

  deadLetter(letter: DeadLetter): Promise<void> {
    return this.#streams.deadLetter(letter);
  }

  #pausable(stream: WriteStream): WriteStream {
    return {
      collection: stream.collection,
      append: (messages, signal) => stream.append(messages, signal),
      openReader: (shard, after) => this.#openReader(stream, shard, after),
      head: () => stream.head(),
      shardHead: (shard) => stream.shardHead(shard),
      get: (wanted) => stream.get(wanted),
      purge: (upTo) => stream.purge(upTo),
    };
  }

  async #openReader(stream: WriteStream, shard: ShardId, after: Sequence): Promise<ShardReader> {
    const reader = await stream.openReader(shard, after);
    return {
      next: async (options) => {
        // What a read that began before the pause finds is not given either.
        const messages = await reader.next(options);
        while (this.#isPaused()) await systemClock.sleep(LOOK_AGAIN_MS, options.signal);
        return messages;
      },
      close: () => reader.close(),
      [Symbol.asyncDispose]: () => reader.close(),
    };
  }
}
