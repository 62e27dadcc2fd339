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
  grpcErrorText,
  IDEMPOTENCY_KEY_HEADER,
  MIN_SEQUENCE_HEADER,
  type QueryStrings,
  RETRY_AFTER,
  retryAfterText,
  statusOf,
} from '@tributary/qdrant-api';
import { type TraceHeaders, TributaryError } from '@tributary/runtime';
import { Door, type DoorOptions } from '../endpoints/door.ts';
import type { Caller } from '../endpoints/endpoint.ts';
import type { Endpoints } from '../endpoints/endpoints.ts';
import { UNCOUNTED_BYTES_MAX } from '../limits/byte-budget.ts';
import { sendAnswer } from './grpc-answer.ts';
import { noteAcceptedEncodings } from './grpc-compression.ts';
import { grpcMethods } from './grpc-methods.ts';
import { addReflection } from './grpc-reflection.ts';
import type { HostedMethod, ReceivedMessage } from './host-method.ts';

export interface GrpcServerOptions extends DoorOptions {
  readonly endpoints: Endpoints;
  /** For how long this peer has been cut off from the log; undefined while it is not. */
  readonly cutOffMs: () => number | undefined;
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
  for (const method of grpcMethods(options.endpoints)) {
    server.register(method.path, unary(method, options), asIs, asIs, 'unary');
  }
  addReflection(server);
  const port = await bind(server, options);
  return {
    port,
    drain: () => new Promise((resolve) => server.tryShutdown(() => resolve())),
    close: () => server.forceShutdown(),
  };
}

function unary(method: HostedMethod, options: GrpcServerOptions): handleUnaryCall<Buffer, Buffer> {
  const { meter, clock, cutOffMs } = options;
  const name = method.path.slice(1);
  const door = new Door(options, {
    endpoint: method.endpoint,
    times: meter.grpc(method.path),
    span: {
      name,
      kind: 'server',
      attributes: { 'rpc.system.name': 'grpc', 'rpc.method': name },
    },
  });
  return (call, respond) => {
    const { request, metadata } = call;
    const startedMs = clock.monotonicMs();
    const caller = callerOf(call);
    let collection: string | undefined;
    const bytes = meter.bytes.share();
    const share = meter.answerBytes.share();
    const work = () => {
      if (request.length > UNCOUNTED_BYTES_MAX) bytes.take(request.length);
      const hold = (held: number) => share.take(held);
      const answer = (message: ReceivedMessage) => {
        ({ collection } = message);
        return message.answer({ caller, headers: headersOf(metadata), hold });
      };
      const message = method.receive(request);
      return message instanceof Promise ? message.then(answer) : answer(message);
    };
    door
      .serve(() => traceOf(metadata), work)
      .finally(() => bytes[Symbol.dispose]())
      .then((make) => {
        const pieces = make(door.finish(startedMs, 0, collection));
        const trailer = trailerOf(cutOffMs());
        const budget = meter.answerBytes;
        return sendAnswer(pieces, { call, respond, trailer, clock, share, budget });
      })
      .catch((error: unknown) => {
        share[Symbol.dispose]();
        door.logFailure(error, caller);
        const { grpc } = statusOf(error);
        door.finish(startedMs, grpc, collection);
        respond(refusalOf(error));
      });
  };
}

function refusalOf(error: unknown) {
  const metadata = new CallMetadata();
  const retryAfter = retryAfterText(error);
  if (retryAfter !== undefined) metadata.set(RETRY_AFTER, retryAfter);
  const details = grpcErrorText(error).slice(0, DETAILS_LENGTH_MAX);
  return { code: statusOf(error).grpc, details, metadata };
}

/** Undefined as long as all is well. */
function trailerOf(cutOffMs: number | undefined): CallMetadata | undefined {
  if (cutOffMs === undefined) return undefined;
  const trailer = new CallMetadata();
  trailer.set(CUT_OFF_HEADER, String(Math.floor(cutOffMs / 1_000)));
  return trailer;
}

/** There are no keys yet, so every client that reaches the port may do everything. */
function callerOf(call: Pick<ServerUnaryCall<Buffer, Buffer>, 'getPeer'>): Caller {
  return { protocol: 'grpc', address: call.getPeer(), access: 'manage' };
}

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

function bind(server: Server, { host, port }: GrpcServerOptions): Promise<number> {
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(new TributaryError('unavailable', error.message, { cause: error }));
    });
  });
}
