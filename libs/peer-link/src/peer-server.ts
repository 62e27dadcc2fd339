// The p2p port: answers the calls of other peers over gRPC. Messages are bytes of libs/replica-api's peer service.

import type { EventEmitter } from 'node:events';
import {
  type handleBidiStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import {
  answerIntroduction,
  answerPeerCalls,
  PEER_SERVICE,
  PeerConversation,
  type PeerHandlers,
} from '@tributary/replica-api';
import { type Clock, type Logger, pause, TributaryError } from '@tributary/runtime';

export interface PeerServerOptions {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly handlers: PeerHandlers;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface PeerServer extends AsyncDisposable {
  readonly port: number;
  /** Lets calls in flight end, for 2 s at most; idempotent. */
  close(): Promise<void>;
}

const MESSAGE_BYTES_MAX = 256 << 20;
const DRAIN_MS = 2_000;
/** All calls of a peer share one stream, so a large answer must not wait for window updates. */
const WINDOW_BYTES = 4 << 20;

/** Errors: `unavailable` where the port cannot be had. */
export async function startPeerServer(options: PeerServerOptions): Promise<PeerServer> {
  const { host, port, handlers, clock } = options;
  const server = new Server({
    'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
    'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
    'grpc-node.flow_control_window': WINDOW_BYTES,
  });
  const conversations = new Set<PeerConversation>();
  const implementation: UntypedServiceImplementation = {
    call: unary((message, signal) => answerPeerCalls(handlers, message, signal), options),
    converse: converse(handlers, conversations),
    introduce: unary(async () => answerIntroduction(handlers), options),
  };
  const service: ServiceDefinition = PEER_SERVICE;
  server.addService(service, implementation);
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${host}:${port}`, ServerCredentials.createInsecure(), (error, actual) => {
      if (error === null) resolve(actual);
      else reject(new TributaryError('unavailable', error.message, { cause: error }));
    });
  });
  let closing: Promise<void> | undefined;
  const close = () => {
    for (const conversation of conversations) conversation.stop();
    closing ??= shutDown(server, clock);
    return closing;
  };
  return { port: bound, close, [Symbol.asyncDispose]: close };
}

/** What fails as a whole is the message: its status says so, and the text keeps the code for people. */
function unary(
  answer: (message: Buffer, signal: AbortSignal) => Promise<Buffer>,
  { logger }: PeerServerOptions,
): handleUnaryCall<Buffer, Buffer> {
  return (call, respond) => {
    const cancelled = new AbortController();
    call.on('cancelled', () => {
      cancelled.abort(new TributaryError('cancelled', 'the caller gave up'));
    });
    answer(call.request, cancelled.signal).then(
      (bytes) => respond(null, bytes),
      (error: unknown) => {
        const { code, message } = TributaryError.from(error);
        if (code === 'internal') logger.error({ error }, 'peer call failed');
        const isInput = code === 'corrupt' || code === 'too_large';
        const grpcCode = isInput ? status.INVALID_ARGUMENT : status.INTERNAL;
        respond({ code: grpcCode, details: `${code}: ${message}` });
      },
    );
  };
}

function converse(
  handlers: PeerHandlers,
  conversations: Set<PeerConversation>,
): handleBidiStreamingCall<Buffer, Buffer> {
  return (call) => {
    const conversation = new PeerConversation(handlers, {
      write: (message) => (call.write(message) ? undefined : roomOn(call)),
      end: () => call.end(),
      fail: ({ code, message }) =>
        call.destroy(
          Object.assign(new Error(message), {
            code: status.INVALID_ARGUMENT,
            details: `${code}: ${message}`,
          }),
        ),
    });
    conversations.add(conversation);
    call.on('data', (message: Buffer) => conversation.take(message));
    call.on('end', () => {
      conversations.delete(conversation);
      conversation.stop();
    });
    call.on('cancelled', () => {
      conversations.delete(conversation);
      conversation.cancel();
    });
  };
}

/** Resolves once the caller has taken what was written, or is gone. */
function roomOn(call: Pick<EventEmitter, 'on' | 'off'>): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      for (const event of ['drain', 'cancelled', 'close']) call.off(event, done);
      resolve();
    };
    for (const event of ['drain', 'cancelled', 'close']) call.on(event, done);
  });
}

async function shutDown(server: Server, clock: Clock): Promise<void> {
  const timer = new AbortController();
  const drained = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  await Promise.race([drained, pause(clock, DRAIN_MS, timer.signal)]);
  timer.abort();
  server.forceShutdown();
}
