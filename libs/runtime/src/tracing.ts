// What tracing is to those who are traced: spans, and the W3C form in which one goes on elsewhere. Where no tracing is
// configured there is no tracer, and asking for a span costs a comparison.
//
// Invariant: spans are made only within a request that `serve` began and that is sampled; nothing depends on them.

export type SpanKind = 'server' | 'client' | 'producer' | 'consumer' | 'internal';

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanDetails {
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: SpanAttributes;
}

/** What a caller sends along, as W3C Trace Context has it. */
export interface TraceHeaders {
  readonly traceparent?: string | undefined;
  readonly tracestate?: string | undefined;
}

/** A span that is reported once it has ended; times are milliseconds since the Unix epoch. */
export interface EndedSpan extends SpanDetails {
  readonly startMs: number;
  readonly endMs: number;
  /** In the form of `traceparent`: of one it is the child; several, which have no common trace, it is linked to. */
  readonly causes: readonly string[];
}

export interface Tracer {
  /** Does the work as a span of the caller's trace, or of a new one; an error is noted on it and goes on. */
  serve<T>(caller: TraceHeaders, details: SpanDetails, work: () => Promise<T>): Promise<T>;
  /** Does the work as a span beneath the one that this is called in; as it is where none is. */
  span<T>(details: () => SpanDetails, work: () => Promise<T>): Promise<T>;
  /** The span that this is called in, as `traceparent`; undefined where none is. */
  current(): string | undefined;
  record(span: EndedSpan): void;
}

/** As `Tracer.span`, where there may be no tracer. */
export function traced<T>(
  tracer: Tracer | undefined,
  details: () => SpanDetails,
  work: () => Promise<T>,
): Promise<T> {
  return tracer === undefined ? work() : tracer.span(details, work);
}
