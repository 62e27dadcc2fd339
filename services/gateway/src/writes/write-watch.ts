// Times writes: how long the stream took to acknowledge each, for the metrics, and what a slow one spent its time on.

import type { CollectionState } from '@tributary/metadata';
import type { Filter, PointOperation } from '@tributary/model';
import type { Clock } from '@tributary/runtime';
import { describeOperation } from '../watching/describe-request.ts';
import { DurationTally } from '../watching/duration-tally.ts';
import type { SlowLog } from '../watching/slow-log.ts';

export class WriteWatch {
  readonly #clock: Clock;
  readonly #slowLog: SlowLog | undefined;
  /** From handing an append over to its receipt. */
  readonly appends = new DurationTally();

  constructor(clock: Clock, slowLog: SlowLog | undefined) {
    this.#clock = clock;
    this.#slowLog = slowLog;
  }

  begin(): WriteTiming {
    return new WriteTiming(this.#clock, this.#slowLog, this.appends);
  }
}

export class WriteTiming {
  readonly #clock: Clock;
  readonly #slowLog: SlowLog | undefined;
  readonly #appends: DurationTally;
  readonly #startedMs: number;
  #handedOverMs: number | undefined;
  #acknowledgedMs: number | undefined;

  constructor(clock: Clock, slowLog: SlowLog | undefined, appends: DurationTally) {
    this.#clock = clock;
    this.#slowLog = slowLog;
    this.#appends = appends;
    this.#startedMs = clock.monotonicMs();
  }

  handedOver(): void {
    this.#handedOverMs = this.#clock.monotonicMs();
  }

  acknowledged(): void {
    this.#acknowledgedMs = this.#clock.monotonicMs();
    const handedOverMs = this.#handedOverMs ?? this.#startedMs;
    this.#appends.add((this.#acknowledgedMs - handedOverMs) / 1_000);
  }

  /** `failure` is what the write ended with; undefined where it was answered. */
  end(collection: CollectionState, operation: PointOperation, failure: unknown): void {
    if (this.#slowLog === undefined) return;
    const endedMs = this.#clock.monotonicMs();
    const handedOverMs = this.#handedOverMs ?? endedMs;
    const acknowledgedMs = this.#acknowledgedMs ?? endedMs;
    this.#slowLog.write({
      operation: operation.kind,
      collection,
      describe: () => describeOperation(operation),
      elapsedMs: endedMs - this.#startedMs,
      phases: {
        'checked and split': handedOverMs - this.#startedMs,
        'in the stream': acknowledgedMs - handedOverMs,
        'applied by replicas': endedMs - acknowledgedMs,
      },
      filter: filterOf(operation),
      failure,
    });
  }
}

function filterOf(operation: PointOperation): Filter | undefined {
  if ('updateFilter' in operation) return operation.updateFilter;
  if (!('selector' in operation)) return undefined;
  return operation.selector.kind === 'filter' ? operation.selector.filter : undefined;
}
