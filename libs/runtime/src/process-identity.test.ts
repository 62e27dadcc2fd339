import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import test from 'node:test';
import { identifyProcess, isRunning } from './process-identity.ts';

test('a process is itself as long as it runs, and another one with its id is not it', async () => {
  const child = spawn(process.execPath, ['--eval', 'setInterval(() => {}, 1000)']);
  try {
    const identity = await identifyProcess(child.pid ?? 0);
    assert.ok(identity);
    assert.equal(await isRunning(identity), true);
    assert.equal(await isRunning({ ...identity, startedAt: `${identity.startedAt}1` }), false);
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.equal(await isRunning(identity), false);
  } finally {
    child.kill('SIGKILL');
  }
});

test('the command line is reported', async () => {
  const identity = await identifyProcess(process.pid);
  assert.ok(identity?.command.includes('node'));
});
