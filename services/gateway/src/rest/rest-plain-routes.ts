// The REST routes whose answers have no envelope: what probes and monitoring ask. They are not counted among the
// requests, which would be mostly theirs.

import { parseReportParameters, type QueryStrings, writeVersion } from '@tributary/qdrant-api';
import type { FastifyInstance } from 'fastify';
import {
  type Caller,
  type Endpoint,
  type EndpointIdentity,
  nothing,
} from '../endpoints/endpoint.ts';
import type { Endpoints } from '../endpoints/endpoints.ts';
import { callerOf, JSON_TYPE, refuse } from './rest-refusal.ts';

interface PlainAnswer {
  /** Default 200. */
  readonly status?: number;
  readonly contentType: string;
  readonly body: string;
}

export interface PlainRoute {
  readonly method: 'GET';
  readonly url: string;
  readonly endpoint: EndpointIdentity;
  readonly handle: (query: QueryStrings, caller: Caller) => Promise<PlainAnswer>;
}

const TEXT_TYPE = 'text/plain; charset=utf-8';
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export function plainRoutes(endpoints: Endpoints): PlainRoute[] {
  const { version, live, ready } = endpoints;
  const passed = () => ({ contentType: TEXT_TYPE, body: 'healthz check passed' });
  return [
    plain('/', version, nothing, (view) => ({ contentType: JSON_TYPE, body: writeVersion(view) })),
    plain('/healthz', live, nothing, passed),
    plain('/livez', live, nothing, passed),
    plain('/readyz', ready, nothing, (isReady) => ({
      status: isReady ? 200 : 503,
      contentType: TEXT_TYPE,
      body: isReady ? 'all shards are ready' : 'some shards are not ready',
    })),
    metricsRoute(endpoints),
  ];
}

export function metricsRoute({ metrics }: Pick<Endpoints, 'metrics'>): PlainRoute {
  return plain('/metrics', metrics, parseReportParameters, (body) => {
    return { contentType: METRICS_TYPE, body };
  });
}

export function addPlainRoute(app: FastifyInstance, { url, handle }: PlainRoute): void {
  app.get(url, async (request, reply) => {
    try {
      const { query } = request;
      const { status = 200, contentType, body } = await handle(stringsOf(query), callerOf(request));
      return reply.code(status).header('content-type', contentType).send(body);
    } catch (error) {
      return refuse(reply, error, 0);
    }
  });
}

function plain<Request, Answer>(
  url: string,
  endpoint: Endpoint<Request, Answer>,
  decode: (query: QueryStrings) => Request,
  encode: (answer: Answer) => PlainAnswer,
): PlainRoute {
  return {
    method: 'GET',
    url,
    endpoint,
    handle: async (query, caller) => encode(await endpoint.run(decode(query), caller)),
  };
}

function stringsOf(query: unknown): QueryStrings {
  return typeof query === 'object' && query !== null ? { ...query } : {};
}
