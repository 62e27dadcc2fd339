// Tracing as configured: spans go to an OTLP collector over HTTP. Where no collector is configured nothing is loaded.

import type { PeerId } from '@tributary/model';
import type { Logger, Tracer } from '@tributary/runtime';
import type { PeerConfiguration } from '../configuration.ts';
import { VERSION } from '../version.ts';

export type StartedTracer = Tracer & AsyncDisposable;

/** A collector that is away must not hold up the end of the peer. */
const EXPORT_WITHIN_MS = 3_000;

export async function startTracing(
  { otlp_endpoint: endpoint, sampling_ratio: samplingRatio }: PeerConfiguration['tracing'],
  peer: PeerId,
  logger: Logger,
): Promise<StartedTracer | undefined> {
  if (endpoint === undefined) return undefined;
  const { OtelTracer } = await import('./otel-tracer.ts');
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
  const { BatchSpanProcessor } = await import('@opentelemetry/sdk-trace-base');
  const { setGlobalErrorHandler } = await import('@opentelemetry/core');
  setGlobalErrorHandler((error) => logger.warn({ error }, 'spans were not exported'));
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/$/, '')}/v1/traces`,
    timeoutMillis: EXPORT_WITHIN_MS,
  });
  return new OtelTracer({
    resource: {
      'service.name': 'tributary',
      'service.version': VERSION,
      'service.instance.id': String(peer),
    },
    samplingRatio,
    processor: new BatchSpanProcessor(exporter),
  });
}
