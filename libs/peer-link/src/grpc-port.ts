// A channel's port over one stream of gRPC, at the end that opened it and at the one that serves it.

import type { EventEmitter } from 'node:events';
import {
  type Client,
  type ClientDuplexStream,
  Metadata,
  type ServerDuplexStream,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import type { BytePort, BytePortEvents } from '@tributary/channel';
import { type ErrorCode, TributaryError } from '@tributary/runtime';
import { PEER_SERVICE } from './peer-service.ts';

/** Where it is opened. `name` is the other end's, for the texts of errors; `deadlineMs` Unix time. */
export function clientPort(client: Client, name: string, deadlineMs?: number): BytePort {
  const { path, requestSerialize, responseDeserialize } = PEER_SERVICE.channel;
  const stream: ClientDuplexStream<Buffer, Buffer> = client.makeBidiStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
    new Metadata(),
    deadlineMs === undefined ? {} : { deadline: deadlineMs },
  );
  return {
    open: ({ onMessage, onClosed }) => {
      stream.on('data', onMessage);
      stream.on('error', (error: ServiceError) => onClosed(explained(error, name)));
      stream.on('end', () =>
        onClosed(new TributaryError('unavailable', `${name} ended the channel`)),
      );
    },
    send: (message) => sendOn(stream, message),
    close: () => stream.cancel(),
  };
}

/** Where it is served. */
export function serverPort(stream: ServerDuplexStream<Buffer, Buffer>): BytePort {
  let isClosed = false;
  const open = ({ onMessage, onClosed }: BytePortEvents) => {
    const onGone = () => onClosed(new TributaryError('cancelled', 'the caller is gone'));
    stream.on('data', onMessage);
    stream.on('end', onGone);
    stream.on('cancelled', onGone);
  };
  const close = (reason?: TributaryError) => {
    if (isClosed) return;
    isClosed = true;
    if (reason?.code !== 'corrupt') stream.end();
    // The way in which grpc-js takes a status; one that is destroyed sends none.
    else stream.emit('error', Object.assign(new Error(reason.message), statusOf(reason)));
  };
  return { open, send: (message) => sendOn(stream, message), close };
}

function sendOn(
  stream: EventEmitter & { write(message: Buffer): boolean },
  { buffer, byteOffset, length }: Uint8Array<ArrayBuffer>,
): void | Promise<void> {
  if (stream.write(Buffer.from(buffer, byteOffset, length))) return;
  const events = ['drain', 'cancelled', 'close', 'end', 'error'];
  return new Promise((resolve) => {
    const done = () => {
      for (const event of events) stream.off(event, done);
      resolve();
    };
    for (const event of events) stream.on(event, done);
  });
}

function statusOf({ code, message }: TributaryError) {
  return { code: status.INVALID_ARGUMENT, details: `${code}: ${message}` };
}

function explained(error: ServiceError, name: string): TributaryError {
  return new TributaryError(codeOf(error.code), `${name}: ${error.details}`, { cause: error });
}

/** The gRPC status tells only of the way; what a peer refuses travels in the channel. */
function codeOf(code: status): ErrorCode {
  switch (code) {
    case status.DATA_LOSS:
    case status.INVALID_ARGUMENT:
      return 'corrupt';
    case status.RESOURCE_EXHAUSTED:
      return 'too_large';
    case status.INTERNAL:
      return 'internal';
    default:
      return 'unavailable';
  }
}
