// The gRPC server. Messages arrive as bytes and are decoded in the handler, so that what is wrong with one is the
// client's error and not the server's. Requests and answers may be compressed with gzip.

import {
  Metadata as CallMetadata,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
} from '@grpc/grpc-js';
import {
  CUT_OFF_HEADER,
  type GrpcMethod,
  grpcErrorText,
  IDEMPOTENCY_KEY_HEADER,
  MIN_SEQUENCE_HEADER,
  notServed,
  type QueryStrings,
  RETRY_AFTER,
  retryAfterText,
  statusOf,
} from '@tributary/qdrant-api';
import {
  type Clock,
  endInSlices,
  type Logger,
  type SpanDetails,
  type TraceHeaders,
  type Tracer,
  TributaryError,
} from '@tributary/runtime';
import type { GatewayCore } from '../gateway-core.ts';
import { UNCOUNTED_BYTES_MAX } from '../limits/byte-budget.ts';
import type { RequestMeter } from '../limits/request-meter.ts';
import { sendAnswer } from './grpc-answer.ts';
import { noteAcceptedEncodings } from './grpc-compression.ts';
import { hostMethods, UNSERVED_METHODS } from './grpc-methods.ts';
import { addReflection } from './grpc-reflection.ts';
import type { Answer, CallContext } from './host-method.ts';

export interface GrpcServerOptions {
  readonly core: GatewayCore;
  readonly meter: RequestMeter;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly tracer?: Tracer | undefined;
  readonly host: string;
  readonly port: number;
}

export interface GrpcServer {
  readonly port: number;
  /** Takes no new calls and resolves when those in flight are answered. */
  drain(): Promise<void>;
  /** Ends every call. */
  close(): void;
}

/**
 * More than the 48 MiB that one append may hold, unpacked; without a bound, a megabyte of gzip could fill the memory.
 */
const REQUEST_BYTES_MAX = 64 * 1024 * 1024;
const SERVER_OPTIONS = {
  'grpc.max_receive_message_length': REQUEST_BYTES_MAX,
  'grpc.max_send_message_length': -1,
  // The default window of 64 KiB would cost a large upsert a round trip every 64 KiB.
  'grpc-node.flow_control_window': 4 * 1024 * 1024,
  // Bookkeeping for a debugging service that is not offered; some 5 % of a search.
  'grpc.enable_channelz': 0,
};

/** Headers have a size limit of their own. */
const DETAILS_LENGTH_MAX = 4_096;

const asIs = (bytes: Buffer) => bytes;

/** Errors: `unavailable` where the port is taken. */
export async function startGrpcServer(options: GrpcServerOptions): Promise<GrpcServer> {
  noteAcceptedEncodings();
  const server = new Server(SERVER_OPTIONS);
  hostMethods(options.core, (method, handle) => {
    server.register(method.path, unary(method, handle, options), asIs, asIs, 'unary');
  });
  hostUnserved(server);
  addReflection(server);
  const port = await bind(server, options);
  return {
    port,
    drain: () => new Promise((resolve) => server.tryShutdown(() => resolve())),
    close: () => server.forceShutdown(),
  };
}

function unary<Request, Response>(
  method: GrpcMethod<Request, Response>,
  handle: (request: Request, context: CallContext) => Promise<Answer<Response>>,
  { core, meter, clock, logger, tracer }: GrpcServerOptions,
): handleUnaryCall<Buffer, Buffer> {
  const endpoint = meter.grpc(method.path);
  const details: SpanDetails = {
    name: method.path.slice(1),
    kind: 'server',
    attributes: { 'rpc.system.name': 'grpc', 'rpc.method': method.path.slice(1) },
  };
  const answer = async (
    { request, metadata }: Call,
    note: (collection: string | undefined) => void,
    hold: (bytes: number) => void,
  ): Promise<Answer<Response>> => {
    using share = meter.bytes.share();
    if (request.length > UNCOUNTED_BYTES_MAX) share.take(request.length);
    meter.enter();
    try {
      const message = await decoded(method, request);
      note(collectionOf(message));
      const work = () => handle(message, { headers: headersOf(metadata), hold });
      if (tracer === undefined) return await work();
      return await tracer.serve(traceOf(metadata), details, work);
    } finally {
      meter.leave();
    }
  };
  return (call, respond) => {
    const startedMs = clock.monotonicMs();
    let collection: string | undefined;
    const note = (name: string | undefined) => {
      collection = name;
    };
    const share = meter.answerBytes.share();
    answer(call, note, (bytes) => share.take(bytes))
      .then((make) => {
        const timeSec = endpoint.finish(startedMs, 0, collection);
        const pieces = method.responsePieces(make(timeSec));
        const trailer = trailerOf(core);
        const budget = meter.answerBytes;
        return sendAnswer(pieces, { call, respond, trailer, clock, share, budget });
      })
      .catch((error: unknown) => {
        share[Symbol.dispose]();
        const { grpc, http } = statusOf(error);
        if (http === 500) logger.error({ error, method: method.path }, 'a request failed');
        endpoint.finish(startedMs, grpc, collection);
        const details = grpcErrorText(error).slice(0, DETAILS_LENGTH_MAX);
        const metadata = new CallMetadata();
        const retryAfter = retryAfterText(error);
        if (retryAfter !== undefined) metadata.set(RETRY_AFTER, retryAfter);
        respond({ code: grpc, details, metadata });
      });
  };
}

/** Undefined as long as all is well. */
function trailerOf(core: GatewayCore): CallMetadata | undefined {
  const cutOffMs = core.cutOffMs();
  if (cutOffMs === undefined) return undefined;
  const trailer = new CallMetadata();
  trailer.set(CUT_OFF_HEADER, String(Math.floor(cutOffMs / 1_000)));
  return trailer;
}

type Call = Pick<ServerUnaryCall<Buffer, Buffer>, 'request' | 'metadata'>;

/** Few calls carry any, and all of the metadata as an object would cost every call. */
function headersOf(metadata: CallMetadata): QueryStrings {
  return {
    [IDEMPOTENCY_KEY_HEADER]: metadata.get(IDEMPOTENCY_KEY_HEADER)[0],
    [MIN_SEQUENCE_HEADER]: metadata.get(MIN_SEQUENCE_HEADER)[0],
  };
}

function traceOf(metadata: CallMetadata): TraceHeaders {
  const textOf = (name: string) => {
    const [value] = metadata.get(name);
    return value === undefined ? undefined : String(value);
  };
  return { traceparent: textOf('traceparent'), tracestate: textOf('tracestate') };
}

/** The collection that a message names; undefined where it is about none. */
function collectionOf(message: unknown): string | undefined {
  if (typeof message !== 'object' || message === null || !('collectionName' in message)) {
    return undefined;
  }
  const { collectionName } = message;
  return typeof collectionName === 'string' ? collectionName : undefined;
}

function hostUnserved(server: Server): void {
  for (const [feature, paths] of UNSERVED_METHODS) {
    const error = notServed(feature);
    const answer = { code: statusOf(error).grpc, details: error.message };
    const refuse: handleUnaryCall<Buffer, Buffer> = (_call, respond) =>
      respond({ ...answer, metadata: new CallMetadata() });
    for (const path of paths) server.register(path, refuse, asIs, asIs, 'unary');
  }
}

/** A promise only for a large message, which is decoded in slices. */
function decoded<Request, Response>(
  method: GrpcMethod<Request, Response>,
  bytes: Buffer,
): Request | Promise<Request> {
  try {
    const message = endInSlices(method.requestSteps(bytes));
    return message instanceof Promise ? message.catch(refuseMessage) : message;
  } catch (error) {
    return refuseMessage(error);
  }
}

function refuseMessage(error: unknown): never {
  const { message } = TributaryError.from(error);
  throw new TributaryError('format', `Format error in protobuf message: ${message}`, {
    cause: error,
  });
}

function bind(server: Server, { host, port }: GrpcServerOptions): Promise<number> {
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(new TributaryError('unavailable', error.message, { cause: error }));
    });
  });
}
