import assert from 'node:assert/strict';
import { request } from 'node:http';
import test, { after, before } from 'node:test';
import {
  brotliCompressSync,
  brotliDecompressSync,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib';
import { type MemoryCluster, startMemoryCluster } from '../testing/memory-cluster.ts';
import { encodingFor } from './rest-compression.ts';

const BODY_BYTES_MAX = 1 << 20;
const UNPACK = {
  gzip: gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
} as const;
const PACK = {
  gzip: gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
  zstd: zstdCompressSync,
} as const;
const ENCODINGS = ['gzip', 'deflate', 'br', 'zstd'] as const;

let cluster: MemoryCluster;

before(async () => {
  cluster = await startMemoryCluster({ peers: 1, config: { maxRequestBytes: BODY_BYTES_MAX } });
  const vectors = { size: 64, distance: 'Dot' };
  await ask('PUT', '/collections/large', {}, JSON.stringify({ vectors }));
  const points = Array.from({ length: 200 }, (_, id) => ({
    id,
    vector: Array.from({ length: 64 }, (_value, i) => Math.sin(id * 64 + i)),
    payload: { text: 'the same words again and again '.repeat(8) },
  }));
  const written = await ask(
    'PUT',
    '/collections/large/points?wait=true',
    {},
    JSON.stringify({ points }),
  );
  assert.equal(written.status, 200, written.body.toString());
});

after(async () => {
  await cluster[Symbol.asyncDispose]();
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

/** Unlike `fetch` it leaves the headers and the body alone. */
function ask(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: string | Buffer = '',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asking = request(`${cluster.url()}${path}`, { method, headers }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () => {
        const { statusCode: status = 0, headers: told } = answer;
        resolve({ status, headers: told, body: Buffer.concat(parts) });
      });
    });
    asking.on('error', reject);
    asking.end(body);
  });
}

const scroll = (headers: Readonly<Record<string, string>>) =>
  ask('POST', '/collections/large/points/scroll', headers, '{"limit":200}');

test('a large answer comes packed as the client takes it, and says the same', async () => {
  const plain = await scroll({});
  assert.equal(plain.headers['content-encoding'], undefined);
  const { result } = JSON.parse(plain.body.toString());
  assert.equal(result.points.length, 200);
  for (const encoding of ENCODINGS) {
    const packed = await scroll({ 'accept-encoding': encoding });
    assert.equal(packed.headers['content-encoding'], encoding);
    assert.equal(packed.headers.vary, 'accept-encoding');
    assert.ok(packed.body.length < plain.body.length / 2, encoding);
    assert.deepEqual(JSON.parse(UNPACK[encoding](packed.body).toString()).result, result);
  }
});

test('a small answer, and one whose client takes nothing known, stays as it is', async () => {
  const small = await ask('GET', '/collections', { 'accept-encoding': 'gzip' });
  assert.equal(small.headers['content-encoding'], undefined);
  for (const header of ['identity', 'gzip;q=0', 'compress', '']) {
    const answer = await scroll({ 'accept-encoding': header });
    assert.equal(answer.headers['content-encoding'], undefined, header);
  }
});

test('the encoding is the first one known of those the client takes', () => {
  assert.equal(encodingFor('br, deflate, gzip'), 'gzip');
  assert.equal(encodingFor('GZIP;q=0.5, br;q=1'), 'gzip');
  assert.equal(encodingFor('gzip;q=0, br'), 'br');
  assert.equal(encodingFor('*'), 'gzip');
  assert.equal(encodingFor('*;q=0'), undefined);
  assert.equal(encodingFor(undefined), undefined);
});

test('a body may come packed', async () => {
  for (const encoding of ENCODINGS) {
    const body = PACK[encoding]('{"limit":3}');
    const headers = { 'content-encoding': encoding, 'content-type': 'application/json' };
    const answer = await ask('POST', '/collections/large/points/scroll', headers, body);
    assert.equal(answer.status, 200, answer.body.toString());
    assert.equal(JSON.parse(answer.body.toString()).result.points.length, 3);
  }
});

test('a body that is not what it says, or too large unpacked, is refused', async () => {
  const send = async (encoding: string, body: Buffer) => {
    const path = '/collections/large/points/scroll';
    const answer = await ask('POST', path, { 'content-encoding': encoding }, body);
    return [answer.status, JSON.parse(answer.body.toString()).status.error] as const;
  };
  const plain = Buffer.from('{"limit":3}');
  for (const encoding of ENCODINGS) {
    assert.deepEqual(await send(encoding, plain), [
      400,
      `Format error in JSON body: the body is not ${encoding}`,
    ]);
    const [status] = await send(encoding, PACK[encoding](Buffer.alloc(2 * BODY_BYTES_MAX)));
    assert.equal(status, 413, encoding);
  }
  assert.deepEqual(await send('lzma', plain), [
    400,
    'Format error in JSON body: unknown content-encoding lzma',
  ]);
});
