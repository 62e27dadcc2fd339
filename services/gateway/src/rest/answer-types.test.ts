// What the REST server answers has the types that the official client declares: required fields are there, and each
// field is of a kind that the client reads. Fields that the client does not know may be there too.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { createEndpoints } from '../endpoints/endpoints.ts';
import { createDocs } from '../testing/example-docs.ts';
import { startMemoryCluster } from '../testing/memory-cluster.ts';
import { NO_CORE } from '../testing/no-core.ts';
import { restRoutes } from './rest-routes.ts';
import { unservedRoutes } from './rest-unserved-routes.ts';

interface Answer {
  /** As in the client's types: `/collections/{collection_name}`. */
  readonly url: string;
  readonly method: string;
  readonly body: string;
}

/** Of later versions than the client, of this project, or declared as an object of no fields. */
const UNDECLARED = new Set([
  '/quotas',
  '/profiler/slow_requests',
  '/collections/{collection_name}/memory',
  '/issues',
]);
const DOCS = '/collections/{collection_name}';
const NEAREST = { query: [1, 0], using: 'text', limit: 3, with_payload: true, with_vector: true };
const REQUESTS: readonly (readonly [string, string, object])[] = [
  ['put', DOCS, { vectors: { size: 2, distance: 'Dot' }, sparse_vectors: { s: {} } }],
  ['patch', DOCS, { metadata: { a: 1 } }],
  ['post', '/collections/aliases', { actions: [] }],
  ['put', `${DOCS}/points`, { points: [{ id: 50, vector: {}, payload: { a: [1, null, 'x'] } }] }],
  ['post', `${DOCS}/points`, { ids: [1, 50], with_vector: true }],
  ['post', `${DOCS}/points/scroll`, { limit: 2, order_by: 'n', with_vector: true }],
  ['post', `${DOCS}/points/count`, {}],
  ['post', `${DOCS}/points/query`, NEAREST],
  ['post', `${DOCS}/points/query/batch`, { searches: [NEAREST] }],
  ['post', `${DOCS}/points/query/groups`, { ...NEAREST, group_by: 'colour' }],
  ['post', `${DOCS}/points/search`, { vector: { name: 'text', vector: [1, 0] }, limit: 2 }],
  ['post', `${DOCS}/points/recommend`, { positive: [1], using: 'text', limit: 2 }],
  ['post', `${DOCS}/points/discover`, { target: 1, using: 'text', limit: 2 }],
  ['post', `${DOCS}/points/search/matrix/pairs`, { using: 'text', sample: 4 }],
  ['post', `${DOCS}/points/search/matrix/offsets`, { using: 'text', sample: 4 }],
  ['post', `${DOCS}/facet`, { key: 'colour' }],
  ['put', `${DOCS}/points/vectors`, { points: [{ id: 1, vector: { text: [1, 0] } }] }],
  ['post', `${DOCS}/points/vectors/delete`, { points: [50], vector: ['text'] }],
  ['post', `${DOCS}/points/payload`, { points: [50], payload: { b: 1 } }],
  ['put', `${DOCS}/points/payload`, { points: [50], payload: { b: 1 } }],
  ['post', `${DOCS}/points/payload/delete`, { points: [50], keys: ['b'] }],
  ['post', `${DOCS}/points/payload/clear`, { points: [50] }],
  ['post', `${DOCS}/points/batch`, { operations: [{ delete: { points: [99] } }] }],
  ['post', `${DOCS}/points/delete`, { points: [50] }],
  ['put', `${DOCS}/index`, { field_name: 'more', field_schema: 'text' }],
];

test('answers have the types that the official client declares for them', async () => {
  await using cluster = await startMemoryCluster({ peers: 2 });
  await createDocs(cluster.url());
  const ask = async (method: string, url: string, body?: object): Promise<Answer> => {
    const name = method === 'put' && url === DOCS ? 'other' : 'docs';
    const at = url.replace('{collection_name}', name).replace('{id}', '1');
    const query = url === '/telemetry' ? '?details_level=10' : '';
    const answer = await fetch(`${cluster.url()}${at}${query}`, {
      method: method.toUpperCase(),
      headers: { 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    assert.equal(answer.status, 200, `${method} ${url}: ${text}`);
    return { url, method, body: text };
  };
  const answers: Answer[] = [];
  for (const [method, url, body] of REQUESTS) answers.push(await ask(method, url, body));
  const gets = readUrls().filter((url) => !UNDECLARED.has(url));
  assert.ok(gets.length >= 11, gets.join());
  for (const url of gets) answers.push(await ask('get', url));
  assert.equal(await complaintsOf(answers), '');
  const [first, ...others] = answers;
  assert.ok(first !== undefined);
  const wrong = { ...first, body: '{"result":"true","status":"ok","time":0}' };
  assert.match(await complaintsOf([...others, wrong]), /'"?true"?' is not assignable/);
});

function readUrls(): string[] {
  const endpoints = createEndpoints(NO_CORE);
  const unserved = new Set(unservedRoutes(endpoints).map(({ method, url }) => `${method} ${url}`));
  return restRoutes(endpoints)
    .filter(({ method, url }) => method === 'GET' && !unserved.has(`GET ${url}`))
    .map(({ url }) => url.replaceAll(/:(\w+)/g, '{$1}'));
}

/** What the compiler says of a program in which each answer is a constant of the type that the client declares. */
async function complaintsOf(answers: readonly Answer[]): Promise<string> {
  const client = path.dirname(fileURLToPath(import.meta.resolve('@qdrant/js-client-rest')));
  const schema = path.join(client, '../types/openapi/generated_schema.js');
  const program = [
    `import type { paths } from ${JSON.stringify(schema)};`,
    'type Read<T> = T extends object ? { readonly [K in keyof T]: Read<T[K]> } : T;',
    ...answers.map(({ url, method, body }, i) => {
      const type = `paths['${url}']['${method}']['responses'][200]['content']['application/json']`;
      // A constant of its own first: unknown fields are a fault of literals alone.
      return `const given${i} = ${body} as const;\nexport const read${i}: Read<${type}> = given${i};`;
    }),
  ];
  const folder = await mkdtemp(path.join(tmpdir(), 'tributary-answers-'));
  try {
    const file = path.join(folder, 'answers.ts');
    await writeFile(file, program.join('\n'));
    const options = ['--ignoreConfig', '--noEmit', '--strict', '--module', 'nodenext'];
    return await compiled([...options, '--target', 'esnext', '--skipLibCheck', file]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function compiled(options: readonly string[]): Promise<string> {
  const compiler = fileURLToPath(import.meta.resolve('typescript/package.json'));
  const main = path.join(path.dirname(compiler), 'bin/tsc');
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...options], (_error, stdout, stderr) => {
      resolve(`${stdout}${stderr}`);
    });
  });
}
