import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { type MemoryCluster, startMemoryCluster } from './testing/memory-cluster.ts';

let cluster: MemoryCluster;

before(async () => {
  cluster = await startMemoryCluster({ peers: 1 });
  const made = await send('PUT', '/collections/c', '{"vectors":{"size":4,"distance":"Cosine"}}');
  assert.equal(made.status, 200);
  const point = '{"points":[{"id":1,"vector":[1,2,3,4],"payload":{"a":1}}]}';
  assert.equal((await send('PUT', '/collections/c/points?wait=true', point)).status, 200);
});

after(async () => {
  await cluster[Symbol.asyncDispose]();
});

async function send(method: string, path: string, body?: string) {
  const headers = { 'content-type': 'application/json' };
  const request = body === undefined ? { method } : { method, body, headers };
  const answer = await fetch(`${cluster.url()}${path}`, request);
  return { status: answer.status, text: await answer.text() };
}

const upsert = (vector: string, id = '1') => `{"points":[{"id":${id},"vector":${vector}}]}`;
const search = (vector: string, rest = ',"limit":1') => `{"vector":${vector}${rest}}`;
const deep = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

const UPSERT = 'PUT /collections/c/points?wait=true';
const SEARCH = 'POST /collections/c/points/search';

/** What is wrong, the request, its body, the status and what the text of the error must contain. */
const CASES: readonly (readonly [string, string, string, number, RegExp])[] = [
  ['wrong dimension', UPSERT, upsert('[1,2,3]'), 400, /expected dim: 4, got 3/],
  ['wrong dimension of a query', SEARCH, search('[1,2,3]'), 400, /expected dim: 4, got 3/],
  ['a number beyond any double', UPSERT, upsert('[1,2,3,1e999]'), 400, /out of range/],
  ['a number beyond float32', UPSERT, upsert('[1,2,3,1e300]'), 400, /out of range/],
  ['a null in a vector', UPSERT, upsert('[1,2,3,null]'), 400, /Format error/],
  ['a string in a vector', UPSERT, upsert('[1,2,3,"4"]'), 400, /Format error/],
  ['an empty vector', UPSERT, upsert('[]'), 400, /expected dim: 4, got 0/],
  ['no vector at all', UPSERT, '{"points":[{"id":1}]}', 400, /Format error/],
  ['an id of -1', UPSERT, upsert('[1,2,3,4]', '-1'), 400, /not a valid point ID/],
  ['an id that is no UUID', UPSERT, upsert('[1,2,3,4]', '"x"'), 400, /not a valid point ID/],
  ['an id beyond 64 bits', UPSERT, upsert('[1,2,3,4]', '18446744073709551616'), 400, /point ID/],
  ['an unknown vector name', UPSERT, upsert('{"foo":[1,2,3,4]}'), 400, /Not existing vector name/],
  ['no points', UPSERT, '{"points":[]}', 400, /Empty update request/],
  ['a body that is no JSON', UPSERT, '{"points":', 400, /Format error in JSON body/],
  ['no body', UPSERT, '', 400, /Format error in JSON body/],
  ['JSON nested 100,000 deep', UPSERT, deep(100_000), 400, /nested deeper/],
  ['an unfinished nest 100,000 deep', UPSERT, '['.repeat(100_000), 400, /nested deeper/],
  ['a limit of 0', SEARCH, search('[1,2,3,4]', ',"limit":0'), 422, /limit/],
  [
    'an unknown condition',
    SEARCH,
    search('[1,2,3,4]', ',"limit":1,"filter":{"must":[{"x":1}]}'),
    400,
    /condition/,
  ],
  [
    'an unknown ordering',
    'PUT /collections/c/points?ordering=no',
    upsert('[1,2,3,4]'),
    400,
    /ordering/,
  ],
  ['a timeout of 0', 'PUT /collections/c/points?timeout=0', upsert('[1,2,3,4]'), 422, /timeout/],
  [
    'an unknown collection',
    'POST /collections/no/points/count',
    '{}',
    404,
    /Collection `no` doesn't exist!/,
  ],
  [
    'a vector size of 0',
    'PUT /collections/d',
    '{"vectors":{"size":0,"distance":"Dot"}}',
    422,
    /size/,
  ],
  [
    'a name with a slash',
    'PUT /collections/a%2Fb',
    '{"vectors":{"size":1,"distance":"Dot"}}',
    422,
    /name/,
  ],
  [
    'a shard number of -1',
    'PUT /collections/d',
    '{"vectors":{"size":1,"distance":"Dot"},"shard_number":-1}',
    400,
    /shard_number/,
  ],
  [
    'far too many shards',
    'PUT /collections/d',
    '{"vectors":{"size":1,"distance":"Dot"},"shard_number":4000000000}',
    422,
    /shard_number/,
  ],
];

for (const [what, request, body, status, text] of CASES) {
  test(`${what} is refused with ${status} and says so`, async () => {
    const [method = '', path = ''] = request.split(' ');
    const answer = await send(method, path, body);
    assert.equal(answer.status, status, answer.text);
    const parsed: { status: { error: string } } = JSON.parse(answer.text);
    assert.match(parsed.status.error, text);
  });
}

test('a body over the limit is refused with 413, with and without a declared length', async () => {
  const body = upsert(`[${'1,'.repeat(17 * 1024 * 1024)}1]`);
  assert.ok(body.length > 32 * 1024 * 1024);
  const told = await send('PUT', '/collections/c/points', body).catch(() => undefined);
  // A server that answers before it has read everything may reset the connection under the sender.
  if (told !== undefined) assert.equal(told.status, 413, told.text);
  const chunks = new Blob([body]).stream();
  const headers = { 'content-type': 'application/json' };
  const request = { method: 'PUT', body: chunks, headers, duplex: 'half' as const };
  const streamed = await fetch(`${cluster.url()}/collections/c/points`, request).catch(
    () => undefined,
  );
  if (streamed !== undefined) assert.equal(streamed.status, 413);
  assert.ok(told !== undefined || streamed !== undefined, 'one of them was answered');
});

test('a missing point is 404 with its id, a bad id in the path 400', async () => {
  const missing = await send('GET', '/collections/c/points/5');
  assert.equal(missing.status, 404);
  assert.match(missing.text, /Not found: Point with id 5 does not exists!/);
  assert.equal((await send('GET', '/collections/c/points/-1')).status, 400);
});

test('after all of that the process is alive and the point is what it was', async () => {
  const answer = await send('GET', '/collections/c/points/1');
  assert.equal(answer.status, 200);
  const { result }: { result: { payload: unknown } } = JSON.parse(answer.text);
  assert.deepEqual(result.payload, { a: 1 });
});
