// The p2p port: answers other peers, over a channel for each that asks.

import {
  type handleBidiStreamingCall,
  Server,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { Channel, type IncomingCall } from '@tributary/channel';
import { answerReplicaCall, type PeerHandlers } from '@tributary/replica-api';
import { type Clock, type Logger, pause, TributaryError } from '@tributary/runtime';
import { encodeIntroduction } from '@tributary/wire';
import { serverPort } from './grpc-port.ts';
import { MESSAGE_OPTIONS, PEER_METHOD, PEER_SERVICE, serverCredentials } from './peer-service.ts';

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

const DRAIN_MS = 2_000;

/** Errors: `unavailable` where the port cannot be had. */
export async function startPeerServer(options: PeerServerOptions): Promise<PeerServer> {
  const { host, port, clock } = options;
  const server = new Server(MESSAGE_OPTIONS);
  const channels = new Set<Channel>();
  const implementation: UntypedServiceImplementation = { channel: serve(options, channels) };
  const service: ServiceDefinition = PEER_SERVICE;
  server.addService(service, implementation);
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${host}:${port}`, serverCredentials(), (error, actual) => {
      if (error === null) resolve(actual);
      else reject(new TributaryError('unavailable', error.message, { cause: error }));
    });
  });
  let closing: Promise<void> | undefined;
  const close = () => {
    for (const channel of channels) void channel.drain();
    closing ??= shutDown(server, clock);
    return closing;
  };
  return { port: bound, close, [Symbol.asyncDispose]: close };
}

function serve(
  { handlers, logger }: PeerServerOptions,
  channels: Set<Channel>,
): handleBidiStreamingCall<Buffer, Buffer> {
  return (call) => {
    const channel: Channel = new Channel(serverPort(call), {
      name: `the caller at ${call.getPeer()}`,
      answer: (asked) => answer(handlers, asked),
      onBug: (error) => logger.error({ error }, 'peer call failed'),
      onClosed: () => channels.delete(channel),
    });
    channels.add(channel);
  };
}

function answer(handlers: PeerHandlers, asked: IncomingCall): Uint8Array | Promise<Uint8Array> {
  switch (asked.method) {
    case PEER_METHOD.replica:
      return answerReplicaCall(handlers, asked);
    case PEER_METHOD.introduce:
      return encodeIntroduction(handlers.introduce());
    default:
      throw new TributaryError('not_implemented', `this peer answers no call ${asked.method}`);
  }
}

async function shutDown(server: Server, clock: Clock): Promise<void> {
  const timer = new AbortController();
  const drained = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  await Promise.race([drained, pause(clock, DRAIN_MS, timer.signal)]);
  timer.abort();
  server.forceShutdown();
}
