// Bodies packed in a way that HTTP knows: answers where the client takes it and it pays, requests as clients send them.

import { promisify } from 'node:util';
import {
  brotliCompress,
  brotliDecompress,
  constants,
  deflate,
  gunzip,
  gzip,
  gzipSync,
  inflate,
  zstdCompress,
  zstdDecompress,
} from 'node:zlib';
import { formatError } from '@tributary/qdrant-api';
import { TributaryError } from '@tributary/runtime';
import type { FastifyInstance } from 'fastify';

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

type Decompress = (body: Buffer, options: { readonly maxOutputLength: number }) => Promise<Buffer>;

const DECOMPRESS: Readonly<Record<Encoding, Decompress>> = {
  gzip: promisify<Buffer, { readonly maxOutputLength: number }, Buffer>(gunzip),
  deflate: promisify<Buffer, { readonly maxOutputLength: number }, Buffer>(inflate),
  zstd: promisify<Buffer, { readonly maxOutputLength: number }, Buffer>(zstdDecompress),
  br: promisify<Buffer, { readonly maxOutputLength: number }, Buffer>(brotliDecompress),
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

/**
 * The body as it was before the client packed it. Errors: `format` for an encoding that is unknown or not kept to,
 * `too_large` beyond `bytesMax`.
 */
export async function unpackedBody(
  body: Buffer,
  contentEncoding: string | undefined,
  bytesMax: number,
): Promise<Buffer> {
  const name = contentEncoding?.trim().toLowerCase() ?? '';
  if (name === '' || name === 'identity') return body;
  const encoding = ENCODINGS.find((known) => known === name.replace(/^x-/, ''));
  if (encoding === undefined) throw formatError(`unknown content-encoding ${name.slice(0, 100)}`);
  try {
    return await DECOMPRESS[encoding](body, { maxOutputLength: bytesMax });
  } catch (error) {
    if (error instanceof RangeError) {
      throw new TributaryError('too_large', 'The body of the request is larger than allowed', {
        cause: error,
      });
    }
    throw formatError(`the body is not ${encoding}`);
  }
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

function shrinks(text: string): boolean {
  const start = (text.length - TRIED_LENGTH) >> 1;
  const piece = Buffer.from(text.slice(start, start + TRIED_LENGTH));
  return gzipSync(piece, { level }).length < TRIED_RATIO_MAX * piece.length;
}
