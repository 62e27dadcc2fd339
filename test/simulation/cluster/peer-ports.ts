// What a simulated peer sees of META, the lease and the write streams: the common ones, through its own faults.

import type {
  Lease,
  LeaseStore,
  MetadataEvent,
  MetadataLog,
  SequencedEvent,
} from '@tributary/metadata';
import { type CollectionId, FIRST_GENERATION, type Sequence, type ShardId } from '@tributary/model';
import type { WriteStream, WriteStreams } from '@tributary/stream';
import { arriving, ask, change, type Surroundings } from './peer-faults.ts';

const RECONNECT_MS = 200;

export class PeerMetadataLog implements MetadataLog {
  readonly #inner: MetadataLog;
  readonly #around: Surroundings;
  /** Called with what the peer sends, before it is known what becomes of it. */
  readonly #onAppend: (event: MetadataEvent) => void;

  constructor(inner: MetadataLog, around: Surroundings, onAppend: (event: MetadataEvent) => void) {
    this.#inner = inner;
    this.#around = around;
    this.#onAppend = onAppend;
  }

  append(event: MetadataEvent, expected: Sequence): Promise<Sequence> {
    this.#onAppend(event);
    return change(this.#around, 'META event', async () => {
      const last = await this.#inner.lastSequence();
      if (last !== expected) this.#around.occurred('META event after another');
      return await this.#inner.append(event, expected);
    });
  }

  /** Events may come late; none while the peer is cut off. */
  async *follow(after: Sequence, signal: AbortSignal): AsyncIterable<SequencedEvent> {
    const { faults, clock, random, occurred, process } = this.#around;
    for await (const event of this.#inner.follow(after, signal)) {
      if (faults.foldDelayMs > 0) {
        occurred('META event folded late');
        await clock.sleep(random.integer(faults.foldDelayMs));
      }
      while (faults.isCutOff) await clock.sleep(RECONNECT_MS);
      await process.awake();
      if (signal.aborted) return;
      yield event;
    }
  }

  lastSequence(): Promise<Sequence> {
    return ask(this.#around, () => this.#inner.lastSequence());
  }

  loadSnapshot() {
    return ask(this.#around, () => this.#inner.loadSnapshot());
  }

  storeSnapshot(state: Parameters<MetadataLog['storeSnapshot']>[0]): Promise<void> {
    return change(this.#around, 'META snapshot', () => this.#inner.storeSnapshot(state));
  }
}

export class PeerLeaseStore implements LeaseStore {
  readonly #inner: LeaseStore;
  readonly #around: Surroundings;

  constructor(inner: LeaseStore, around: Surroundings) {
    this.#inner = inner;
    this.#around = around;
  }

  acquire(holder: string, ttlMs: number): Promise<Lease> {
    return change(this.#around, 'lease', () => this.#inner.acquire(holder, ttlMs));
  }

  current(): Promise<Lease | undefined> {
    return ask(this.#around, () => this.#inner.current());
  }

  release(holder: string): Promise<void> {
    return change(this.#around, 'release of the lease', () => this.#inner.release(holder));
  }
}

export class PeerStreams implements WriteStreams {
  readonly #inner: WriteStreams;
  readonly #around: Surroundings;

  constructor(inner: WriteStreams, around: Surroundings) {
    this.#inner = inner;
    this.#around = around;
  }

  async create(collection: CollectionId): Promise<WriteStream> {
    await change(this.#around, 'creation of a stream', () => this.#inner.create(collection));
    return this.open(collection, FIRST_GENERATION);
  }

  open(collection: CollectionId, generation: number): WriteStream {
    const around = this.#around;
    const inner = () => this.#inner.open(collection, generation);
    return {
      collection,
      append: (messages, signal) =>
        change(around, 'append', () => inner().append(messages, signal)),
      head: () => ask(around, () => inner().head()),
      shardHead: (shard) => ask(around, () => inner().shardHead(shard)),
      get: (at) => ask(around, () => inner().get(at)),
      purge: (upTo) => ask(around, () => inner().purge(upTo)),
      openReader: async (shard: ShardId, after: Sequence) => {
        const reader = await ask(around, () => inner().openReader(shard, after));
        const close = () => arriving(around, reader.close());
        return {
          next: (options) => ask(around, () => reader.next(options)),
          close,
          [Symbol.asyncDispose]: close,
        };
      },
    };
  }

  remove(collection: CollectionId): Promise<void> {
    return change(this.#around, 'removal of a stream', () => this.#inner.remove(collection));
  }

  deadLetter(letter: Parameters<WriteStreams['deadLetter']>[0]): Promise<void> {
    return change(this.#around, 'dead letter', () => this.#inner.deadLetter(letter));
  }
}
