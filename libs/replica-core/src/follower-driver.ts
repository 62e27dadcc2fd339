// Performs what a follower asks for: reads, decodes, lays entries over a batch, commits, waits. It decides nothing.
//
// Invariant: one task at a time, and between two commits the thread does its other work, so that a search waits for
// one batch at most.

import {
  ALL_SHARDS,
  type CreatedCollection,
  type Entry,
  type Sequence,
  type ShardTarget,
} from '@tributary/model';
import {
  ApplyBatch,
  type ApplyOutcome,
  createFollower,
  type Delivery,
  FOLLOWER_DEFAULTS,
  type FollowerEvent,
  type FollowerNotice,
  type FollowerOptions,
  type FollowerState,
  type FollowerTask,
  type Heads,
  type Refused,
  step,
} from '@tributary/replication';
import {
  backoffMs,
  type Clock,
  type Logger,
  type Random,
  TributaryError,
} from '@tributary/runtime';
import {
  type Parcel,
  ParcelAssembler,
  type ShardReader,
  type StreamMessage,
  type WriteStream,
  type WriteStreams,
} from '@tributary/stream';
import { decodeEntry, type ReplicaAddress } from '@tributary/wire';
import { AppliedTraces, type AppliedTracesOptions } from './applied-traces.ts';
import type { ReplicaContent } from './replica-content.ts';

export interface FollowerDriverOptions {
  readonly address: ReplicaAddress;
  readonly content: ReplicaContent;
  /** As it was when the first entries were written. */
  readonly created: CreatedCollection;
  readonly generation: number;
  readonly streams: WriteStreams;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Lets other work of the thread go on. */
  readonly turn: () => Promise<void>;
  /** Called after every step that changed something to be seen from outside. */
  readonly onStep: (state: FollowerState) => void;
  readonly follower?: FollowerOptions;
  readonly onSpans?: AppliedTracesOptions['onSpans'];
}

type Outcome = FollowerEvent extends infer Each
  ? Each extends { readonly nowMs: number }
    ? Omit<Each, 'nowMs'>
    : never
  : never;

/** About 3,600 vectors of 128 dimensions. */
const READ_BYTES_MAX = 2 << 20;
const READ_MESSAGES_MAX = 1_000;
const BATCH_POINTS_MAX = 500;
const BATCH_MS_MAX = 5;
const STOPPED: ApplyOutcome = { kind: 'refused', reason: 'the replica is stopped' };
const REFETCH_AT_ONCE = 16;
const BACKOFF = { minMs: 50, maxMs: 2_000 };

export class FollowerDriver {
  readonly #options: FollowerDriverOptions;
  readonly #stream: WriteStream;
  readonly #traces: AppliedTraces | undefined;
  #state: FollowerState;
  #reader: ShardReader | undefined;
  /** Of what the reader gave. */
  #parcels = new ParcelAssembler();
  #batch: ApplyBatch | undefined;
  #flushing: Promise<void> | undefined;
  #durable: Sequence | undefined;

  constructor(options: FollowerDriverOptions) {
    const { appliedSequence, appliedCount } = options.content.state;
    this.#options = options;
    this.#stream = options.streams.open(options.address.collection, options.generation);
    const { address, clock, onSpans } = options;
    this.#traces = onSpans && new AppliedTraces({ address, clock, onSpans });
    this.#state = createFollower(
      { sequence: appliedSequence, count: appliedCount },
      options.follower ?? FOLLOWER_DEFAULTS,
    );
  }

  get state(): FollowerState {
    return this.#state;
  }

  /** What is applied up to here survives a power loss; undefined before the first flush since it was opened. */
  get durableSequence(): Sequence | undefined {
    return this.#durable;
  }

  /** Follows until the signal aborts. Throws only what is a bug: what may happen is an event. */
  async run(signal: AbortSignal): Promise<void> {
    let outcome: Outcome = { kind: 'started' };
    try {
      while (!signal.aborted) {
        const task = this.#advance(outcome);
        outcome = await this.#attempt(task, signal);
      }
    } finally {
      await this.#closeReader();
      await this.#flushing;
    }
  }

  /** The ends of the stream and of the shard, in the order that `Heads` asks for. */
  async heads(): Promise<Heads> {
    const { stream, count, lastSequence } = await this.#stream.shardHead(
      this.#options.address.shard,
    );
    return {
      streamFirst: stream.firstSequence,
      streamLast: stream.lastSequence,
      shardCount: count,
      shardLast: lastSequence,
    };
  }

  #advance(outcome: Outcome): FollowerTask {
    const before = this.#state;
    const nowMs = this.#options.clock.monotonicMs();
    const { state, effects } = step(before, { ...outcome, nowMs } as FollowerEvent);
    this.#state = state;
    let task: FollowerTask = { kind: 'rest' };
    for (const effect of effects) {
      if (effect.kind === 'flush' || effect.kind === 'warn') {
        this.#notify(effect);
      } else task = effect;
    }
    const isHalted = state.phase.kind === 'halted' && before.phase.kind !== 'halted';
    // The first look tells whether a store that is empty should be.
    const isFirstLook = before.heads === undefined && state.heads !== undefined;
    const isMoved = state.applied !== before.applied || state.caughtUp !== before.caughtUp;
    if (isHalted || isFirstLook || isMoved) {
      this.#options.onStep(state);
    }
    return task;
  }

  #notify(notice: FollowerNotice): void {
    if (notice.kind === 'flush') this.#flush();
    if (notice.kind === 'warn') this.#options.logger.warn({}, notice.message);
  }

  async #attempt(task: FollowerTask, signal: AbortSignal): Promise<Outcome> {
    try {
      return await this.#perform(task, signal);
    } catch (error) {
      if (signal.aborted) return { kind: 'failed', code: 'cancelled', message: 'stopped' };
      if (!(error instanceof TributaryError)) throw error;
      return { kind: 'failed', code: error.code, message: error.message };
    }
  }

  async #perform(task: FollowerTask, signal: AbortSignal): Promise<Outcome> {
    const { clock, address } = this.#options;
    switch (task.kind) {
      case 'open':
        return await this.#open(task.after);
      case 'read':
        return { kind: 'read', deliveries: await this.#read(task.waitMs, signal) };
      case 'evaluate':
        return await this.#evaluate(task.deliveries, signal);
      case 'deadLetter':
        for (const refused of task.refused) {
          await this.#options.streams.deadLetter({ ...address, ...refused });
          this.#options.logger.warn({ ...refused, data: undefined }, 'entry refused');
        }
        return { kind: 'deadLettered' };
      case 'commit':
        await this.#options.content.prepare(this.#batch, signal);
        await this.#options.content.commit(
          this.#batch,
          { appliedSequence: task.sequence, appliedCount: task.count, isCut: task.isCut },
          signal,
        );
        this.#batch = undefined;
        this.#traces?.committed(task.sequence);
        await this.#options.turn();
        return { kind: 'committed' };
      case 'check':
        return { kind: 'checked', heads: await this.heads() };
      case 'refetch':
        return await this.#refetch(task.after, task.upTo);
      case 'backOff':
        await this.#closeReader();
        await clock.sleep(backoffMs(BACKOFF, task.failures, this.#options.random), signal);
        return { kind: 'waited' };
      case 'rest':
        await this.#closeReader();
        return await untilAborted(signal);
    }
  }

  async #open(after: Sequence): Promise<Outcome> {
    await this.#closeReader();
    // After a failure what it was of is evaluated again, and may not go along with an earlier commit.
    this.#batch = undefined;
    const heads = await this.heads();
    this.#reader = await this.#stream.openReader(this.#options.address.shard, after);
    return { kind: 'opened', heads };
  }

  async #read(waitMs: number, signal: AbortSignal): Promise<Delivery[]> {
    const deliveries: Delivery[] = [];
    // More than once only where an entry is larger than what one call gives.
    while (deliveries.length === 0) {
      const messages = await this.#reader?.next({
        messagesMax: READ_MESSAGES_MAX,
        bytesMax: READ_BYTES_MAX,
        waitMs,
        signal,
      });
      if (messages === undefined || messages.length === 0) break;
      this.#traces?.read(messages);
      for (const message of messages) {
        for (const parcel of this.#parcels.take(message)) deliveries.push(deliveryOf(parcel));
      }
    }
    return deliveries;
  }

  async #evaluate(deliveries: readonly Delivery[], signal: AbortSignal): Promise<Outcome> {
    const { content, created, clock } = this.#options;
    const startedMs = clock.monotonicMs();
    const batch = new ApplyBatch(content.store, created, content.candidates);
    const refused: Refused[] = [];
    let evaluated = 0;
    for (const { sequence, data, content: read } of deliveries) {
      const outcome =
        read.kind === 'entry'
          ? await this.#apply(batch, read.entry, sequence, signal)
          : { kind: 'refused' as const, reason: read.reason };
      if (outcome.kind === 'refused') refused.push({ sequence, data, reason: outcome.reason });
      evaluated++;
      if (batch.size >= BATCH_POINTS_MAX || clock.monotonicMs() - startedMs >= BATCH_MS_MAX) break;
    }
    this.#batch = batch;
    return { kind: 'evaluated', evaluated, refused };
  }

  /** A filter update may look at every point: then searches have their turns meanwhile. */
  async #apply(
    batch: ApplyBatch,
    entry: Entry,
    at: Sequence,
    signal: AbortSignal,
  ): Promise<ApplyOutcome> {
    const steps = batch.applySteps(entry, at);
    try {
      for (let step = steps.next(); ; step = steps.next()) {
        if (step.done) return step.value;
        await this.#options.turn();
        signal.throwIfAborted();
      }
    } finally {
      // A scan that is not taken to its end holds a cursor of the store.
      steps.return(STOPPED);
    }
  }

  async #refetch(after: Sequence, upTo: Sequence): Promise<Outcome> {
    const parcels = new ParcelAssembler();
    const deliveries: Delivery[] = [];
    const missing: Sequence[] = [];
    const take = (at: Sequence, message: StreamMessage | undefined) => {
      if (message === undefined) missing.push(at);
      else if (this.#isRead(message.shard)) {
        for (const parcel of parcels.take(message)) deliveries.push(deliveryOf(parcel));
      }
    };
    for (let from = after + 1; from <= upTo; from += REFETCH_AT_ONCE) {
      const count = Math.min(REFETCH_AT_ONCE, upTo - from + 1);
      const wanted = Array.from({ length: count }, (_, i) => (from + i) as Sequence);
      const found = await Promise.all(wanted.map((each) => this.#stream.get(each)));
      for (const [i, at] of wanted.entries()) take(at, found[i]);
    }
    // The rest of an entry that begins in the range; its fragments stand one after the other.
    for (let at = (upTo + 1) as Sequence; parcels.isFilling; at++) {
      const message = await this.#stream.get(at);
      if (message === undefined && at > (await this.#stream.head()).lastSequence) break;
      take(at, message);
      if (message === undefined) break;
    }
    for (const parcel of parcels.end()) deliveries.push(deliveryOf(parcel));
    return { kind: 'refetched', deliveries, missing };
  }

  #isRead(target: ShardTarget): boolean {
    return target === ALL_SHARDS || target === this.#options.address.shard;
  }

  #flush(): void {
    this.#flushing ??= this.#options.content.store
      .flush()
      .then(
        (flushed) => {
          this.#durable = flushed;
          this.#options.onStep(this.#state);
        },
        (error: unknown) => this.#options.logger.error({ error }, 'flush failed'),
      )
      .finally(() => {
        this.#flushing = undefined;
      });
  }

  async #closeReader(): Promise<void> {
    const reader = this.#reader;
    this.#reader = undefined;
    this.#parcels = new ParcelAssembler();
    await reader?.close();
  }
}

function deliveryOf({ shard: _, broken, ...parcel }: Parcel): Delivery {
  if (broken !== undefined) return { ...parcel, content: { kind: 'unreadable', reason: broken } };
  try {
    return { ...parcel, content: { kind: 'entry', entry: decodeEntry(parcel.data) } };
  } catch (error) {
    const { code, message: reason } = TributaryError.from(error);
    const kind = code === 'precondition_failed' ? 'newer' : 'unreadable';
    return { ...parcel, content: { kind, reason } };
  }
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
