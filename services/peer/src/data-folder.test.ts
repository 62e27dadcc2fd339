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

test('a peer keeps its id over restarts', () => {
  const first = openDataFolder({ path, random });
  first[Symbol.dispose]();
  const second = openDataFolder({ path, random });
  assert.equal(second.peer, first.peer);
  second[Symbol.dispose]();
});

test('a folder in use by a running process is refused, naming the process', () => {
  writeFileSync(join(path, 'lock'), `${process.ppid} `);
  assert.throws(() => openDataFolder({ path, random }), new RegExp(`process ${process.ppid}`));
});

test('a lock left behind by a killed process is taken over', () => {
  writeFileSync(join(path, 'lock'), `${process.ppid} 1`);
  openDataFolder({ path, random })[Symbol.dispose]();
});

test('a folder of another peer is refused', () => {
  openDataFolder({ path, random, peer: 7 })[Symbol.dispose]();
  assert.throws(() => openDataFolder({ path, random, peer: 8 }), /belongs to peer 7/);
});

test('a broken identity is named, with what to do', () => {
  writeFileSync(join(path, 'peer.json'), '{"peer_id":');
  assert.throws(() => openDataFolder({ path, random }), /peer\.json .*start with an empty/);
});
