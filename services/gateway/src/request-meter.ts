// Counts and times requests under Qdrant's metric names, and bounds how many are in flight over both protocols.

import type { ResponseTally } from '@tributary/qdrant-api';
import { type Clock, type Metrics, TributaryError } from '@tributary/runtime';

/** A route's or a method's own meter. */
export interface EndpointMeter {
  /** Seconds since `startedMs`, to the nanosecond, recorded under the status. */
  finish(startedMs: number, status: number): number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export class RequestMeter {
  readonly #restTallies: Mutable<ResponseTally>[] = [];
  readonly #grpcTallies: Mutable<ResponseTally>[] = [];
  readonly #clock: Clock;
  readonly #requestsMax: number;
  readonly #metrics: Metrics;
  readonly #rest;
  readonly #grpc;
  #inFlight = 0;

  constructor(metrics: Metrics, clock: Clock, requestsMax: number) {
    this.#clock = clock;
    this.#requestsMax = requestsMax;
    this.#metrics = metrics;
    this.#rest = this.#family('rest', ['method', 'endpoint', 'status']);
    this.#grpc = this.#family('grpc', ['endpoint', 'status']);
  }

  /** Takes a place among the requests in flight. Errors: `unavailable`. */
  enter(): void {
    if (this.#inFlight >= this.#requestsMax) {
      throw new TributaryError('unavailable', `${this.#inFlight} requests are in flight already`);
    }
    this.#inFlight++;
  }

  leave(): void {
    this.#inFlight--;
  }

  /** What was answered over REST since the start, by method and path. */
  get restTallies(): readonly ResponseTally[] {
    return this.#restTallies;
  }

  /** What was answered over gRPC since the start, by method. */
  get grpcTallies(): readonly ResponseTally[] {
    return this.#grpcTallies;
  }

  rest(method: string, endpoint: string): EndpointMeter {
    return this.#endpoint((status) => {
      const tally = newTally(`${method} ${endpoint}`, status);
      this.#restTallies.push(tally);
      const labels = { method, endpoint, status: String(status) };
      const total = this.#rest.total.labels(labels);
      const duration = this.#rest.duration.labels(labels);
      return (seconds) => {
        total.inc();
        duration.observe(seconds);
        add(tally, seconds);
      };
    });
  }

  grpc(endpoint: string): EndpointMeter {
    return this.#endpoint((status) => {
      const tally = newTally(endpoint, status);
      this.#grpcTallies.push(tally);
      const labels = { endpoint, status: String(status) };
      const total = this.#grpc.total.labels(labels);
      const duration = this.#grpc.duration.labels(labels);
      return (seconds) => {
        total.inc();
        duration.observe(seconds);
        add(tally, seconds);
      };
    });
  }

  /** Looking labels up costs more than counting, so each status is looked up once. */
  #endpoint(recorderOf: (status: number) => (seconds: number) => void): EndpointMeter {
    const recorders = new Map<number, (seconds: number) => void>();
    return {
      finish: (startedMs, status) => {
        const seconds = Math.round((this.#clock.monotonicMs() - startedMs) * 1e6) / 1e9;
        let record = recorders.get(status);
        if (record === undefined) {
          record = recorderOf(status);
          recorders.set(status, record);
        }
        record(seconds);
        return seconds;
      },
    };
  }

  #family<Label extends string>(protocol: string, labels: readonly Label[]) {
    return {
      total: this.#metrics.counter<Label>({
        name: `${protocol}_responses_total`,
        help: 'Responses given',
        labels,
      }),
      duration: this.#metrics.histogram<Label>({
        name: `${protocol}_responses_duration_seconds`,
        help: 'Time from a request read to its response written, in seconds',
        labels,
      }),
    };
  }
}

function newTally(endpoint: string, status: number): Mutable<ResponseTally> {
  return { endpoint, status, count: 0, totalSec: 0, minSec: Number.POSITIVE_INFINITY, maxSec: 0 };
}

function add(tally: Mutable<ResponseTally>, seconds: number): void {
  tally.count++;
  tally.totalSec += seconds;
  tally.minSec = Math.min(tally.minSec, seconds);
  tally.maxSec = Math.max(tally.maxSec, seconds);
}
