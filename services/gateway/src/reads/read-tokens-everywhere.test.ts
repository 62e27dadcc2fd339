// Every request that reads points takes a token: at a peer whose replica lags each of them shows the write.

import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { type MemoryCluster, startMemoryCluster } from '../testing/memory-cluster.ts';

const near = { positive: [2], limit: 9 };
const sees2 = /"id":2\b/;
/** What is asked below `/collections/c`, and what the answer holds when the second point is there. */
const READS: readonly (readonly [string, object | undefined, RegExp])[] = [
  ['GET points/2', undefined, sees2],
  ['POST points', { ids: [2] }, sees2],
  ['POST points/scroll', {}, sees2],
  ['POST points/scroll', { order_by: 'n' }, sees2],
  ['POST points/count', {}, /"count":2/],
  ['POST points/query', {}, sees2],
  ['POST points/query', { query: [1, 1] }, sees2],
  ['POST points/query', { query: { order_by: 'n' } }, sees2],
  ['POST points/query', { query: { sample: 'random' } }, sees2],
  ['POST points/query', { query: 2, filter: { must: { has_id: [1] } } }, /"id":1\b/],
  ['POST points/query', { query: { recommend: { positive: [2] } } }, /"id":1\b/],
  ['POST points/query', { prefetch: { query: [1, 1] }, query: { fusion: 'rrf' } }, sees2],
  ['POST points/query', { prefetch: { query: [1, 1] }, query: { formula: 'n' } }, sees2],
  ['POST points/query/batch', { searches: [{ query: [1, 1] }] }, sees2],
  ['POST points/query/groups', { query: [1, 1], group_by: 'n' }, sees2],
  ['POST points/search', { vector: [1, 1], limit: 9 }, sees2],
  ['POST points/search/batch', { searches: [{ vector: [1, 1], limit: 9 }] }, sees2],
  ['POST points/search/groups', { vector: [1, 1], group_by: 'n', limit: 9, group_size: 1 }, sees2],
  ['POST points/recommend', near, /"id":1\b/],
  ['POST points/recommend/batch', { searches: [near] }, /"id":1\b/],
  ['POST points/recommend/groups', { ...near, group_by: 'n', group_size: 1 }, /"id":1\b/],
  ['POST points/discover', { target: 2, limit: 9 }, /"id":1\b/],
  ['POST points/discover/batch', { searches: [{ target: 2, limit: 9 }] }, /"id":1\b/],
  ['POST facet', { key: 'n' }, /"value":2/],
  ['POST points/search/matrix/pairs', { sample: 9 }, /"a":2|"b":2/],
  ['POST points/search/matrix/offsets', { sample: 9 }, /"ids":\[[^\]]*\b2\b/],
];

let cluster: MemoryCluster;
let token: string;

before(async () => {
  cluster = await startMemoryCluster({ peers: 2, config: { applyGraceMs: 50 } });
  const vectors = { size: 2, distance: 'Dot' };
  const made = { vectors, shard_number: 2, replication_factor: 2 };
  await send(0, 'PUT /collections/c', made);
  const schema = { type: 'integer', lookup: true, range: true };
  await send(0, 'PUT /collections/c/index?wait=true', { field_name: 'n', field_schema: schema });
  await put(1);
  cluster.peer(1).isApplying = false;
  token = await put(2);
});

after(async () => {
  await cluster?.[Symbol.asyncDispose]();
});

test('a read at a peer that lags does not see the write without a token', async () => {
  const { text } = await send(1, 'POST /collections/c/points/count', {});
  assert.match(text, /"count":1/);
});

for (const [read, body, shown] of READS) {
  const asked = body === undefined ? '' : ` ${JSON.stringify(body)}`;
  test(`with its token the write is seen by ${read}${asked}`, async () => {
    const request = read.replace(' ', ' /collections/c/');
    const { text } = await send(1, request, body, { 'x-tributary-min-sequence': token });
    assert.match(text, shown);
  });
}

async function put(id: number): Promise<string> {
  const points = [{ id, vector: [id, 1], payload: { n: id } }];
  const { text } = await send(0, 'PUT /collections/c/points?wait=true', { points });
  return /(?<="operation_id":)\d+/.exec(text)?.[0] ?? assert.fail(text);
}

async function send(
  peer: number,
  request: string,
  body: object | undefined,
  headers: Readonly<Record<string, string>> = {},
) {
  const [method = '', path = ''] = request.split(' ');
  const answer = await fetch(`${cluster.url(peer)}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return { text };
}
