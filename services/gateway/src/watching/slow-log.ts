// The log of reads and writes that took long. How a slow one was answered is asked of the replicas afterwards: a fast
// one pays for a trace of its steps (`ReadTrace`, 0.8 µs for a read of six shards) and a comparison. Running it again
// (rejected) would hit a peer that is busy already; explaining every read would cost them all.
//
//   read or write ends ──(slower than the threshold)──► explained by the slowest shard of each step ──► logged, kept
//
// Invariant: no vectors, no payloads, at most ten lines a second and four explanations at once; more are only counted.

import type { CollectionState } from '@tributary/metadata';
import type { CollectionId, Filter, SearchQuery, UnindexedCondition } from '@tributary/model';
import type { SlowRequestView } from '@tributary/qdrant-api';
import type { ReplicaDirectory } from '@tributary/replica-api';
import { type Clock, type Logger, startDeadline, TributaryError } from '@tributary/runtime';
import {
  describePlan,
  type ExplainedQuestion,
  type ExplainedStep,
  stageNames,
  unindexedOf,
} from './describe-plan.ts';
import { descriptionText } from './describe-request.ts';
import { type ReadStep, ReadTrace } from './read-trace.ts';

export interface SlowLogOptions {
  /** From how long on a request is slow, in milliseconds. */
  readonly thresholdMs: number;
  readonly directory: Pick<ReplicaDirectory, 'at' | 'isReachable'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Default 10; beyond them requests are only counted. */
  readonly linesPerSecondMax?: number;
  /** Told the fields that slow requests filtered by without an index. */
  readonly onUnindexed: (
    collection: CollectionId,
    conditions: readonly UnindexedCondition[],
  ) => void;
}

/** What was asked; made into words only where it was slow. */
export interface Asked {
  readonly operation: string;
  readonly collection: CollectionState;
  readonly describe: () => unknown;
}

export interface SlowWrite extends Asked {
  readonly elapsedMs: number;
  /** By what the time went into, in milliseconds. */
  readonly phases: Readonly<Record<string, number>>;
  readonly filter: Filter | undefined;
  readonly failure: unknown;
}

const KEPT_MAX = 64;
const LINES_PER_SECOND_MAX = 10;
const EXPLAINING_MAX = 4;
const EXPLAIN_WITHIN_MS = 1_000;
const QUESTIONS_MAX = 16;

export class SlowLog {
  readonly #options: SlowLogOptions;
  readonly #kept: SlowRequestView[] = [];
  #explaining = 0;
  #second = 0;
  #linesOfSecond = 0;
  #suppressed = 0;
  #total = 0;

  constructor(options: SlowLogOptions) {
    this.#options = options;
  }

  /** The newest first. */
  get requests(): readonly SlowRequestView[] {
    return this.#kept.toReversed();
  }

  /** Slow requests since the start. */
  get total(): number {
    return this.#total;
  }

  trace(): ReadTrace {
    return new ReadTrace(this.#options.clock);
  }

  /** To be called when a read has ended; `failure` is what it ended with, undefined where it was answered. */
  read(trace: ReadTrace, asked: Asked, failure: unknown): void {
    const elapsedMs = trace.elapsedMs();
    if (elapsedMs < this.#options.thresholdMs) return;
    const names = stageNames(trace.trees);
    const nameOf = (query: SearchQuery) => {
      const stage = trace.stageOf(query);
      return (stage === undefined ? undefined : names.get(stage)) ?? 'search';
    };
    this.#note(asked, elapsedMs, failure, async (isExplained) => {
      const steps = isExplained ? await this.#explainSteps(trace.steps) : trace.steps.map(bare);
      for (const { step, questions } of steps) {
        this.#options.onUnindexed(step.collection.id, unindexedOf(questions));
      }
      const more = trace.count - trace.steps.length;
      const plan = describePlan(steps, nameOf);
      return more === 0 ? plan : [...plan, `… ${more} steps more`];
    });
  }

  /** To be called when a write has ended. */
  write(write: SlowWrite): void {
    const { elapsedMs, phases, filter, collection, failure } = write;
    if (elapsedMs < this.#options.thresholdMs) return;
    this.#note(write, elapsedMs, failure, async (isExplained) => {
      const spent = Object.entries(phases).map(([phase, ms]) => `${phase}: ${ms.toFixed(1)} ms`);
      if (filter === undefined || !isExplained) return spent;
      const [shard] = collection.shards.values();
      const peers = [...(shard?.replicas.keys() ?? [])];
      const peer = peers.find((each) => this.#options.directory.isReachable(each));
      if (shard === undefined || peer === undefined) return spent;
      const explanation = await this.#explain(collection, { shard: shard.id, peer }, { filter });
      const questions = explanation === undefined ? [] : [{ query: undefined, explanation }];
      this.#options.onUnindexed(collection.id, unindexedOf(questions));
      const unindexed = unindexedOf(questions).map(({ key, helps }) => {
        return `${key} has no index of type ${helps}: every payload of a shard is read to apply this`;
      });
      return [...spent, ...unindexed];
    });
  }

  #note(
    { operation, collection, describe }: Asked,
    elapsedMs: number,
    failure: unknown,
    plan: (isExplained: boolean) => Promise<readonly string[]>,
  ): void {
    this.#total++;
    if (!this.#hasRoom()) {
      this.#suppressed++;
      return;
    }
    const { clock } = this.#options;
    const slow = {
      collection: collection.name,
      operation,
      atMs: clock.nowMs(),
      seconds: Math.round(elapsedMs) / 1_000,
      outcome: failure === undefined ? 'answered' : TributaryError.from(failure).code,
      request: descriptionText(describe()),
    };
    const isExplained = this.#explaining < EXPLAINING_MAX;
    if (isExplained) this.#explaining++;
    void plan(isExplained)
      // What cannot be told, for whatever reason, is left out.
      .catch(() => [])
      .then((lines) => {
        if (isExplained) this.#explaining--;
        this.#log({ ...slow, plan: lines });
      });
  }

  #log(slow: SlowRequestView): void {
    this.#kept.push(slow);
    if (this.#kept.length > KEPT_MAX) this.#kept.shift();
    const { collection, operation, seconds, outcome, request, plan } = slow;
    const suppressed = this.#suppressed;
    this.#suppressed = 0;
    this.#options.logger.warn(
      {
        collection,
        operation,
        seconds,
        outcome,
        request,
        plan,
        ...(suppressed > 0 && { notLogged: suppressed }),
      },
      'a request was slow',
    );
  }

  #hasRoom(): boolean {
    const second = Math.floor(this.#options.clock.monotonicMs() / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#linesOfSecond = 0;
    }
    this.#linesOfSecond++;
    return this.#linesOfSecond <= (this.#options.linesPerSecondMax ?? LINES_PER_SECOND_MAX);
  }

  async #explainSteps(steps: readonly ReadStep[]): Promise<ExplainedStep[]> {
    let room = QUESTIONS_MAX;
    return Promise.all(
      steps.map(async (step) => {
        const questions = questionsOf(step).slice(0, Math.max(0, room));
        room -= questions.length;
        const answers = await Promise.all(
          questions.map((question) => this.#explainQuestion(step, question)),
        );
        return { step, questions: answers.flat() };
      }),
    );
  }

  /**
   * By the shard that took longest; a peer that did not answer before may not do so now, and a silent one is left
   * alone.
   */
  async #explainQuestion(
    { collection, shards }: ReadStep,
    question: Question,
  ): Promise<ExplainedQuestion[]> {
    const answered = shards.find(({ tookMs }) => tookMs !== undefined);
    for (const place of new Set([shards[0], answered])) {
      if (place === undefined || !this.#options.directory.isReachable(place.peer)) continue;
      const explanation = await this.#explain(collection, place, question);
      if (explanation !== undefined) return [{ query: question.query, explanation }];
    }
    return [];
  }

  /** Undefined where the replica cannot say. */
  async #explain({ id }: CollectionState, { shard, peer }: Place, question: Question) {
    const { clock, directory } = this.#options;
    using deadline = startDeadline(clock, EXPLAIN_WITHIN_MS, undefined, 'an explanation');
    try {
      const call = { kind: 'explain', ...question } as const;
      const target = { collection: id, shard };
      return await directory.at(peer).call<'explain'>(target, call, deadline.signal);
    } catch {
      return undefined;
    }
  }
}

function bare(step: ReadStep): ExplainedStep {
  return { step, questions: [] };
}

type Place = Pick<ReadStep['shards'][number], 'shard' | 'peer'>;
interface Question {
  readonly query?: SearchQuery;
  readonly filter?: Filter;
}

function questionsOf({ asked }: ReadStep): Question[] {
  if (asked.queries !== undefined) return asked.queries.map((query) => ({ query }));
  return asked.filter === undefined ? [] : [{ filter: asked.filter }];
}
