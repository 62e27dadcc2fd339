// The REST server: bodies as text, answers as text, every failure in the envelope. What a path means is in
// rest-routes.ts.

import { isUtf8 } from 'node:buffer';
import cors from '@fastify/cors';
import { CUT_OFF_HEADER, envelopeParts, formatError, statusOf } from '@tributary/qdrant-api';
import { type TraceHeaders, TributaryError } from '@tributary/runtime';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { Door, type DoorOptions } from '../endpoints/door.ts';
import type { Endpoints } from '../endpoints/endpoints.ts';
import type { BudgetShare } from '../limits/byte-budget.ts';
import { answerBody, sendLarge } from './rest-answer.ts';
import { watchTaking } from './rest-answer-bytes.ts';
import { countBodies, releaseBody, takeUnpacked } from './rest-body-bytes.ts';
import { compressAnswers, unpackedBody } from './rest-compression.ts';
import { type OtherMethods, otherMethods } from './rest-methods.ts';
import { addPlainRoute, metricsRoute, plainRoutes } from './rest-plain-routes.ts';
import { callerOf, fail, JSON_TYPE, refuse, refuseConnection } from './rest-refusal.ts';
import { nameOf, type RestRequest, type RestRoute } from './rest-request.ts';
import { restRoutes } from './rest-routes.ts';
import { startMetricsServer } from './server-metrics.ts';

export interface RestServerOptions extends DoorOptions {
  readonly endpoints: Endpoints;
  /** For how long this peer has been cut off from the log; undefined while it is not. */
  readonly cutOffMs: () => number | undefined;
  readonly host: string;
  readonly port: number;
  readonly enableCors: boolean;
  readonly maxRequestBytes: number;
  /** Where the metrics are served as well; 0 picks a free port. */
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

/** A client that takes longer than this to send a request holds a connection for nothing. */
const REQUEST_WITHIN_MS = 300_000;
/** A larger one is parsed in slices: this one takes 3 ms. */
const SMALL_BODY_BYTES_MAX = 256 * 1024;
/** Nothing in a path is longer: Node bounds the headers to this. */
const PATH_PART_LENGTH_MAX = 16_384;

/** Errors: `unavailable` where the port is taken. */
export async function startRestServer(options: RestServerOptions): Promise<RestServer> {
  const { endpoints, host, port, cutOffMs } = options;
  const app = await createApp(options);
  let isDraining = false;
  // A connection that was busy when the drain began is not idle, so no one else would close it.
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (isDraining) reply.header('connection', 'close');
    const forMs = cutOffMs();
    if (forMs !== undefined) reply.header(CUT_OFF_HEADER, Math.floor(forMs / 1_000));
    done();
  });
  const plain = plainRoutes(endpoints);
  const routes = restRoutes(endpoints);
  for (const route of plain) addPlainRoute(app, route);
  for (const route of routes) addRoute(app, route, options);
  for (const refused of otherMethods([...plain, ...routes])) refuseMethods(app, refused);
  await app.listen({ host, port }).catch((error: Error) => {
    throw new TributaryError('unavailable', error.message, { cause: error });
  });
  const metrics = await startMetrics(options).catch(async (error) => {
    await app.close();
    throw error;
  });
  const address = app.server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
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

/** The server without its routes: how bodies are read, packed and counted, and how what is no request is refused. */
async function createApp(options: RestServerOptions): Promise<FastifyInstance> {
  const { maxRequestBytes: bytesMax, meter } = options;
  const app = fastify({
    bodyLimit: bytesMax,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: PATH_PART_LENGTH_MAX },
    exposeHeadRoutes: true,
    forceCloseConnections: 'idle',
    requestTimeout: REQUEST_WITHIN_MS,
    clientErrorHandler: refuseConnection,
    frameworkErrors: (error, _request, reply) => fail(reply, error),
  });
  if (options.enableCors) {
    const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
    const exposed = { exposedHeaders: '*', strictPreflight: false };
    await app.register(cors, { origin: '*', methods, ...exposed });
  }
  app.removeAllContentTypeParsers();
  // The handler parses, so that what is wrong with a body is answered like everything else.
  const read = async (request: FastifyRequest, packed: Buffer) => {
    const take = (bytes: number) => takeUnpacked(request, bytes);
    const encoding = request.headers['content-encoding'];
    const body = await unpackedBody(packed, encoding, { bytesMax, take });
    if (!isUtf8(body)) throw formatError('the body is not UTF-8');
    return body.length > SMALL_BODY_BYTES_MAX ? body : body.toString();
  };
  app.addContentTypeParser('*', { parseAs: 'buffer' }, read);
  countBodies(app, meter);
  compressAnswers(app);
  app.setErrorHandler((error, _request, reply) => fail(reply, error));
  app.setNotFoundHandler((request, reply) =>
    fail(reply, new TributaryError('not_found', `no endpoint ${request.method} ${request.url}`)),
  );
  return app;
}

async function startMetrics({ endpoints, host, metricsPort }: RestServerOptions) {
  if (metricsPort === undefined) return undefined;
  return startMetricsServer({ host, port: metricsPort }, metricsRoute(endpoints));
}

function addRoute(app: FastifyInstance, route: RestRoute, options: RestServerOptions): void {
  const { method, url, endpoint } = route;
  const pattern = url.replaceAll(/:(\w+)/g, '{$1}');
  const door = new Door(options, {
    endpoint,
    times: options.meter.rest(method, pattern),
    span: {
      name: `${method} ${pattern}`,
      kind: 'server',
      attributes: { 'http.request.method': method, 'http.route': pattern },
    },
  });
  // No promise is handed back: its end would be taken for an answer while that one is still being compressed.
  const handler = (request: FastifyRequest, reply: FastifyReply) => {
    answer(request, reply, route, { ...options, door }).catch((error: unknown) => {
      fail(reply, error);
    });
  };
  app.route({ method, url, handler, ...(route.ignoresBody === true && { onRequest: handler }) });
}

function refuseMethods(app: FastifyInstance, { url, methods, allowed }: OtherMethods): void {
  const allow = allowed.join(', ');
  const handler = (request: FastifyRequest, reply: FastifyReply) => {
    const text = `${request.method} is not among the methods of ${request.url}: ${allow}`;
    fail(reply.header('allow', allow), new TributaryError('method_not_allowed', text));
  };
  // Before the body is read: what is wrong with it does not matter.
  app.route({ method: [...methods], url, handler, onRequest: handler });
}

async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  { handle }: RestRoute,
  { clock, meter, door }: Pick<RestServerOptions, 'clock' | 'meter'> & { readonly door: Door },
): Promise<void> {
  const startedMs = clock.monotonicMs();
  const share = meter.answerBytes.share();
  const asked = restRequest(request, share);
  let result: Awaited<ReturnType<RestRoute['handle']>>;
  try {
    result = await door.serve(
      () => traceOf(asked),
      () => handle(asked),
    );
  } catch (failure) {
    share[Symbol.dispose]();
    door.logFailure(failure, asked.caller);
    const seconds = door.finish(startedMs, statusOf(failure).http, nameOf(asked));
    return void refuse(reply, failure, seconds);
  } finally {
    releaseBody(request);
  }
  const seconds = door.finish(startedMs, 200, nameOf(asked));
  const body = answerBody(result, envelopeParts(seconds));
  reply.code(200).header('content-type', JSON_TYPE);
  // No one takes a large one whose connection is gone: it was closed with it.
  if (body.kind === 'large' && !request.raw.socket.destroyed) {
    return sendLarge(reply, body, watchTaking(reply, share, clock));
  }
  share[Symbol.dispose]();
  if (body.kind === 'small') reply.send(body.text);
}

function traceOf({ headers: { traceparent, tracestate } }: RestRequest): TraceHeaders {
  return { traceparent: textOf(traceparent), tracestate: textOf(tracestate) };
}

function textOf(header: unknown): string | undefined {
  return typeof header === 'string' ? header : undefined;
}

function restRequest(request: FastifyRequest, share: BudgetShare): RestRequest {
  const { params, query, headers, body } = request;
  return {
    caller: callerOf(request),
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
