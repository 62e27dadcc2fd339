// Reads some subjects of a stream in order from a cursor, through feeds that it replaces whenever one ends.
//
//   no feed ──open──► feed ──messages──► cursor moves ──feed ends──► no feed
//      ▲                └──(nothing for long)──► at rest ──(something is published, or known to be there)──┐
//      └─────────────────────────────────────────────────────────────────────────────────────────────────────┘
//
// At rest there is no consumer, so a shard without writes costs the servers nothing.
//
// Invariant: the cursor moves only over what was handed out, so each message comes once and in order. A message that
// the server has lost is skipped by it without a word; it shows in the server's own count, which is compared with ours
// whenever a feed runs dry with messages outstanding, and whenever one is replaced.

import type { Sequence } from '@tributary/model';
import { pause, TributaryError } from '@tributary/runtime';
import type { ReadOptions, StreamHead } from '@tributary/stream';
import type { Arrivals } from './arrivals.ts';
import { type Connection, NotSentError } from './connection.ts';
import { countFrom, Feed, type FeedMessage, type FeedOptions } from './feed.ts';
import { readError } from './nats-error.ts';
import type { PullBudget } from './pull-budget.ts';
import { headOf } from './stream-looks.ts';

export interface SubjectReaderOptions {
  readonly connection: Connection;
  readonly stream: string;
  readonly subjects: readonly string[];
  readonly after: Sequence;
  /** Of all readers of the connection. */
  readonly budget: PullBudget;
  readonly onClose?: () => void;
  /** Lets the reader rest while nothing comes. */
  readonly rest?: RestOptions;
}

export interface RestOptions {
  readonly arrivals: Arrivals;
  /** Where the stream stands now. */
  readonly head: () => Promise<StreamHead>;
  /** How long nothing comes before the reader rests, in milliseconds. */
  readonly afterMs?: number;
}

const TEND_EVERY_MS = 500;
/** Making a consumer again costs the cluster as much as ten seconds or so of an idle one. */
const REST_AFTER_MS = 30_000;
/** What was published and is stored comes within milliseconds; a batch that is refused never does. */
const OVERDUE_AFTER_MS = 1_000;
/** Without a reason given, every abort would make an exception with its stack trace. */
const STOPPED = new TributaryError('cancelled', 'the wait is over');
/** A new leader may not have applied all it holds; a stream that stays shorter than what was read has lost messages. */
const SHORTER_FOR_MS = 15_000;

export class SubjectReader {
  readonly #options: SubjectReaderOptions;
  readonly #what: string;
  #cursor: number;
  #feed: Feed | undefined;
  /** Where counting began, and how many messages were handed out since. */
  #countedFrom: number;
  #counted = 0;
  #mustCount = false;
  #shorterSinceMs: number | undefined;
  #failure: TributaryError | undefined;
  #isClosed = false;
  /** Where the subjects are known to end; 0 while that is not known. */
  #last = 0;
  /** The spell of the connection in which the reader is at rest. */
  #restingIn: AbortSignal | undefined;
  #watch: Disposable | undefined;
  /** When something was published that has not come yet. */
  #arrivedMs: number | undefined;
  #quietSinceMs: number;
  #endWait: (() => void) | undefined;

  constructor(options: SubjectReaderOptions) {
    this.#options = options;
    this.#quietSinceMs = options.connection.clock.monotonicMs();
    this.#what = `read ${options.subjects.join(' and ')}`;
    this.#cursor = options.after;
    this.#countedFrom = options.after;
    this.#listen();
  }

  /** As `ShardReader.next`, with the subjects' messages. */
  async next(options: ReadOptions): Promise<readonly FeedMessage[]> {
    const { clock } = this.#options.connection;
    const untilMs = clock.monotonicMs() + options.waitMs;
    for (;;) {
      options.signal.throwIfAborted();
      this.#assertUsable();
      try {
        if (this.#restingIn !== undefined) {
          const leftMs = untilMs - clock.monotonicMs();
          if (leftMs <= 0) return [];
          await this.#waitAtRest(this.#restingIn, leftMs, options.signal);
          continue;
        }
        const feed = this.#feed ?? (await this.#open());
        const taken = await this.#take(feed, options);
        if (taken.length > 0) return taken;
        if (feed.ended !== undefined) this.#drop(feed);
        else if (feed.isDry && feed.pending > 0 && feed.isEmpty) await this.#compareCounts();
        const overdueMs = (this.#arrivedMs ?? Number.POSITIVE_INFINITY) + OVERDUE_AFTER_MS;
        const leftMs = Math.min(untilMs, overdueMs) - clock.monotonicMs();
        if (leftMs <= 0) {
          this.#quieten();
          return [];
        }
        if (feed.ended === undefined) await this.#wait(feed, leftMs, options.signal);
      } catch (error) {
        if (this.#feed) this.#drop(this.#feed);
        options.signal.throwIfAborted();
        throw this.#failed(readError(error, this.#what));
      }
    }
  }

  /** Ends a rest where the subjects, which end at `last`, have something that is not read. */
  noteLast(last: Sequence): void {
    this.#last = Math.max(this.#last, last);
    if (last > this.#cursor && this.#restingIn !== undefined) this.#wake();
  }

  /** Of a reader that has read nothing yet: rests where nothing is known to be there, or heard of since it was made. */
  restIfCaughtUp(): void {
    if (this.#feed === undefined && !this.#isClosed && this.#mayRest) this.#rest();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#wake();
    this.#feed?.close();
    this.#feed = undefined;
    this.#options.onClose?.();
  }

  #assertUsable(): void {
    if (this.#isClosed) throw new TributaryError('cancelled', `${this.#what}: closed`);
    if (this.#failure) throw this.#failure;
  }

  async #take(feed: Feed, options: ReadOptions): Promise<FeedMessage[]> {
    const taken = feed.take(options.messagesMax, options.bytesMax);
    const last = taken.at(-1);
    if (!last) return [];
    // A purge that overtakes a reader makes its consumer go on at the first message left. Other shards' messages leave
    // the same trace, so the bounds are asked for; not at the tail, which no purge overtakes.
    const isWhole = last.sequence === this.#cursor + taken.length;
    if (!isWhole && taken.some((message) => message.followsBacklog)) await this.#assertReaches();
    this.#cursor = last.sequence;
    this.#counted += taken.length;
    this.#arrivedMs = undefined;
    this.#quietSinceMs = this.#options.connection.clock.monotonicMs();
    return taken;
  }

  /** Nothing came for as long as was waited: listens first, and rests when nothing has come for long since. */
  #quieten(): void {
    const { rest, connection } = this.#options;
    if (rest === undefined) return;
    const feed = this.#feed;
    const quietMs = connection.clock.monotonicMs() - this.#quietSinceMs;
    if (this.#arrivedMs !== undefined) {
      this.#arrivedMs = undefined;
    } else if (this.#watch === undefined) {
      this.#listen();
    } else if (
      this.#mayRest &&
      feed?.ended === undefined &&
      feed?.pending === 0 &&
      feed.isEmpty &&
      quietMs >= (rest.afterMs ?? REST_AFTER_MS)
    ) {
      feed.close();
      this.#feed = undefined;
      this.#rest();
    }
  }

  #listen(): void {
    const { rest, subjects } = this.#options;
    this.#watch = rest?.arrivals.onNext(subjects, () => this.#wake());
  }

  /** Nothing is known to be there that was not read, and what comes from now on is heard. */
  get #mayRest(): boolean {
    return this.#watch !== undefined && this.#last <= this.#cursor;
  }

  #rest(): void {
    this.#restingIn = this.#options.connection.epoch;
  }

  #wake(): void {
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
    this.#restingIn = undefined;
    const nowMs = this.#options.connection.clock.monotonicMs();
    this.#arrivedMs = nowMs;
    this.#quietSinceMs = nowMs;
    this.#endWait?.();
  }

  async #waitAtRest(epoch: AbortSignal, leftMs: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options.connection;
    const done = new AbortController();
    const stop = () => done.abort(STOPPED);
    this.#endWait = stop;
    for (const each of [signal, epoch]) each.addEventListener('abort', stop, { once: true });
    if (!epoch.aborted && !signal.aborted) await pause(clock, leftMs, done.signal);
    for (const each of [signal, epoch]) each.removeEventListener('abort', stop);
    this.#endWait = undefined;
    if (!epoch.aborted) return;
    // What was published meanwhile was not heard of.
    this.#restingIn = undefined;
    throw new NotSentError('the connection was lost');
  }

  /** Messages that are lost or purged stay so: the reader does not go on after them. */
  #failed(error: TributaryError): TributaryError {
    if (error.code === 'corrupt' || error.code === 'precondition_failed') this.#failure = error;
    return error;
  }

  #drop(feed: Feed): void {
    const { connection, subjects } = this.#options;
    const what = { subjects, cursor: this.#cursor, reason: feed.ended };
    connection.logger.info(what, 'making a new consumer');
    feed.close();
    this.#feed = undefined;
    this.#mustCount = true;
  }

  async #open(): Promise<Feed> {
    await this.#assertReaches();
    if (this.#mustCount) await this.#compareCounts();
    const feed = await Feed.open(this.#feedOptions(this.#cursor));
    // A purge between the question and the consumer would let the consumer start late.
    try {
      await this.#assertReaches();
    } catch (error) {
      feed.close();
      throw error;
    }
    if (this.#isClosed) feed.close();
    this.#feed = feed;
    return feed;
  }

  async #wait(feed: Feed, leftMs: number, signal: AbortSignal): Promise<void> {
    if (feed.isEmpty) {
      const done = new AbortController();
      const stop = () => done.abort(STOPPED);
      signal.addEventListener('abort', stop, { once: true });
      const { clock } = this.#options.connection;
      const slept = pause(clock, Math.min(leftMs, TEND_EVERY_MS), done.signal);
      try {
        await Promise.race([feed.changed(), slept]);
      } finally {
        signal.removeEventListener('abort', stop);
        stop();
      }
    }
    feed.tend();
  }

  /** Throws `corrupt` where the server counts more messages between two points than it delivered. */
  async #compareCounts(): Promise<void> {
    const cursor = this.#cursor;
    const counted = this.#counted;
    const fromStart = await countFrom(this.#feedOptions(this.#countedFrom));
    const fromCursor = await countFrom(this.#feedOptions(cursor));
    const { firstSequence } = await this.#bounds();
    if (firstSequence > this.#countedFrom + 1) {
      // Something of what was counted is purged; begin counting at the cursor.
      this.#countedFrom = cursor;
      this.#counted = 0;
    } else if (fromStart - fromCursor > counted) {
      throw new TributaryError(
        'corrupt',
        `${this.#what}: the server counts ${fromStart - fromCursor} messages from ` +
          `${this.#countedFrom + 1} to ${cursor} and delivered ${counted}`,
      );
    }
    this.#mustCount = false;
  }

  async #assertReaches(): Promise<void> {
    const { firstSequence, lastSequence } = await this.#bounds();
    const { clock } = this.#options.connection;
    if (firstSequence > this.#cursor + 1) {
      throw new TributaryError(
        'precondition_failed',
        `${this.#what}: the stream begins at ${firstSequence}, the reader stands at ${this.#cursor}`,
      );
    }
    if (lastSequence >= this.#cursor) {
      this.#shorterSinceMs = undefined;
      return;
    }
    this.#shorterSinceMs ??= clock.monotonicMs();
    const isLost = clock.monotonicMs() - this.#shorterSinceMs > SHORTER_FOR_MS;
    throw new TributaryError(
      isLost ? 'corrupt' : 'unavailable',
      `${this.#what}: the stream ends at ${lastSequence}, the reader stands at ${this.#cursor}`,
    );
  }

  async #bounds(): Promise<StreamHead> {
    const { connection, stream, rest } = this.#options;
    if (rest !== undefined) return await rest.head();
    connection.assertConnected();
    const manager = await connection.manager();
    const { state } = await connection.whileConnected(manager.streams.info(stream));
    return headOf(state);
  }

  #feedOptions(after: number): FeedOptions {
    const { connection, stream, subjects, budget } = this.#options;
    return { connection, stream, filterSubjects: subjects, after, budget };
  }
}
