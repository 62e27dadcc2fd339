import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempDisposableSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { lockFolder } from './folder-lock.ts';
import { seededRandom, systemRandom } from './random.ts';

const temporaryFolder = () => mkdtempDisposableSync(join(tmpdir(), 'lock-'));

/** A process that holds the folder until it is killed. */
async function holder(folder: string) {
  const source = (file: string) => JSON.stringify(pathToFileURL(join(import.meta.dirname, file)));
  const script = `
    const { lockFolder } = await import(${source('folder-lock.ts')});
    const { systemRandom } = await import(${source('random.ts')});
    await lockFolder(${JSON.stringify(folder)}, systemRandom);
    console.log('held');
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

test('a held folder is refused in the same process, and free once it is given back', async () => {
  using folder = temporaryFolder();
  const first = await lockFolder(folder.path, systemRandom);
  await assert.rejects(lockFolder(folder.path, systemRandom), {
    code: 'precondition_failed',
    message: `data folder ${folder.path} is in use by process ${process.pid}: stop it, or choose another --data-dir`,
  });
  await first[Symbol.asyncDispose]();
  await using second = await lockFolder(folder.path, systemRandom);
  assert.ok(second);
});

test('a folder that another process holds is refused, and free once that was killed', async () => {
  using folder = temporaryFolder();
  const other = await holder(folder.path);
  try {
    const named = new RegExp(`in use by process ${other.pid}:`);
    await assert.rejects(lockFolder(folder.path, systemRandom), named);
    other.kill('SIGKILL');
    await once(other, 'exit');
    await (await lockFolder(folder.path, systemRandom))[Symbol.asyncDispose]();
    assert.deepEqual(readdirSync(folder.path), [], 'nothing is left of the killed one');
  } finally {
    other.kill('SIGKILL');
  }
});

test('the claim of a process whose id was given to another process since is void', async () => {
  using folder = temporaryFolder();
  const id = systemRandom.id();
  writeFileSync(join(folder.path, `lock.${process.ppid}.0123456789abcdef.${id}`), '');
  await using held = await lockFolder(folder.path, systemRandom);
  assert.ok(held);
});

test('of several that come at once at most one gets the folder, and none takes it from that one', async () => {
  let wins = 0;
  for (let round = 0; round < 8; round++) {
    using folder = temporaryFolder();
    const attempts = Array.from({ length: 4 }, (_, index) =>
      lockFolder(folder.path, seededRandom(100 * round + index)),
    );
    const outcomes = await Promise.allSettled(attempts);
    const taken = outcomes.filter((outcome) => outcome.status === 'fulfilled');
    assert.ok(taken.length <= 1, `${taken.length} hold it`);
    if (taken.length === 1) {
      wins++;
      await assert.rejects(lockFolder(folder.path, systemRandom), { code: 'precondition_failed' });
    }
  }
  assert.ok(wins > 0, 'coming together does not keep everybody out for ever');
});

test('a folder that cannot be made is named with the reason', async () => {
  using folder = temporaryFolder();
  const file = join(folder.path, 'file');
  writeFileSync(file, '');
  for (const path of [file, join(file, 'below')]) {
    await assert.rejects(lockFolder(path, systemRandom), (error) => {
      assert.ok(error instanceof Error);
      assert.match(
        error.message,
        /^data folder \S+ cannot be used: .*; choose another --data-dir$/,
      );
      return true;
    });
  }
});
