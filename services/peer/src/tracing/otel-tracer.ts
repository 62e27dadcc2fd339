// The tracer on OpenTelemetry's SDK. Loaded only where tracing is configured. It sets nothing global, so several peers
// in one process have tracers of their own.
//
// What a request runs in is kept by an AsyncLocalStorage, which only a sampled request enters.

import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { isTracingSuppressed, W3CTraceContextPropagator } from '@opentelemetry/core';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BasicTracerProvider,
  ParentBasedSampler,
  type Sampler,
  SamplingDecision,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';
import {
  type EndedSpan,
  type SpanDetails,
  type TraceHeaders,
  type Tracer,
  TributaryError,
} from '@tributary/runtime';

export interface OtelTracerOptions {
  /** Of the peer: `service.name` and so on. */
  readonly resource: Attributes;
  /** Share of the traces begun here that are kept; one that a caller began is kept where the caller keeps it. */
  readonly samplingRatio: number;
  readonly processor: SpanProcessor;
}

/** A span that is linked to kept ones is kept as well: it begins a trace only for having several causes. */
function rootSampler(ratio: number): Sampler {
  const byRatio = new TraceIdRatioBasedSampler(ratio);
  return {
    shouldSample: (context, traceId, _name, _kind, _attributes, links) =>
      links.some((link) => (link.context.traceFlags & TraceFlags.SAMPLED) !== 0)
        ? { decision: SamplingDecision.RECORD_AND_SAMPLED }
        : byRatio.shouldSample(context, traceId),
    toString: () => `linked or ${byRatio}`,
  };
}

const SCOPE = 'tributary';
const KINDS = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
  internal: SpanKind.INTERNAL,
} as const;

const HEADERS: TextMapGetter<TraceHeaders> = {
  keys: () => ['traceparent', 'tracestate'],
  get: (headers, key) => (key === 'traceparent' ? headers.traceparent : headers.tracestate),
};

export class OtelTracer implements Tracer, AsyncDisposable {
  readonly #provider: BasicTracerProvider;
  readonly #propagator = new W3CTraceContextPropagator();
  readonly #current = new AsyncLocalStorage<Context>();

  constructor({ resource, samplingRatio, processor }: OtelTracerOptions) {
    this.#provider = new BasicTracerProvider({
      resource: resourceFromAttributes(resource),
      sampler: new ParentBasedSampler({ root: rootSampler(samplingRatio) }),
      spanProcessors: [processor],
    });
  }

  serve<T>(caller: TraceHeaders, details: SpanDetails, work: () => Promise<T>): Promise<T> {
    return this.#run(this.#contextOf(caller), details, work);
  }

  span<T>(details: () => SpanDetails, work: () => Promise<T>): Promise<T> {
    const parent = this.#current.getStore();
    return parent === undefined ? work() : this.#run(parent, details(), work);
  }

  current(): string | undefined {
    const context = this.#current.getStore();
    if (context === undefined || isTracingSuppressed(context)) return undefined;
    const carrier: { traceparent?: string } = {};
    this.#propagator.inject(context, carrier, {
      set: (into, key, value) => {
        if (key === 'traceparent') into.traceparent = value;
      },
    });
    return carrier.traceparent;
  }

  record({ name, kind, attributes, startMs, endMs, causes }: EndedSpan): void {
    const contexts = causes.map((traceparent) => this.#contextOf({ traceparent }));
    const [only] = contexts;
    const isChild = only !== undefined && contexts.length === 1;
    const links = contexts.flatMap((context) => {
      const spanContext = trace.getSpanContext(context);
      return spanContext === undefined ? [] : [{ context: spanContext }];
    });
    const options = {
      kind: KINDS[kind],
      attributes,
      startTime: startMs,
      ...(isChild ? {} : { links, root: true }),
    };
    this.#tracer.startSpan(name, options, isChild ? only : ROOT_CONTEXT).end(endMs);
  }

  /** Hands over what is kept back, as long as the exporter waits for its collector. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#provider.shutdown();
  }

  get #tracer() {
    return this.#provider.getTracer(SCOPE);
  }

  #contextOf(headers: TraceHeaders): Context {
    return this.#propagator.extract(ROOT_CONTEXT, headers, HEADERS);
  }

  async #run<T>(parent: Context, details: SpanDetails, work: () => Promise<T>): Promise<T> {
    const { name, kind, attributes } = details;
    const span = this.#tracer.startSpan(name, { kind: KINDS[kind], attributes }, parent);
    if (!span.isRecording()) return this.#current.exit(work);
    try {
      return await this.#current.run(trace.setSpan(parent, span), work);
    } catch (error) {
      const { code, message } = TributaryError.from(error);
      span.setAttribute('error.type', code);
      span.setStatus({ code: SpanStatusCode.ERROR, message });
      throw error;
    } finally {
      span.end();
    }
  }
}
