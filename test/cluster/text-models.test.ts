// Texts by the Python client 1.20, over both protocols: documents whose vectors the server makes are those that
// Qdrant's engine makes, and queries rank by a text index.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { promisify } from 'node:util';
import { type PeerProcess, ProcessCluster, removeFolder } from '@tributary/infra';
import { clientOfVersion, pythonWithClient } from './clients/python-environment.ts';

const CHECKS = join(import.meta.dirname, 'python/text_checks.py');
const GOLDEN = join(import.meta.dirname, '../../libs/embedding/golden/bm25.json');
const WITHIN_MS = 180_000;

let folder: string;
let cluster: ProcessCluster;
let peer: PeerProcess;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-texts-'));
  cluster = await ProcessCluster.start({ folder, servers: 1, peers: 1 });
  const [first] = cluster.peers;
  assert.ok(first !== undefined);
  peer = first;
});

after(async () => {
  await cluster?.[Symbol.asyncDispose]();
  removeFolder(folder);
});

for (const protocol of ['rest', 'grpc']) {
  test(`texts that the Python client 1.20 sends over ${protocol} are embedded and ranked`, async (context) => {
    const found = await pythonWithClient();
    if ('missing' in found) return context.skip(found.missing);
    const newer = await clientOfVersion(found.python, '1.20');
    if ('missing' in newer) return context.skip(newer.missing);
    const ports = [peer.url, peer.grpcAddress].map((address) => address.split(':').at(-1) ?? '');
    const args = [CHECKS, GOLDEN, ...ports, protocol, `texts-${protocol}`];
    const env = { ...process.env, PYTHONPATH: newer.path };
    const run = promisify(execFile)(found.python, args, { timeout: WITHIN_MS, env });
    const { stdout } = await run.catch((error) => assert.fail(`${error.stderr}`));
    assert.deepEqual(stdout.trim().split('\n'), ['documents', 'queries', 'ranking']);
  });
}
