// What a read did, step by step: which shards were asked what, which peer answered, and how long that took. Kept while
// the read goes on, for the log of slow ones; a step costs about a microsecond and nothing is put into words.

import type { CollectionState } from '@tributary/metadata';
import type {
  Filter,
  PeerId,
  QueryRequest,
  QueryStage,
  SearchQuery,
  ShardId,
} from '@tributary/model';
import type { Clock } from '@tributary/runtime';
import type { ReplicaCallKind } from '@tributary/wire';

/** What a step asked of the shards, as far as it tells how they answer. */
export interface StepQuestion {
  readonly kind: ReplicaCallKind;
  readonly queries?: readonly SearchQuery[];
  readonly filter?: Filter | undefined;
  readonly limit?: number;
}

/** A replica that was asked. */
export interface ShardTime {
  readonly shard: ShardId;
  readonly peer: PeerId;
  /** Since the step began; undefined where it has not answered, or failed. */
  readonly tookMs: number | undefined;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Of a read of very many steps the first ones are kept. */
const STEPS_MAX = 64;

export class ReadStep {
  readonly collection: CollectionState;
  readonly asked: StepQuestion;
  readonly #clock: Clock;
  readonly #startedMs: number;
  readonly #shards: Mutable<ShardTime>[] = [];
  /** Undefined until all have answered. */
  tookMs: number | undefined;
  /** Points, records or values found, one number a query. */
  found: readonly number[] = [];

  constructor(collection: CollectionState, asked: StepQuestion, clock: Clock) {
    this.collection = collection;
    this.asked = asked;
    this.#clock = clock;
    this.#startedMs = clock.monotonicMs();
  }

  /** Notes that the peer is asked for the shard; to be called again once it has answered. */
  asking(shard: ShardId, peer: PeerId): () => void {
    const asked: Mutable<ShardTime> = { shard, peer, tookMs: undefined };
    this.#shards.push(asked);
    return () => {
      asked.tookMs = this.#clock.monotonicMs() - this.#startedMs;
    };
  }

  end(found: readonly number[]): void {
    this.tookMs = this.#clock.monotonicMs() - this.#startedMs;
    this.found = found;
  }

  /** Those without an answer, then the slowest first. */
  get shards(): readonly ShardTime[] {
    const msOf = ({ tookMs = Number.MAX_VALUE }: ShardTime) => tookMs;
    return this.#shards.toSorted((a, b) => msOf(b) - msOf(a));
  }
}

export class ReadTrace {
  readonly #clock: Clock;
  readonly #startedMs: number;
  readonly #steps: ReadStep[] = [];
  readonly #trees: (readonly QueryRequest[])[] = [];
  readonly #stages = new Map<SearchQuery, QueryStage>();
  /** Steps, with those too many to be kept. */
  count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedMs = clock.monotonicMs();
  }

  get steps(): readonly ReadStep[] {
    return this.#steps;
  }

  /** The trees of stages that the read ran. */
  get trees(): readonly (readonly QueryRequest[])[] {
    return this.#trees;
  }

  /** The stage of a query's tree that made the query; undefined where it was made otherwise. */
  stageOf(query: SearchQuery): QueryStage | undefined {
    return this.#stages.get(query);
  }

  /** Milliseconds since the read began. */
  elapsedMs(): number {
    return this.#clock.monotonicMs() - this.#startedMs;
  }

  begin(collection: CollectionState, asked: StepQuestion): ReadStep {
    const step = new ReadStep(collection, asked, this.#clock);
    this.count++;
    if (this.#steps.length < STEPS_MAX) this.#steps.push(step);
    return step;
  }

  /** Notes trees of stages that are run now. */
  run(requests: readonly QueryRequest[]): void {
    if (this.#trees.length < STEPS_MAX) this.#trees.push(requests);
  }

  /** Notes which stage a query stands for. */
  name(query: SearchQuery, stage: QueryStage): void {
    if (this.#stages.size < STEPS_MAX) this.#stages.set(query, stage);
  }
}
