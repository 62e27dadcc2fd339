// Serves GET /metrics: beside the REST endpoints, and where a port of its own is asked for, there as well, so that a
// firewall may keep clients from it.

import {
  errorEnvelope,
  parseReportParameters,
  type QueryStrings,
  statusOf,
} from '@tributary/qdrant-api';
import { TributaryError } from '@tributary/runtime';
import fastify, { type FastifyInstance } from 'fastify';
import type { OperatorViews } from './operator-views.ts';

export interface MetricsServer {
  readonly port: number;
  close(): Promise<void>;
}

const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
const JSON_TYPE = 'application/json; charset=utf-8';

export function addMetricsRoute(app: FastifyInstance, operators: OperatorViews): void {
  app.get('/metrics', async ({ query }, reply) => {
    try {
      const text = await operators.metrics(parseReportParameters(stringsOf(query)));
      return reply.header('content-type', METRICS_TYPE).send(text);
    } catch (error) {
      const { http } = statusOf(error);
      return reply.code(http).header('content-type', JSON_TYPE).send(errorEnvelope(error, 0));
    }
  });
}

/** Errors: `unavailable` where the port is taken. */
export async function startMetricsServer(
  address: { readonly host: string; readonly port: number },
  operators: OperatorViews,
): Promise<MetricsServer> {
  const app = fastify({ exposeHeadRoutes: false, forceCloseConnections: true });
  addMetricsRoute(app, operators);
  await app.listen(address).catch((error: Error) => {
    throw new TributaryError('unavailable', error.message, { cause: error });
  });
  const bound = app.server.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : address.port,
    close: () => app.close(),
  };
}

function stringsOf(query: unknown): QueryStrings {
  return typeof query === 'object' && query !== null ? { ...query } : {};
}
