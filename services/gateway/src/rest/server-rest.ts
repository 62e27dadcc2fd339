// The REST server: bodies as text, answers as text, every failure in the envelope. What a path means is in
// rest-routes.ts.

import { isUtf8 } from 'node:buffer';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import cors from '@fastify/cors';
import {
  CUT_OFF_HEADER,
  envelopeParts,
  errorEnvelope,
  formatError,
  RETRY_AFTER,
  retryAfterText,
  statusOf,
  writeVersion,
} from '@tributary/qdrant-api';
import {
  type Clock,
  type Logger,
  type SpanDetails,
  type Tracer,
  TributaryError,
} from '@tributary/runtime';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { GatewayCore } from '../gateway-core.ts';
import type { BudgetShare } from '../limits/byte-budget.ts';
import type { EndpointMeter, RequestMeter } from '../limits/request-meter.ts';
import { addMetricsRoute, startMetricsServer } from '../watching/server-metrics.ts';
import { answerBody, sendLarge } from './rest-answer.ts';
import { watchTaking } from './rest-answer-bytes.ts';
import { countBodies, releaseBody, takeUnpacked } from './rest-body-bytes.ts';
import { compressAnswers, unpackedBody } from './rest-compression.ts';
import { nameOf, type RestRequest, type RestRoute } from './rest-request.ts';
import { restRoutes } from './rest-routes.ts';
import { unservedRoutes } from './rest-unserved-routes.ts';

export interface RestServerOptions {
  readonly core: GatewayCore;
  readonly meter: RequestMeter;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly tracer?: Tracer | undefined;
  readonly host: string;
  readonly port: number;
  readonly enableCors: boolean;
  readonly maxRequestBytes: number;
  /** Where the metrics are served besides; 0 picks a free port. */
  readonly metricsPort?: number | undefined;
}

export interface RestServer {
  readonly port: number;
  /** Of the server that has nothing but metrics; undefined where there is none. */
  readonly metricsPort: number | undefined;
  /** Takes no new connections and resolves when the requests in flight are answered. */
  drain(): Promise<void>;
  /** Ends every connection. */
  close(): Promise<void>;
}

const JSON_TYPE = 'application/json; charset=utf-8';
const TEXT_TYPE = 'text/plain; charset=utf-8';
/** A client that takes longer than this to send a request holds a connection for nothing. */
const REQUEST_WITHIN_MS = 300_000;
/** A larger one is parsed in slices: this one takes 3 ms. */
const SMALL_BODY_BYTES_MAX = 256 * 1024;
/** Nothing in a path is longer: Node bounds the headers to this. */
const PATH_PART_LENGTH_MAX = 16_384;
const CONNECTION_ERRORS: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
};

/** Errors: `unavailable` where the port is taken. */
export async function startRestServer(options: RestServerOptions): Promise<RestServer> {
  const app = fastify({
    bodyLimit: options.maxRequestBytes,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: PATH_PART_LENGTH_MAX },
    exposeHeadRoutes: true,
    forceCloseConnections: 'idle',
    requestTimeout: REQUEST_WITHIN_MS,
    clientErrorHandler: refuseConnection,
    frameworkErrors: (error, _request, reply) => fail(reply, error),
  });
  if (options.enableCors) {
    const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
    await app.register(cors, {
      origin: '*',
      methods,
      exposedHeaders: '*',
      strictPreflight: false,
    });
  }
  app.removeAllContentTypeParsers();
  // The handler parses, so that what is wrong with a body is answered like everything else.
  app.addContentTypeParser(
    '*',
    { parseAs: 'buffer' },
    async (request: FastifyRequest, packed: Buffer) => {
      const encoding = request.headers['content-encoding'];
      const body = await unpackedBody(packed, encoding, {
        bytesMax: options.maxRequestBytes,
        take: (bytes) => takeUnpacked(request, bytes),
      });
      if (!isUtf8(body)) throw formatError('the body is not UTF-8');
      return body.length > SMALL_BODY_BYTES_MAX ? body : body.toString();
    },
  );
  countBodies(app, options.meter);
  compressAnswers(app);
  app.setErrorHandler((error, _request, reply) => fail(reply, error));
  app.setNotFoundHandler((request, reply) =>
    fail(reply, new TributaryError('not_found', `no endpoint ${request.method} ${request.url}`)),
  );
  let isDraining = false;
  // A connection that was busy when the drain began is not idle, so nobody else would close it.
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (isDraining) reply.header('connection', 'close');
    const cutOffMs = options.core.cutOffMs();
    if (cutOffMs !== undefined) reply.header(CUT_OFF_HEADER, Math.floor(cutOffMs / 1_000));
    done();
  });
  addPlainRoutes(app, options.core);
  for (const route of [...restRoutes(options.core), ...unservedRoutes()]) {
    addRoute(app, route, options);
  }
  await app.listen({ host: options.host, port: options.port }).catch((error: Error) => {
    throw new TributaryError('unavailable', error.message, { cause: error });
  });
  const metrics = await startMetrics(options).catch(async (error) => {
    await app.close();
    throw error;
  });
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  return {
    port,
    metricsPort: metrics?.port,
    drain: () => {
      isDraining = true;
      return app.close();
    },
    close: async () => {
      await metrics?.close();
      app.server.closeAllConnections();
      await app.close();
    },
  };
}

async function startMetrics({ core, host, metricsPort }: RestServerOptions) {
  if (metricsPort === undefined) return undefined;
  return startMetricsServer({ host, port: metricsPort }, core.operators);
}

function addRoute(app: FastifyInstance, route: RestRoute, options: RestServerOptions): void {
  const { method, url } = route;
  const pattern = url.replaceAll(/:(\w+)/g, '{$1}');
  const endpoint = options.meter.rest(method, pattern);
  const endpointSpan: SpanDetails = {
    name: `${method} ${pattern}`,
    kind: 'server',
    attributes: { 'http.request.method': method, 'http.route': pattern },
  };
  const context = { ...options, endpoint, endpointSpan };
  // No promise is handed back: its end would be taken for an answer while that one is still being compressed.
  const handler = (request: FastifyRequest, reply: FastifyReply) => {
    answer(request, reply, route, context).catch((error: unknown) => fail(reply, error));
  };
  app.route({ method, url, handler, ...(route.ignoresBody === true && { onRequest: handler }) });
}

async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  { handle }: RestRoute,
  context: RestServerOptions & {
    readonly endpoint: EndpointMeter;
    readonly endpointSpan: SpanDetails;
  },
): Promise<void> {
  const { clock, meter, logger, endpoint } = context;
  const startedMs = clock.monotonicMs();
  const share = meter.answerBytes.share();
  const asked = restRequest(request, share);
  let result: Awaited<ReturnType<RestRoute['handle']>>;
  try {
    meter.enter();
    try {
      result = await served(asked, context.endpointSpan, context.tracer, () => handle(asked));
    } finally {
      meter.leave();
    }
  } catch (failure) {
    share[Symbol.dispose]();
    const { http: status } = statusOf(failure);
    if (status === 500) logger.error({ error: failure, url: request.url }, 'a request failed');
    const seconds = endpoint.finish(startedMs, status, nameOf(asked));
    return refuse(reply, failure, seconds);
  } finally {
    releaseBody(request);
  }
  const seconds = endpoint.finish(startedMs, 200, nameOf(asked));
  const body = answerBody(result, envelopeParts(seconds));
  reply.code(200).header('content-type', JSON_TYPE);
  // Nobody takes a large one whose connection is gone: it was closed with it.
  if (body.kind === 'large' && !request.raw.socket.destroyed) {
    return sendLarge(reply, body, watchTaking(reply, share, clock));
  }
  share[Symbol.dispose]();
  if (body.kind === 'small') reply.send(body.text);
}

function served<T>(
  { headers }: RestRequest,
  details: SpanDetails,
  tracer: Tracer | undefined,
  work: () => Promise<T>,
): Promise<T> {
  if (tracer === undefined) return work();
  const { traceparent, tracestate } = headers;
  return tracer.serve(
    { traceparent: textOf(traceparent), tracestate: textOf(tracestate) },
    details,
    work,
  );
}

function textOf(header: unknown): string | undefined {
  return typeof header === 'string' ? header : undefined;
}

function refuse(reply: FastifyReply, failure: unknown, seconds: number): void {
  const retryAfter = retryAfterText(failure);
  if (retryAfter !== undefined) reply.header(RETRY_AFTER, retryAfter);
  const { http: status } = statusOf(failure);
  reply.code(status).header('content-type', JSON_TYPE).send(errorEnvelope(failure, seconds));
}

function restRequest(request: FastifyRequest, share: BudgetShare): RestRequest {
  const { params, query, headers, body } = request;
  return {
    path: isStrings(params) ? params : {},
    query: isStrings(query) ? query : {},
    headers,
    body: typeof body === 'string' || Buffer.isBuffer(body) ? body : '',
    hold: (bytes) => share.take(bytes),
  };
}

/** The router makes both: objects whose values are strings, or lists of strings for a repeated query parameter. */
function isStrings(value: unknown): value is Readonly<Record<string, string>> {
  return typeof value === 'object' && value !== null;
}

function addPlainRoutes(app: FastifyInstance, core: GatewayCore): void {
  app.get('/', (_request, reply) =>
    reply.header('content-type', JSON_TYPE).send(writeVersion(core.version)),
  );
  for (const path of ['/healthz', '/livez']) {
    app.get(path, (_request, reply) =>
      reply.header('content-type', TEXT_TYPE).send('healthz check passed'),
    );
  }
  app.get('/readyz', async (_request, reply) => {
    const isReady = await core.isReady();
    const text = isReady ? 'all shards are ready' : 'some shards are not ready';
    return reply
      .code(isReady ? 200 : 503)
      .header('content-type', TEXT_TYPE)
      .send(text);
  });
  addMetricsRoute(app, core.operators);
}

/** What goes wrong before a handler is reached: a body too large, an unreadable path, an unknown endpoint. */
function fail(reply: FastifyReply, error: unknown): void {
  releaseBody(reply.request);
  const known = explain(error);
  reply.code(statusOf(known).http).header('content-type', JSON_TYPE).send(errorEnvelope(known, 0));
}

function explain(error: unknown): TributaryError {
  if (error instanceof TributaryError || !(error instanceof Error)) {
    return TributaryError.from(error);
  }
  const status = 'statusCode' in error ? error.statusCode : undefined;
  if (status === 413) {
    return new TributaryError('too_large', 'The body of the request is larger than allowed', {
      cause: error,
    });
  }
  const isClients = typeof status === 'number' && status >= 400 && status < 500;
  return isClients
    ? new TributaryError('format', `Format error in request: ${error.message}`, { cause: error })
    : TributaryError.from(error);
}

/** What arrives is no HTTP, has headers without end, or takes too long. */
function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable) return void socket.destroy();
  const status = CONNECTION_ERRORS[error.code ?? ''] ?? 400;
  const body = errorEnvelope(
    new TributaryError('format', `Format error in request: ${error.message}`),
    0,
  );
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `content-type: ${JSON_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}
