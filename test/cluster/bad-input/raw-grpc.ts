// gRPC calls whose messages are any bytes, and HTTP/2 streams that are no gRPC.

import { connect, constants, type IncomingHttpHeaders } from 'node:http2';
import { Client, credentials, Metadata, type ServiceError, type status } from '@grpc/grpc-js';

const ANSWER_WITHIN_MS = 20_000;

export interface GrpcOutcome {
  /** 0 where the call succeeded. */
  readonly code: status;
  readonly details: string;
}

const asIs = (bytes: Buffer) => bytes;

export class RawGrpc implements Disposable {
  readonly #client: Client;

  constructor(address: string) {
    this.#client = new Client(address, credentials.createInsecure(), {
      'grpc.max_send_message_length': -1,
      'grpc.max_receive_message_length': -1,
    });
  }

  /** `path` is like `/qdrant.Points/Upsert`. */
  call(
    path: string,
    message: Uint8Array,
    headers: Record<string, string> = {},
  ): Promise<GrpcOutcome> {
    const deadline = Date.now() + ANSWER_WITHIN_MS;
    const metadata = new Metadata();
    for (const [key, value] of Object.entries(headers)) metadata.set(key, value);
    return new Promise((resolve) => {
      const done = (error: ServiceError | null) =>
        resolve({ code: error?.code ?? 0, details: error?.details ?? '' });
      const bytes = Buffer.from(message);
      this.#client.makeUnaryRequest(path, asIs, asIs, bytes, metadata, { deadline }, done);
    });
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

/** A message as it lies on the wire. */
export function frame(message: Uint8Array, isCompressed: boolean): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(isCompressed ? 1 : 0);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** The status that a stream of these bytes is answered with; undefined where it is reset instead. */
export function streamStatus(
  address: string,
  path: string,
  bytes: Uint8Array,
  encoding: string,
): Promise<number | undefined> {
  return new Promise((resolve) => {
    const session = connect(`http://${address}`);
    const settle = (status?: number) => {
      session.destroy();
      resolve(status);
    };
    session.on('error', () => settle());
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: path,
      'content-type': 'application/grpc',
      te: 'trailers',
      'grpc-encoding': encoding,
    });
    const read = (headers: IncomingHttpHeaders) => {
      const status = headers['grpc-status'];
      if (status !== undefined) settle(Number(status));
    };
    stream.setTimeout(ANSWER_WITHIN_MS, () => settle());
    stream.on('response', read);
    stream.on('trailers', read);
    stream.on('error', () => settle());
    stream.on('close', () => settle());
    stream.resume();
    stream.end(bytes);
  });
}
