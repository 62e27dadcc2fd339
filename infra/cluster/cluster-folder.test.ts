import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempDisposableSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { emptyClusterFolder, openClusterFolder, writeClusterIdentity } from './cluster-folder.ts';
import { LaunchError } from './options.ts';

const temporaryFolder = () => mkdtempDisposableSync(path.join(os.tmpdir(), 'cluster-'));

test('a folder that holds another cluster, or nothing readable, is refused unless it may go', async () => {
  using temporary = temporaryFolder();
  const { path: folder } = temporary;
  writeClusterIdentity(folder, 1);
  const open = (fresh: boolean) => openClusterFolder({ folder, peers: 3, fresh });
  await assert.rejects(open(false), LaunchError);
  writeFileSync(path.join(folder, 'cluster.json'), '{');
  await assert.rejects(open(false), /broken.*--fresh/);
  await using held = await open(true);
  assert.ok(held);
  await assert.rejects(open(true), /in use by process/);
});

test('what says which cluster it is is written once, so that no start can spoil it', () => {
  using temporary = temporaryFolder();
  const file = path.join(temporary.path, 'cluster.json');
  writeClusterIdentity(temporary.path, 3);
  const { ino, mtimeMs } = statSync(file);
  writeClusterIdentity(temporary.path, 3);
  assert.deepEqual([statSync(file).ino, statSync(file).mtimeMs], [ino, mtimeMs]);
});

test('a folder that is half emptied is no cluster', async () => {
  using temporary = temporaryFolder();
  const { path: folder } = temporary;
  writeClusterIdentity(folder, 3);
  mkdirSync(path.join(folder, 'peer-1'));
  // What cannot be removed ends the emptying as a kill would.
  const unremovable = 'x'.repeat(5_000);
  assert.throws(() => emptyClusterFolder(folder, ['peer-1', unremovable]));
  assert.ok(!existsSync(path.join(folder, 'peer-1')));
  await assert.rejects(openClusterFolder({ folder, peers: 3, fresh: false }), LaunchError);
  emptyClusterFolder(folder, ['peer-1']);
  writeClusterIdentity(folder, 3);
  await using held = await openClusterFolder({ folder, peers: 3, fresh: false });
  assert.ok(held);
});
