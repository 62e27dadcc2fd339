// A server that has nothing but GET /metrics, where a port of its own is asked for: so that a firewall may keep clients
// from it.

import { TributaryError } from '@tributary/runtime';
import fastify from 'fastify';
import { addPlainRoute, type PlainRoute } from './rest-plain-routes.ts';

export interface MetricsServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Errors: `unavailable` where the port is taken. */
export async function startMetricsServer(
  address: { readonly host: string; readonly port: number },
  route: PlainRoute,
): Promise<MetricsServer> {
  const app = fastify({ exposeHeadRoutes: false, forceCloseConnections: true });
  addPlainRoute(app, route);
  await app.listen(address).catch((error: Error) => {
    throw new TributaryError('unavailable', error.message, { cause: error });
  });
  const bound = app.server.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : address.port,
    close: () => app.close(),
  };
}
