// Bodies packed in a way that HTTP knows: answers where the client takes it and it pays, requests as clients send them.
// Compressing every answer, as Qdrant does (rejected), would double the CPU of a plain search by any browser or JS
// client.

import { pipeline, type Readable, type Transform } from 'node:stream';
import { promisify } from 'node:util';
import {
  brotliCompress,
  constants,
  createBrotliCompress,
  createBrotliDecompress,
  createDeflate,
  createGunzip,
  createGzip,
  createInflate,
  createZstdCompress,
  createZstdDecompress,
  deflate,
  gzip,
  gzipSync,
  zstdCompress,
} from 'node:zlib';
import { formatError } from '@tributary/qdrant-api';
import { TributaryError } from '@tributary/runtime';
import type { FastifyInstance } from 'fastify';
import { UNCOUNTED_BYTES_MAX } from '../limits/byte-budget.ts';

type Encoding = 'gzip' | 'deflate' | 'zstd' | 'br';

/** Less is sent sooner as it is: 16 KiB of payloads take 43 µs to compress, in another thread. */
const COMPRESSED_LENGTH_MIN = 16 * 1024;
/** A piece of the answer is tried first, because the text of vectors takes long to compress and shrinks little. */
const TRIED_LENGTH = 4 * 1024;
const TRIED_RATIO_MAX = 0.7;
const BROTLI_QUALITY = 1;

const level = constants.Z_BEST_SPEED;
const [gzipped, deflated] = [promisify(gzip), promisify(deflate)];
const [brotlied, zstded] = [promisify(brotliCompress), promisify(zstdCompress)];

/** In the order in which they are chosen where the client takes several. */
const COMPRESS: Readonly<Record<Encoding, (text: string) => Promise<Buffer>>> = {
  gzip: (text) => gzipped(text, { level }),
  deflate: (text) => deflated(text, { level }),
  zstd: (text) => zstded(text),
  br: (text) => {
    return brotlied(text, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } });
  },
};

const chunkSize = 64 * 1024;
const PACKERS: Readonly<Record<Encoding, () => Transform>> = {
  gzip: () => createGzip({ level, chunkSize }),
  deflate: () => createDeflate({ level, chunkSize }),
  zstd: () => createZstdCompress({ chunkSize }),
  br: () => {
    const params = { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY };
    return createBrotliCompress({ params, chunkSize });
  },
};
const UNPACKERS: Readonly<Record<Encoding, () => Transform>> = {
  gzip: () => createGunzip({ chunkSize }),
  deflate: () => createInflate({ chunkSize }),
  zstd: () => createZstdDecompress({ chunkSize }),
  br: () => createBrotliDecompress({ chunkSize }),
};

const ENCODINGS = ['gzip', 'deflate', 'zstd', 'br'] as const satisfies readonly Encoding[];

/** Compresses the answers of routes added from now on. */
export function compressAnswers(app: FastifyInstance): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    if (typeof payload !== 'string' || payload.length < COMPRESSED_LENGTH_MIN) return done();
    reply.header('vary', 'accept-encoding');
    const encoding = encodingFor(request.headers['accept-encoding']);
    if (encoding === undefined || !shrinks(payload)) return done();
    reply.header('content-encoding', encoding).removeHeader('content-length');
    COMPRESS[encoding](payload).then((packed) => done(null, packed), done);
  });
}

/** The text as it goes on, packed; one that breaks off breaks the other off too. */
export function compressing(text: Readable, encoding: Encoding): Readable {
  // A failure is the stream's that is handed back, and there it is noticed.
  return pipeline(text, PACKERS[encoding](), () => {});
}

export interface UnpackingLimits {
  readonly bytesMax: number;
  /** Told how many bytes more there are, beyond those that no request is counted for; what it throws ends the work. */
  readonly take: (bytes: number) => void;
}

/**
 * The body as it was before the client packed it. Errors: `format` for an encoding that is unknown or not kept to,
 * `too_large` beyond `bytesMax`, and those of `take`.
 */
export async function unpackedBody(
  body: Buffer,
  contentEncoding: string | undefined,
  limits: UnpackingLimits,
): Promise<Buffer> {
  const name = contentEncoding?.trim().toLowerCase() ?? '';
  if (name === '' || name === 'identity') return body;
  const encoding = ENCODINGS.find((known) => known === name.replace(/^x-/, ''));
  if (encoding === undefined) throw formatError(`unknown content-encoding ${name.slice(0, 100)}`);
  try {
    return await unpacked(body, UNPACKERS[encoding](), limits);
  } catch (error) {
    throw error instanceof TributaryError ? error : formatError(`the body is not ${encoding}`);
  }
}

async function unpacked(
  body: Buffer,
  unpacker: Transform,
  { bytesMax, take }: UnpackingLimits,
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  unpacker.end(body);
  for await (const piece of unpacker) {
    length += piece.length;
    if (length > bytesMax) {
      throw new TributaryError('too_large', 'The body of the request is larger than allowed');
    }
    if (length > UNCOUNTED_BYTES_MAX) take(piece.length);
    pieces.push(piece);
  }
  return Buffer.concat(pieces, length);
}

/** The encoding to answer in, by an `accept-encoding` header; undefined for none. */
export function encodingFor(header: string | undefined): Encoding | undefined {
  if (header === undefined) return undefined;
  const weights = new Map<string, number>();
  for (const part of header.toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map((each) => each.trim());
    const weight = parameters.find((each) => each.startsWith('q='));
    weights.set(name, weight === undefined ? 1 : Number(weight.slice(2)));
  }
  return ENCODINGS.find((name) => (weights.get(name) ?? weights.get('*') ?? 0) > 0);
}

/** Whether it pays to compress, to judge by a piece of the text. */
export function shrinks(text: string): boolean {
  const start = (text.length - TRIED_LENGTH) >> 1;
  const piece = Buffer.from(text.slice(start, start + TRIED_LENGTH));
  return gzipSync(piece, { level }).length < TRIED_RATIO_MAX * piece.length;
}
