// One replica of one shard: what it holds, the follower that keeps it up with the stream, and the answers to calls.
//
//   open() ─► run() follows until its signal aborts ─► close()

import type {
  CollectionConfig,
  CollectionVectors,
  CreatedCollection,
  StoredPoint,
} from '@tributary/model';
import { type FollowerOptions, type FollowerState, queuedEntries } from '@tributary/replication';
import {
  type Clock,
  type EndedSpan,
  endWithinSlice,
  isSliceOver,
  type Logger,
  nextSlice,
  type Random,
  type Steps,
  TributaryError,
} from '@tributary/runtime';
import type { ReplicaReader } from '@tributary/search';
import type { Cut, ReplicaState, ReplicaStores } from '@tributary/storage';
import type { WriteStreams } from '@tributary/stream';
import {
  joinAnswer,
  type ReplicaAddress,
  type ReplicaAnswers,
  type ReplicaCall,
  type ReplicaCallKind,
  type ReplicaInfo,
} from '@tributary/wire';
import {
  answerSteps,
  filtersOf,
  type LargeCall,
  type SmallReads,
  type SteppedCall,
} from './answer-steps.ts';
import { bucketSteps } from './bucket-steps.ts';
import { FollowerDriver } from './follower-driver.ts';
import { ReplicaContent } from './replica-content.ts';
import { describeHalt, type ReplicaStatus } from './replica-status.ts';
import type { CreateIndex, IndexFiles } from './replica-vectors.ts';

/** What replicas of one thread have in common. */
export interface ReplicaSurroundings {
  readonly streams: WriteStreams;
  readonly stores: ReplicaStores;
  readonly createIndex: CreateIndex;
  readonly indexFiles?: IndexFiles;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Lets other work of the thread go on: resolves after what is due in the event loop. */
  readonly turn: () => Promise<void>;
  readonly follower?: FollowerOptions;
  /** Told spans of entries that came with a trace; absent where nothing is traced. */
  readonly onSpans?: (spans: readonly EndedSpan[]) => void;
}

export interface ReplicaOptions extends ReplicaSurroundings {
  readonly address: ReplicaAddress;
  readonly config: CollectionConfig;
  /** Those under which the first entries of the log were written. */
  readonly createdVectors: CollectionVectors;
  /** Of the subjects that its entries come on. */
  readonly generation: number;
  readonly onStatus: (status: ReplicaStatus) => void;
}

type Answer = ReplicaAnswers[ReplicaCallKind];

/** Every point of one state, in id order. */
export interface ReplicaScan extends Disposable {
  readonly state: ReplicaState;
  readonly points: IterableIterator<StoredPoint>;
}

interface WaitingForApply {
  readonly sequence: number;
  resolve(): void;
  reject(reason: unknown): void;
}

/** The folder of a replica's store; unambiguous, because a shard is a number. */
export function storeNameOf({ shard, collection }: ReplicaAddress): string {
  return `${shard}-${collection}`;
}

export class Replica implements AsyncDisposable {
  readonly address: ReplicaAddress;
  readonly #content: ReplicaContent;
  readonly #driver: FollowerDriver;
  readonly #onStatus: (status: ReplicaStatus) => void;
  readonly #wasEmpty: boolean;
  #isClosed = false;
  readonly #waiting = new Set<WaitingForApply>();

  private constructor(options: ReplicaOptions, content: ReplicaContent) {
    this.address = options.address;
    this.#content = content;
    this.#onStatus = options.onStatus;
    this.#wasEmpty = content.state.appliedSequence === 0;
    this.#driver = new FollowerDriver({
      ...options,
      content,
      created: createdOf(options),
      onStep: (state) => this.#stepped(state),
    });
  }

  /** Errors: `corrupt` where the stored bytes are not what was written; the signal's reason. */
  static async open(options: ReplicaOptions, signal: AbortSignal): Promise<Replica> {
    const storeName = storeNameOf(options.address);
    const { content, rejected } = await ReplicaContent.open({ ...options, storeName, signal });
    for (const reason of rejected) options.logger.warn({ reason }, 'index segment thrown away');
    return new Replica(options, content);
  }

  /** Applies what a configuration says of graphs and searches. */
  configure(config: CollectionConfig): void {
    this.#content.configure(config);
  }

  async run(signal: AbortSignal): Promise<void> {
    try {
      await this.#driver.run(signal);
    } finally {
      const closed = new TributaryError('unavailable', 'the replica is closed');
      for (const waiting of this.#waiting) waiting.reject(closed);
      this.#waiting.clear();
    }
  }

  get status(): ReplicaStatus {
    const { applied, covered, caughtUp, phase } = this.#driver.state;
    const { durableSequence } = this.#driver;
    const lastCut = this.cuts.at(-1);
    return {
      address: this.address,
      appliedSequence: applied,
      ...(covered > applied && { coveredSequence: covered }),
      ...(durableSequence !== undefined && { durableSequence }),
      ...(lastCut && { lastCut }),
      caughtUp,
      ...(this.#isFilling && { isFilling: true }),
      ...(phase.kind === 'halted' ? { halted: phase.halt } : {}),
    };
  }

  /** The newest cuts that this replica has passed. */
  get cuts(): readonly Cut[] {
    return this.#content.store.cuts;
  }

  /** Resolves when everything is applied that is in the stream now. Errors: `unavailable`; what `heads` throws. */
  async catchUp(): Promise<void> {
    const { shardLast } = await this.#driver.heads();
    const { applied, phase } = this.#driver.state;
    if (phase.kind === 'halted') throw new TributaryError('unavailable', phase.halt.reason);
    if (applied >= shardLast) return;
    await new Promise<void>((resolve, reject) => {
      this.#waiting.add({ sequence: shardLast, resolve, reject });
    });
  }

  /**
   * Answers a call that is not large, in slices where its filter takes long: a promise then, as also where a commit is
   * being made. Errors: those of `call`; `unavailable` where the replica is closed meanwhile.
   */
  answer(call: ReplicaCall): Answer | Promise<Answer> {
    const within = this.#content.longReads.isCommitting
      ? undefined
      : endWithinSlice(this.#steps(call));
    return within === undefined ? this.#answerInSlices(call) : within.result;
  }

  async #answerInSlices(call: ReplicaCall): Promise<Answer> {
    using _reading = await this.#content.longReads.begin();
    const steps = this.#steps(call);
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
      if (isSliceOver()) await nextSlice();
      if (this.#isClosed) steps.throw(this.#closed());
    }
  }

  /** What asks for every point is done in steps, the rest of a call at once. */
  *#steps(call: ReplicaCall): Steps<Answer> {
    if (call.kind === 'scroll') return yield* this.#reader.scrollSteps(call.query);
    for (const filter of filtersOf(call)) yield* this.#reader.evaluateSteps(filter);
    return this.call(call);
  }

  /** At once. Errors: `wrong_input`, `corrupt`, `unavailable` while it is filled by replay; see `ReplicaClient`. */
  call(call: ReplicaCall): Answer {
    switch (call.kind) {
      case 'search':
        return call.queries.map((query) => this.#reader.search(query));
      case 'retrieve':
        return this.#reader.retrieve(call.ids, call.projection);
      case 'scroll':
        return this.#reader.scroll(call.query);
      case 'count':
        return this.#reader.count(call.filter);
      case 'sample':
        return this.#reader.sample(call.query);
      case 'facet':
        return this.#reader.facet(call.query);
      case 'termStatistics':
        return this.#reader.termStatistics(call.query);
      case 'textStatistics':
        return this.#reader.textStatistics(call.query);
      case 'explain':
        return this.#reader.explain(call);
      case 'info':
        return this.#info();
      case 'verify':
        this.#content.store.verify();
        return this.#info();
      case 'bucketSums':
        return this.#content.store.bucketsAt(call.cut);
      case 'bucketPoints':
        return joinAnswer(call.kind, [...bucketSteps(this.#content.store, call.bucket)]);
    }
  }

  /**
   * The parts of a large answer, all of one state. Errors: those of `call`; `unavailable` where the replica is closed
   * meanwhile.
   */
  async *parts(call: LargeCall): AsyncGenerator<ReplicaAnswers[LargeCall['kind']]> {
    await nextSlice();
    if (call.kind === 'bucketPoints') {
      this.#assertReadable();
      yield* this.#inSlices(bucketSteps(this.#content.store, call.bucket));
      return;
    }
    // No commit is made before the last part is taken.
    using _reading = await this.#content.longReads.begin();
    yield* this.#inSlices(this.#smallReads(call));
  }

  /** A step that gives no part is there to pause at. */
  async *#inSlices<Part>(steps: Iterable<Part | undefined>): AsyncGenerator<Part> {
    for (const part of steps) {
      if (part !== undefined) yield part;
      if (isSliceOver()) await nextSlice();
      if (this.#isClosed) throw this.#closed();
    }
  }

  #closed(): TributaryError {
    return new TributaryError('unavailable', 'the replica is closed');
  }

  *#smallReads(call: SteppedCall): Iterable<ReplicaAnswers[SteppedCall['kind']] | undefined> {
    const reader = this.#reader;
    const reads: SmallReads = {
      evaluate: (filter) => reader.evaluateSteps(filter),
      search: (query) => reader.search(query),
      retrieve: (ids, projection) => reader.retrieve(ids, projection),
      scroll: (query) => reader.scrollSteps(query),
      sample: (query) => reader.sample(query),
    };
    yield* answerSteps(call, reads);
  }

  /**
   * No commit is made before the scan is disposed of. Errors: `unavailable` while it is filled by replay; `corrupt`
   * from the points.
   */
  async scan(): Promise<ReplicaScan> {
    const reading = await this.#content.longReads.begin();
    if (!this.isReadable) {
      reading[Symbol.dispose]();
      throw this.#beingFilled();
    }
    const { store } = this.#content;
    const points = store.scan();
    return {
      state: store.state,
      points,
      [Symbol.dispose]: () => {
        // One that is not taken to its end holds a cursor of the store.
        points.return?.();
        reading[Symbol.dispose]();
      },
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#content.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** False while a store that was empty is filled by replay: answers would be from a part. */
  get isReadable(): boolean {
    return !this.#wasEmpty || this.#driver.state.caughtUp;
  }

  get #isFilling(): boolean {
    const { heads, applied, caughtUp } = this.#driver.state;
    const hasEntries = applied > 0 || (heads !== undefined && heads.shardLast > 0);
    return this.#wasEmpty && !caughtUp && hasEntries;
  }

  get #reader(): ReplicaReader {
    this.#assertReadable();
    return this.#content.reader;
  }

  #assertReadable(): void {
    if (!this.isReadable) throw this.#beingFilled();
  }

  #beingFilled(): TributaryError {
    const { collection, shard } = this.address;
    const text = `the replica of ${collection}:${shard} is being filled by replay`;
    return new TributaryError('unavailable', text);
  }

  #info(): ReplicaInfo {
    const { phase } = this.#driver.state;
    const info = { ...this.#content.info(), queuedEntries: queuedEntries(this.#driver.state) };
    return phase.kind === 'halted' ? { ...info, halted: describeHalt(phase.halt) } : info;
  }

  #stepped(state: FollowerState): void {
    for (const waiting of this.#waiting) {
      if (state.phase.kind === 'halted') {
        waiting.reject(new TributaryError('unavailable', state.phase.halt.reason));
      } else if (state.applied >= waiting.sequence) waiting.resolve();
      else continue;
      this.#waiting.delete(waiting);
    }
    this.#onStatus(this.status);
  }
}

function createdOf({ createdVectors, config }: ReplicaOptions): CreatedCollection {
  const { tombstones } = config;
  return { ...createdVectors, ...(tombstones !== undefined && { tombstones }) };
}
