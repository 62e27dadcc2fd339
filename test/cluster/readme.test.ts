// What the root README tells newcomers to run is run, as it stands there.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { ProcessCluster, removeFolder } from '@tributary/infra';

const ROOT = join(import.meta.dirname, '../..');

test("the README's own collection in JavaScript answers", async () => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const [, code = ''] = readme.match(/```js\n(.*?)```/s) ?? [];
  assert.match(code, /createCollection/);
  const folder = mkdtempSync(join(tmpdir(), 'tributary-readme-'));
  try {
    await using cluster = await ProcessCluster.start({ folder, servers: 1, peers: 1 });
    const [peer] = cluster.peers;
    assert.ok(peer !== undefined);
    const own = code.replace('http://127.0.0.1:6333', peer.url);
    assert.ok(own.includes(peer.url));
    const child = spawn(process.execPath, ['--input-type=module', '-e', own], { cwd: ROOT });
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (bytes) => {
        printed += bytes;
      });
    }
    await once(child, 'close');
    assert.match(printed, /^Berlin 0\.99/);
    assert.equal(child.exitCode, 0);
  } finally {
    removeFolder(folder);
  }
});
