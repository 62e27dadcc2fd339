import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { afterEach, beforeEach } from 'node:test';
import { clusterId, peerId } from '@tributary/model';
import { seededRandom } from '@tributary/runtime';
import { goldenText } from '@tributary/runtime/testing';
import { decodeIdentity, encodeIdentity, openDataFolder } from './data-folder.ts';

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

test('the cluster of a folder is kept over restarts, and never another', async () => {
  const id = clusterId('8c7f6a1e-3b52-4d10-9f6e-0a1b2c3d4e5f');
  const first = await openDataFolder({ path, random });
  assert.equal(first.clusterId, undefined);
  first.keepCluster(id);
  assert.equal(first.clusterId, id);
  await first[Symbol.asyncDispose]();
  await using second = await openDataFolder({ path, random });
  assert.deepEqual([second.peer, second.clusterId], [first.peer, id]);
  const other = clusterId('00000000-0000-4000-8000-000000000000');
  assert.throws(() => second.keepCluster(other), /one cluster/);
});

test('an identity is stored as the golden file has it, and read', () => {
  const peer = peerId(2 ** 53 - 1);
  const identities = [
    { peer },
    { peer, clusterId: clusterId('8c7f6a1e-3b52-4d10-9f6e-0a1b2c3d4e5f') },
  ];
  const today = identities.map(encodeIdentity).join('');
  const golden = goldenText(new URL('../golden/peer.jsonl', import.meta.url), today);
  assert.equal(today, golden);
  assert.deepEqual(golden.trimEnd().split('\n').map(decodeIdentity), identities);
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
  const broken = [
    '{"peer_id":',
    '{"format":1,"peer_id":7}',
    '{"format":2}',
    '{"format":2,"peer_id":0}',
    '{"format":2,"peer_id":7,"cluster_id":"mine"}',
  ];
  for (const text of broken) {
    writeFileSync(join(path, 'peer.json'), text);
    const opening = openDataFolder({ path, random });
    await assert.rejects(opening, /peer\.json .*start with an empty/, text);
  }
});
