// Counts and times requests, and bounds how many and how large ones are in flight over both protocols. What it counted
// is reported as metrics under Qdrant's names and as the tallies of telemetry: one record, at 0.05 µs a request, serves
// both.
//
// Invariant: what was counted of a collection is kept no longer than the collection.

import type { ResponseTally } from '@tributary/qdrant-api';
import {
  type Clock,
  type MetricFamily,
  type MetricLabels,
  TributaryError,
} from '@tributary/runtime';
import { DurationTally } from '../watching/duration-tally.ts';
import { ByteBudget } from './byte-budget.ts';

/** A route's or a method's own meter. */
export interface EndpointMeter {
  /**
   * Seconds since `startedMs`, to the nanosecond, recorded under the status and, where the request named a collection
   * that there is, under that.
   */
  finish(startedMs: number, status: number, collection?: string): number;
}

export interface RequestMeterOptions {
  readonly clock: Clock;
  /** In flight at once. */
  readonly requestsMax: number;
  /** Bytes of requests held at once; small ones are not counted. */
  readonly requestBytesMax: number;
  /** Bytes of answers that wait for their clients at once; small ones are not counted. */
  readonly answerBytesMax: number;
  /** Why no request is answered any more; undefined while they are. */
  readonly refusal?: () => TributaryError | undefined;
  /** Name of the collection that a name or alias stands for; undefined where there is none. */
  readonly collectionNamed: (name: string) => string | undefined;
}

/** Which of two: the requests of all collections and of none together, or those of each collection. */
export interface RequestFamiliesOptions {
  readonly perCollection: boolean;
  /** How the name of a collection is shown. */
  readonly shown: (collection: string) => string;
}

interface Recorded {
  /** Method and path over REST, method over gRPC. */
  readonly labels: MetricLabels;
  readonly endpoint: string;
  readonly status: number;
  readonly tally: DurationTally;
  /** Undefined for the requests of all. */
  readonly collection: string | undefined;
}

type Protocol = 'rest' | 'grpc';

export class RequestMeter {
  readonly #options: RequestMeterOptions;
  readonly #recorded: Readonly<Record<Protocol, Map<string, Recorded>>> = {
    rest: new Map(),
    grpc: new Map(),
  };
  readonly bytes: ByteBudget;
  readonly answerBytes: ByteBudget;
  #inFlight = 0;

  constructor(options: RequestMeterOptions) {
    this.bytes = new ByteBudget(options.requestBytesMax, 'of other requests are held');
    this.answerBytes = new ByteBudget(options.answerBytesMax, 'of answers wait to be taken');
    this.#options = options;
  }

  /** Takes a place among the requests in flight. Errors: `unavailable`, or why the peer answers none. */
  enter(): void {
    const refusal = this.#options.refusal?.();
    if (refusal !== undefined) throw refusal;
    if (this.#inFlight >= this.#options.requestsMax) {
      throw new TributaryError('unavailable', `${this.#inFlight} requests are in flight already`);
    }
    this.#inFlight++;
  }

  leave(): void {
    this.#inFlight--;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  rest(method: string, endpoint: string): EndpointMeter {
    return this.#endpoint('rest', `${method} ${endpoint}`, { method, endpoint });
  }

  grpc(endpoint: string): EndpointMeter {
    return this.#endpoint('grpc', endpoint, { endpoint });
  }

  /** What was answered since the start, by endpoint and status: REST by method and path, gRPC by method. */
  tallies(protocol: Protocol): ResponseTally[] {
    return this.#of(protocol, false).map(tallyOf);
  }

  /** The same of each collection by itself. */
  talliesByCollection(protocol: Protocol): ReadonlyMap<string, readonly ResponseTally[]> {
    const recorded = Map.groupBy(this.#of(protocol, true), ({ collection = '' }) => collection);
    return new Map([...recorded].map(([name, each]) => [name, each.map(tallyOf)]));
  }

  /** Forgets collections that are gone. */
  forgetGone(): void {
    const { collectionNamed } = this.#options;
    for (const recorded of Object.values(this.#recorded)) {
      for (const [key, { collection }] of recorded) {
        if (collection !== undefined && collectionNamed(collection) !== collection) {
          recorded.delete(key);
        }
      }
    }
  }

  families(options: RequestFamiliesOptions): MetricFamily[] {
    return [...this.#families('rest', options), ...this.#families('grpc', options)];
  }

  #endpoint(protocol: Protocol, endpoint: string, labels: MetricLabels): EndpointMeter {
    const { clock, collectionNamed } = this.#options;
    // Found by status alone: this is done for every request.
    const totals = new Map<number, DurationTally>();
    return {
      finish: (startedMs, status, name) => {
        const seconds = Math.round((clock.monotonicMs() - startedMs) * 1e6) / 1e9;
        let total = totals.get(status);
        if (total === undefined) {
          total = this.#tally(protocol, endpoint, labels, status, undefined);
          totals.set(status, total);
        }
        total.add(seconds);
        const collection = name === undefined ? undefined : collectionNamed(name);
        if (collection !== undefined) {
          this.#tally(protocol, endpoint, labels, status, collection).add(seconds);
        }
        return seconds;
      },
    };
  }

  #tally(
    protocol: Protocol,
    endpoint: string,
    labels: MetricLabels,
    status: number,
    collection: string | undefined,
  ): DurationTally {
    const key = `${endpoint} ${status} ${collection ?? ''}`;
    const present = this.#recorded[protocol].get(key);
    if (present !== undefined) return present.tally;
    const tally = new DurationTally();
    const recorded = { labels: { ...labels, status }, endpoint, status, tally, collection };
    this.#recorded[protocol].set(key, recorded);
    return tally;
  }

  #of(protocol: Protocol, perCollection: boolean): Recorded[] {
    const recorded = [...this.#recorded[protocol].values()];
    return recorded.filter(({ collection }) => (collection !== undefined) === perCollection);
  }

  #families(protocol: Protocol, { perCollection, shown }: RequestFamiliesOptions): MetricFamily[] {
    const recorded = this.#of(protocol, perCollection).map(({ labels, tally, collection }) => {
      const named =
        collection === undefined ? labels : { ...labels, collection: shown(collection) };
      return { labels: named, tally };
    });
    const name = `${protocol}_responses`;
    const gauge = (which: string, measured: (tally: DurationTally) => number): MetricFamily => ({
      name: `${name}_${which}_duration_seconds`,
      help: `The ${which} time of a response since the start, in seconds`,
      type: 'gauge',
      samples: recorded.map(({ labels, tally }) => ({ labels, value: measured(tally) })),
    });
    return [
      {
        name: `${name}_total`,
        help: 'Responses given',
        type: 'counter',
        samples: recorded.map(({ labels, tally }) => ({ labels, value: tally.count })),
      },
      gauge('avg', ({ averageSec }) => averageSec),
      gauge('min', ({ minSec }) => minSec),
      gauge('max', ({ maxSec }) => maxSec),
      {
        name: `${name}_duration_seconds`,
        help: 'Time from a request read to its response written, in seconds',
        type: 'histogram',
        samples: recorded.flatMap(({ labels, tally }) => tally.histogram(labels)),
      },
    ];
  }
}

function tallyOf({ endpoint, status, tally }: Recorded): ResponseTally {
  const { count, totalSec, minSec, maxSec } = tally;
  return { endpoint, status, count, totalSec, minSec, maxSec };
}
