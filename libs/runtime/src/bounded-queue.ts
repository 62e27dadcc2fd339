// A first-in first-out queue with a limit in items and in bytes; producers wait or are refused, consumers pull.
//
//   open ──close()──► closed: nothing more goes in, what is there can still be taken
//
// Invariant: never more than `itemsMax` items, never more than `bytesMax` bytes unless one item alone is larger.

import { assert, TributaryError } from './error.ts';

export interface BoundedQueueOptions<T> {
  readonly itemsMax: number;
  readonly bytesMax: number;
  readonly bytesOf: (item: T) => number;
}

interface Waiting<R> {
  resolve(value: R): void;
  reject(reason: unknown): void;
}

export class BoundedQueue<T> implements Disposable {
  readonly #options: BoundedQueueOptions<T>;
  #items: T[] = [];
  /** Index of the first item not taken; the items before it are let go of in one go. */
  #head = 0;
  #bytes = 0;
  #closed = false;
  readonly #producers = new Set<Waiting<void> & { readonly item: T }>();
  readonly #consumers = new Set<Waiting<T | undefined>>();

  constructor(options: BoundedQueueOptions<T>) {
    assert(options.itemsMax >= 1 && options.bytesMax >= 1, 'a queue holds at least one item');
    this.#options = options;
  }

  /** Items in the queue. */
  get size(): number {
    return this.#items.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Puts the item in where there is room at once; false where there is not or the queue is closed. */
  offer(item: T): boolean {
    if (this.#closed || this.#producers.size > 0 || !this.#hasRoom(item)) return false;
    this.#accept(item);
    return true;
  }

  /** Waits for room, in turn. Rejects with the signal's reason, or `unavailable` where the queue is closed. */
  async put(item: T, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#closed) throw closedError();
    if (this.offer(item)) return;
    await wait<void, { item: T }>(this.#producers, { item }, signal, () => this.#admit());
  }

  /** The next item, as soon as there is one; undefined once the queue is closed and empty. */
  async take(signal?: AbortSignal): Promise<T | undefined> {
    signal?.throwIfAborted();
    if (this.size > 0) return this.#release();
    if (this.#closed) return undefined;
    return await wait<T | undefined, object>(this.#consumers, {}, signal, () => {});
  }

  /** Everything that is there now, without waiting; for a consumer that works in batches. */
  takeAvailable(itemsMax = Infinity): T[] {
    const items: T[] = [];
    while (items.length < itemsMax && this.size > 0) {
      const item = this.#release();
      if (item !== undefined) items.push(item);
    }
    return items;
  }

  /** Idempotent. Producers that wait are rejected; consumers get what is left, then undefined. */
  close(): void {
    this.#closed = true;
    for (const producer of this.#producers) producer.reject(closedError());
    this.#producers.clear();
    for (const consumer of this.#consumers) consumer.resolve(undefined);
    this.#consumers.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #hasRoom(item: T): boolean {
    if (this.size === 0) return true;
    if (this.size >= this.#options.itemsMax) return false;
    return this.#bytes + this.#options.bytesOf(item) <= this.#options.bytesMax;
  }

  #accept(item: T): void {
    const [consumer] = this.#consumers;
    if (consumer !== undefined) {
      this.#consumers.delete(consumer);
      consumer.resolve(item);
      return;
    }
    this.#items.push(item);
    this.#bytes += this.#options.bytesOf(item);
  }

  #release(): T | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#head++;
    this.#bytes -= this.#options.bytesOf(item);
    // Shifting each time would copy the whole queue; half empty is when a copy has paid for itself.
    if (this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    this.#admit();
    return item;
  }

  /** Lets waiting producers in, in turn, while there is room. */
  #admit(): void {
    for (const producer of this.#producers) {
      if (!this.#hasRoom(producer.item)) return;
      this.#producers.delete(producer);
      this.#accept(producer.item);
      producer.resolve();
    }
  }
}

/** Waits in `line` until resolved; leaves it when the signal aborts, and then calls `onLeave`. */
function wait<R, Extra extends object>(
  line: Set<Waiting<R> & Extra>,
  extra: Extra,
  signal: AbortSignal | undefined,
  onLeave: () => void,
): Promise<R> {
  return new Promise<R>((resolve, reject) => {
    const onAbort = () => {
      line.delete(waiting);
      reject(signal?.reason);
      onLeave();
    };
    const waiting: Waiting<R> & Extra = {
      ...extra,
      resolve: (value) => {
        signal?.removeEventListener('abort', onAbort);
        resolve(value);
      },
      reject: (reason) => {
        signal?.removeEventListener('abort', onAbort);
        reject(reason);
      },
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    line.add(waiting);
  });
}

function closedError(): TributaryError {
  return new TributaryError('unavailable', 'the queue is closed');
}
