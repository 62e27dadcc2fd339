// `5.0` is a float and `5` an integer, from the request to the answer: over REST as text, over gRPC as a kind of value,
// in conditions, indexes, facets, groups and orders.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { promisify } from 'node:util';
import { Direction, QdrantClient as GrpcClient } from '@qdrant/js-client-grpc';
import { type PeerProcess, ProcessCluster, removeFolder } from '@tributary/infra';
import { pythonWithClient } from './clients/python-environment.ts';

const PYTHON_SCRIPT = join(import.meta.dirname, 'python/number_kinds.py');
const PYTHON_WITHIN_MS = 120_000;
const WRITTEN = [
  ['whole', '5.0'],
  ['integer', '5'],
  ['fraction', '2.50', '2.5'],
  ['power', '1e3', '1000.0'],
  ['zero', '0.0'],
  ['below', '-0.0'],
  ['most', '18446744073709551615'],
  ['least', '-9223372036854775808'],
  ['beyond', '18446744073709551616', '18446744073709552000.0'],
  ['large', '1e300', '1e+300'],
  ['list', '[1.0,1]'],
  ['inner', '{"x":7.0}'],
] as const;

let folder: string;
let cluster: ProcessCluster;
let peer: PeerProcess;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-numbers-'));
  cluster = await ProcessCluster.start({ folder, servers: 1, peers: 1 });
  peer = cluster.peers[0] ?? assert.fail('there is a peer');
  for (const name of ['kinds', 'asked', 'exact', 'python']) {
    await rest('PUT', `/collections/${name}`, '{"vectors":{"size":2,"distance":"Dot"}}');
  }
});

after(async () => {
  await cluster?.[Symbol.asyncDispose]();
  removeFolder(folder);
});

test('numbers come back as they were written, and after merges and projections too', async () => {
  const members = WRITTEN.map(([name, given]) => `"${name}":${given}`).join(',');
  const kept = WRITTEN.map(([name, given, text = given]) => `"${name}":${text}`).join(',');
  const points = `[{"id":1,"vector":[1.0,0.0],"payload":{${members}}}]`;
  await rest('PUT', '/collections/kinds/points?wait=true', `{"points":${points}}`);
  assert.match(await payloadText('true'), textOf(`{${kept}}`));
  const merge = '{"payload":{"more":9.0},"filter":{"must":{"key":"integer","match":{"value":5}}}}';
  await rest('POST', '/collections/kinds/points/payload?wait=true', merge);
  assert.match(await payloadText('true'), textOf(`{${kept},"more":9.0}`));
  assert.match(await payloadText('["whole","inner.x"]'), textOf('{"whole":5.0,"inner":{"x":7.0}}'));
});

test('over gRPC a float is a double and an integer an integer, both ways', async () => {
  const client = new GrpcClient({
    url: `http://${peer.grpcAddress}`,
    checkCompatibility: false,
  }).api('points');
  const id = (num: bigint) => ({ pointIdOptions: { case: 'num' as const, value: num } });
  const withPayload = { selectorOptions: { case: 'enable' as const, value: true } };
  const { result } = await client.get({ collectionName: 'kinds', ids: [id(1n)], withPayload });
  const kinds = Object.entries(result[0]?.payload ?? {}).map(([name, { kind }]) => [name, kind]);
  assert.deepEqual(Object.fromEntries(kinds.filter(([name]) => !/list|inner/.test(`${name}`))), {
    whole: { case: 'doubleValue', value: 5 },
    integer: { case: 'integerValue', value: 5n },
    fraction: { case: 'doubleValue', value: 2.5 },
    power: { case: 'doubleValue', value: 1_000 },
    zero: { case: 'doubleValue', value: 0 },
    below: { case: 'doubleValue', value: -0 },
    // No integer of protobuf holds it.
    most: { case: 'doubleValue', value: 2 ** 64 },
    least: { case: 'integerValue', value: -(2n ** 63n) },
    beyond: { case: 'doubleValue', value: 2 ** 64 },
    large: { case: 'doubleValue', value: 1e300 },
    more: { case: 'doubleValue', value: 9 },
  });
  const dense = { vector: { case: 'dense' as const, value: { data: [1, 0] } } };
  const payload = {
    float: { kind: { case: 'doubleValue' as const, value: 5 } },
    integer: { kind: { case: 'integerValue' as const, value: 5n } },
  };
  const vectors = { vectorsOptions: { case: 'vector' as const, value: dense } };
  const points = [{ id: id(2n), vectors, payload }];
  await client.upsert({ collectionName: 'kinds', wait: true, points });
  const { text } = await rest('GET', '/collections/kinds/points/2');
  assert.ok(/"float":5\.0[,}]/.test(text) && /"integer":5[,}]/.test(text), text);
});

for (const index of ['none', 'integer', 'float'] as const) {
  test(`a number is what an index of the field takes, or any without one: ${index} index`, async () => {
    const values = ['5', '5.0', '5.5', '[5.0,6]', '"5"', '6'];
    const points = values.map((value, i) => `{"id":${i},"vector":[1,0],"payload":{"v":${value}}}`);
    await rest('PUT', '/collections/asked/points?wait=true', `{"points":[${points.join(',')}]}`);
    if (index !== 'none') {
      const body = `{"field_name":"v","field_schema":"${index}"}`;
      await rest('PUT', '/collections/asked/index?wait=true', body);
    }
    const idsOf = async (condition: string) => {
      const filter = `{"must":{"key":"v",${condition}}}`;
      const path = '/collections/asked/points/scroll';
      const { json } = await rest('POST', path, `{"filter":${filter},"with_payload":false}`);
      return json.result.points.map(({ id }: { id: number }) => id);
    };
    const isOfIntegers = index === 'integer';
    const expected = (ofIntegers: number[], otherwise: number[]) =>
      isOfIntegers ? ofIntegers : otherwise;
    assert.deepEqual(await idsOf('"match":{"value":5}'), expected([0, 1, 3], [0]));
    assert.deepEqual(await idsOf('"match":{"any":[5,6]}'), expected([0, 1, 3, 5], [0, 3, 5]));
    assert.deepEqual(await idsOf('"match":{"except":[5]}'), expected([3, 5], [1, 2, 3, 4, 5]));
    assert.deepEqual(await idsOf('"range":{"gte":5,"lte":5}'), [0, 1, 3]);
    assert.deepEqual(await idsOf('"range":{"gt":5}'), expected([3, 5], [2, 3, 5]));
    await assertReads(index);
  });
}

test('integers of 64 bits and late times are ordered, bounded and counted by their last digit', async () => {
  const first = 1_768_900_000_000_000_001n;
  const integers = [...Array.from({ length: 6 }, (_, i) => first + BigInt(i)), 2n ** 63n - 1n];
  const points = integers.map((n, id) => {
    const payload = `{"n":${n},"bare":${n},"at":"2300-01-01T00:00:00.00000${id}Z"}`;
    return `{"id":${id},"vector":[1,0],"payload":${payload}}`;
  });
  await rest('PUT', '/collections/exact/points?wait=true', `{"points":[${points.join(',')}]}`);
  for (const [field, type] of [
    ['n', 'integer'],
    ['at', 'datetime'],
  ]) {
    const index = `{"field_name":"${field}","field_schema":"${type}"}`;
    await rest('PUT', '/collections/exact/index?wait=true', index);
  }
  const path = '/collections/exact/points/scroll';
  const start = `${first + 3n}`;
  const ordered = `{"order_by":{"key":"n","direction":"desc","start_from":${start}}}`;
  const { text } = await rest('POST', path, ordered);
  const expected = [3n, 2n, 1n, 0n].map((step) => first + step);
  assert.deepEqual(text.match(/(?<="order_value":)[^,}]+/g), expected.map(String));
  const late = '{"order_by":{"key":"at","start_from":"2300-01-01T00:00:00.000004Z"}}';
  const { text: times } = await rest('POST', path, late);
  const micros = ['10413792000000004', '10413792000000005', '10413792000000006'];
  assert.deepEqual(times.match(/(?<="order_value":)[^,}]+/g), micros);
  const idsOf = async (condition: string) => {
    const { json } = await rest('POST', path, `{"filter":{"must":${condition}}}`);
    return json.result.points.map(({ id }: { id: number }) => id);
  };
  for (const key of ['n', 'bare']) {
    const range = `{"gt":${first + 1n},"lte":${first + 4n}}`;
    assert.deepEqual(await idsOf(`{"key":"${key}","range":${range}}`), [2, 3, 4], key);
    const match = `{"key":"${key}","match":{"value":${first + 2n}}}`;
    assert.deepEqual(await idsOf(match), [2], key);
  }
  const until = '{"key":"at","range":{"lt":"2300-01-01T00:00:00.000002Z"}}';
  assert.deepEqual(await idsOf(until), [0, 1]);
  const facet = await rest('POST', '/collections/exact/facet', '{"key":"n","limit":2}');
  const counted = [first, first + 1n].map((value) => `{"value":${value},"count":1}`);
  assert.match(facet.text, textOf(`[${counted.join(',')}]`));

  const options = { url: `http://${peer.grpcAddress}`, checkCompatibility: false };
  const client = new GrpcClient(options).api('points');
  const startFrom = { value: { case: 'integer' as const, value: first + 1n } };
  const orderBy = { key: 'n', direction: Direction.Asc, startFrom };
  const page = await client.scroll({ collectionName: 'exact', orderBy, limit: 2 });
  assert.deepEqual(
    page.result.map(({ orderValue }) => orderValue?.variant),
    [first + 1n, first + 2n].map((value) => ({ case: 'int', value })),
  );
  const { hits } = await client.facet({ collectionName: 'exact', key: 'n', limit: 1n });
  assert.deepEqual(hits[0]?.value?.variant, { case: 'integerValue', value: first });
});

test('the Python client finds each number as it was', async (context) => {
  const found = await pythonWithClient();
  if ('missing' in found) {
    context.skip(found.missing);
    return;
  }
  for (const protocol of ['rest', 'grpc']) {
    assert.equal(await runPython(found.python, protocol), 'kept', protocol);
  }
});

async function runPython(python: string, protocol: string): Promise<string> {
  const ports = [peer.url, peer.grpcAddress].map((address) => address.split(':').at(-1) ?? '');
  const args = [PYTHON_SCRIPT, ...ports, protocol, 'python'];
  const run = promisify(execFile)(python, args, { timeout: PYTHON_WITHIN_MS });
  const { stdout } = await run.catch((error) => assert.fail(`${error.stderr}`));
  return stdout.trim();
}

async function assertReads(index: 'none' | 'integer' | 'float'): Promise<void> {
  if (index === 'integer') {
    const { text } = await rest('POST', '/collections/asked/facet', '{"key":"v"}');
    assert.match(text, textOf('{"hits":[{"value":5,"count":3},{"value":6,"count":2}]}'));
  }
  if (index === 'float') {
    const body = '{"order_by":"v","limit":3,"with_payload":false}';
    const { text } = await rest('POST', '/collections/asked/points/scroll', body);
    assert.deepEqual(text.match(/(?<="order_value":)[^,}]+/g), ['5.0', '5.0', '5.0'], text);
  }
  const body = '{"group_by":"v","limit":9,"group_size":9,"query":[1,0]}';
  const { text } = await rest('POST', '/collections/asked/points/query/groups', body);
  const keys = text.match(/(?<=\],"id":)[^,}]+/g) ?? [];
  assert.deepEqual(keys.sort(), ['"5"', '5', '6'], text);
}

async function payloadText(withPayload: string): Promise<string> {
  const body = `{"ids":[1],"with_payload":${withPayload}}`;
  const { text } = await rest('POST', '/collections/kinds/points', body);
  return text;
}

function textOf(json: string): RegExp {
  return new RegExp(json.replace(/[[\]{}().+]/g, '\\$&'));
}

async function rest(method: string, path: string, body?: string) {
  const answer = await fetch(`${peer.url}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body !== undefined && { body }),
  });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return { text, json: JSON.parse(text) };
}
