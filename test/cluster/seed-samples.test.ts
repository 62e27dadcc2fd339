// Code samples about distributed Qdrant, as people find and copy them: those in Python with the client of today and
// with the last one that had all their methods, those for a shell with curl, those for an HTTP console as they are.
// Only addresses differ; what no client of Qdrant can run is said beside the sample.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { ProcessCluster, removeFolder } from '@tributary/infra';
import { clientOfVersion, pythonWithClient } from './clients/python-environment.ts';

const SCRIPT = join(import.meta.dirname, 'python/seed_samples.py');
const SAMPLE_COUNT = 13;
const WITHIN_MS = 120_000;
/** The last one with `search`, which most of the samples call. */
const CLIENT_WITH_SEARCH = '1.15';

const run = promisify(execFile);
let folder: string;
let cluster: ProcessCluster;
let urls: string[];

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-samples-'));
  cluster = await ProcessCluster.start({ folder, servers: 1, peers: 3 });
  urls = cluster.peers.map((peer) => peer.url);
});

after(async () => {
  await cluster?.[Symbol.asyncDispose]();
  removeFolder(folder);
});

test('the samples in Python run with the client 1.18', async (context) => {
  await runSamples(context);
});

test(`the samples in Python run with the client ${CLIENT_WITH_SEARCH}`, async (context) => {
  await runSamples(context, CLIENT_WITH_SEARCH);
});

test('the samples for curl create the collections they describe', async (context) => {
  if (!(await hasCurl())) {
    context.skip('this machine has no curl');
    return;
  }
  const samples = [
    { replication_factor: 3, write_consistency_factor: 2 },
    { shard_number: 6, replication_factor: 2 },
  ];
  for (const sample of samples) {
    await run('curl', ['-sS', '-X', 'DELETE', `${urls[0]}/collections/my_collection`]);
    const body = JSON.stringify({ vectors: { size: 384, distance: 'Cosine' }, ...sample });
    const header = ['-H', 'Content-Type: application/json'];
    const put = ['-sS', '-X', 'PUT', `${urls[0]}/collections/my_collection`, ...header, '-d', body];
    const { stdout } = await run('curl', put);
    assert.equal(JSON.parse(stdout).result, true, stdout);
    const { stdout: info } = await run('curl', ['-sS', `${urls[1]}/collections/my_collection`]);
    assert.partialDeepStrictEqual(JSON.parse(info).result.config.params, {
      ...sample,
      vectors: { size: 384, distance: 'Cosine' },
    });
  }
  const { stdout } = await run('curl', ['-sS', `${urls[0]}/cluster`]);
  const { result } = JSON.parse(stdout);
  assert.equal(result.status, 'enabled');
  assert.equal(Object.keys(result.peers).length, urls.length);
});

/** Two of the three end with a comma, which no JSON reader takes: refused as they are, right without it. */
test('the samples for an HTTP console create the collections they describe', async () => {
  const first = `{
    "name": "example_collection",
    "vectors": {
      "size": 300,
      "distance": "Cosine"
    },
    "shard_number": 6`;
  const url = `${urls[0]}/collections/example_collection`;
  const put = async (body: string) => {
    const headers = { 'content-type': 'application/json' };
    return (await fetch(url, { method: 'PUT', headers, body })).status;
  };
  const second = `${first},\n    "replication_factor": 2`;
  const third = `${second},\n    "write_concern_factor": 2`;
  assert.equal(await put(`${second},\n}`), 400);
  assert.equal(await put(`${third},\n}`), 400);
  for (const sample of [first, second, third]) {
    await fetch(url, { method: 'DELETE' });
    assert.equal(await put(`${sample}\n}`), 200);
  }
  const info = await (await fetch(url)).json();
  assert.partialDeepStrictEqual(info, {
    result: { config: { params: { shard_number: 6, replication_factor: 2 } } },
  });
});

async function runSamples(context: TestContext, version?: string): Promise<void> {
  const found = await pythonWithClient();
  if ('missing' in found) {
    context.skip(found.missing);
    return;
  }
  const earlier =
    version === undefined ? { path: '' } : await clientOfVersion(found.python, version);
  if ('missing' in earlier) {
    context.skip(earlier.missing);
    return;
  }
  const env = {
    ...process.env,
    PYTHONDONTWRITEBYTECODE: '1',
    ...(earlier.path !== '' && { PYTHONPATH: earlier.path }),
  };
  const running = run(found.python, [SCRIPT, ...urls], { timeout: WITHIN_MS, env });
  const { stdout } = await running.catch((error) => assert.fail(`${error.stdout}${error.stderr}`));
  assert.equal(stdout.trim().split('\n').length, SAMPLE_COUNT, stdout);
}

async function hasCurl(): Promise<boolean> {
  return await run('curl', ['--version']).then(
    () => true,
    () => false,
  );
}
