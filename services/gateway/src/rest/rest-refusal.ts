// What a client gets where its request is refused: before a route is reached, by the route, or as something that is no
// HTTP. Everything that is refused is so in the envelope.

import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { errorEnvelope, RETRY_AFTER, retryAfterText, statusOf } from '@tributary/qdrant-api';
import { TributaryError } from '@tributary/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../endpoints/endpoint.ts';
import { releaseBody } from './rest-body-bytes.ts';

export const JSON_TYPE = 'application/json; charset=utf-8';

const CONNECTION_ERRORS: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
};

/** There are no keys yet, so every client that reaches the port may do everything. */
export function callerOf({ socket }: Pick<FastifyRequest, 'socket'>): Caller {
  return { protocol: 'rest', address: socket.remoteAddress, access: 'manage' };
}

export function refuse(reply: FastifyReply, failure: unknown, seconds: number): FastifyReply {
  const retryAfter = retryAfterText(failure);
  if (retryAfter !== undefined) reply.header(RETRY_AFTER, retryAfter);
  const { http: status } = statusOf(failure);
  return reply.code(status).header('content-type', JSON_TYPE).send(errorEnvelope(failure, seconds));
}

/** What goes wrong before a handler is reached: a body too large, an unreadable path, an unknown endpoint. */
export function fail(reply: FastifyReply, error: unknown): void {
  releaseBody(reply.request);
  refuse(reply, explain(error), 0);
}

/** What arrives is no HTTP, has headers without end, or takes too long. */
export function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
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
