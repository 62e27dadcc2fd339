// Puts a gateway together: its core, and the servers in front of it.
//
//   starting ──► serving ──drain()──► draining (no new connections, so not ready) ──close()──► closed

import {
  createGatewayCore,
  type GatewayCoreOptions,
  type OwnedGatewayCore,
} from './create-gateway-core.ts';
import { createEndpoints } from './endpoints/endpoints.ts';
import { type GrpcServer, startGrpcServer } from './grpc/server-grpc.ts';
import { drain } from './limits/drain.ts';
import { type RestServer, startRestServer } from './rest/server-rest.ts';

export type GatewayOptions = GatewayCoreOptions;

export interface Gateway extends AsyncDisposable {
  readonly httpPort: number;
  readonly grpcPort: number;
  /** Undefined where no port of their own is asked for the metrics. */
  readonly metricsPort: number | undefined;
  /**
   * Takes no new connection any more, a probe's neither; resolves when the requests in flight are answered and the
   * answers taken, at the latest after `drainTimeoutMs`.
   */
  drain(): Promise<void>;
  /** Ends what is left. Idempotent. */
  close(): Promise<void>;
}

/** Errors: `unavailable` where a port is taken. */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const owned = createGatewayCore(options);
  const { config, meter } = owned;
  const { rest, grpc } = await startServers(options, owned).catch(async (error) => {
    await owned[Symbol.asyncDispose]();
    throw error;
  });
  const closeAll = async () => {
    grpc.close();
    await rest.close();
    await owned[Symbol.asyncDispose]();
  };
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= closeAll();
    return closing;
  };
  return {
    httpPort: rest.port,
    grpcPort: grpc.port,
    metricsPort: rest.metricsPort,
    drain: async () => {
      await drain({
        clock: options.clock,
        timeoutMs: config.drainTimeoutMs,
        // A large answer is not over when it is made, but when it is taken.
        inFlight: () => meter.inFlight + meter.answerBytes.held,
        servers: [rest.drain(), grpc.drain()],
      });
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function startServers(
  options: GatewayOptions,
  { config, core, meter }: OwnedGatewayCore,
): Promise<{ readonly rest: RestServer; readonly grpc: GrpcServer }> {
  const { clock, logger, tracer } = options;
  const { host, httpPort, metricsPort, enableCors, maxRequestBytes } = config;
  const { cutOffMs } = core;
  const endpoints = createEndpoints(core);
  const shared = { endpoints, cutOffMs, meter, clock, logger, tracer, host };
  const rest = await startRestServer({
    ...shared,
    port: httpPort,
    enableCors,
    maxRequestBytes,
    metricsPort,
  });
  try {
    return { rest, grpc: await startGrpcServer({ ...shared, port: config.grpcPort }) };
  } catch (error) {
    await rest.close();
    throw error;
  }
}
