// A door to an endpoint: one REST route or one gRPC method. What is counted, timed, traced and logged of a request is
// done here, the same by either protocol.

import { statusOf } from '@tributary/qdrant-api';
import type { Clock, Logger, SpanDetails, TraceHeaders, Tracer } from '@tributary/runtime';
import type { EndpointMeter, RequestMeter } from '../limits/request-meter.ts';
import type { Caller, EndpointIdentity } from './endpoint.ts';

export interface DoorOptions {
  readonly meter: RequestMeter;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly tracer?: Tracer | undefined;
}

export interface DoorIdentity {
  readonly endpoint: EndpointIdentity;
  /** Counts the requests under the name that the protocol has for the door. */
  readonly times: EndpointMeter;
  readonly span: SpanDetails;
}

export class Door {
  readonly #options: DoorOptions;
  readonly #identity: DoorIdentity;

  constructor(options: DoorOptions, { endpoint, times, span }: DoorIdentity) {
    const attributes = { ...span.attributes, 'tributary.endpoint': endpoint.name };
    this.#options = options;
    this.#identity = { endpoint, times, span: { ...span, attributes } };
  }

  /** The work among the requests in flight, within a span. Errors: `unavailable`, and those of the work. */
  async serve<T>(headers: () => TraceHeaders, work: () => Promise<T>): Promise<T> {
    const { meter, tracer } = this.#options;
    meter.enter();
    try {
      if (tracer === undefined) return await work();
      return await tracer.serve(headers(), this.#identity.span, work);
    } finally {
      meter.leave();
    }
  }

  /** The seconds that a request took; `status` is the protocol's. */
  finish(startedMs: number, status: number, collection: string | undefined): number {
    return this.#identity.times.finish(startedMs, status, collection);
  }

  /** Errors that are not the client's are logged here, and nowhere else. */
  logFailure(error: unknown, { protocol, address }: Caller): void {
    if (statusOf(error).http !== 500) return;
    const { name: endpoint } = this.#identity.endpoint;
    this.#options.logger.error({ error, endpoint, protocol, client: address }, 'a request failed');
  }
}
