import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { afterEach, beforeEach } from 'node:test';
import { seededRandom } from '@tributary/runtime';
import { openDataFolder } from './data-folder.ts';

let path = '';
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'tributary-folder-'));
});
afterEach(() => rmSync(path, { recursive: true, force: true }));

const random = seededRandom(1);

test('a peer keeps its id over restarts', async () => {
  const first = await openDataFolder({ path, random });
  await first[Symbol.asyncDispose]();
  await using second = await openDataFolder({ path, random });
  assert.equal(second.peer, first.peer);
});

test('a folder that a peer has open is refused, naming the process', async () => {
  await using _first = await openDataFolder({ path, random });
  await assert.rejects(openDataFolder({ path, random }), new RegExp(`process ${process.pid}:`));
});

test('a folder of another peer is refused, and left free', async () => {
  await (await openDataFolder({ path, random, peer: 7 }))[Symbol.asyncDispose]();
  await assert.rejects(openDataFolder({ path, random, peer: 8 }), /belongs to peer 7/);
  await using second = await openDataFolder({ path, random, peer: 7 });
  assert.equal(second.peer, 7);
});

test('a broken identity is named, with what to do', async () => {
  writeFileSync(join(path, 'peer.json'), '{"peer_id":');
  await assert.rejects(openDataFolder({ path, random }), /peer\.json .*start with an empty/);
});
