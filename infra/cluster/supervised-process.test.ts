import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempDisposableSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { identifyProcess } from '@tributary/runtime';
import { until } from '@tributary/runtime/testing';
import { ProcessLedger } from './process-ledger.ts';
import { SupervisedProcess } from './supervised-process.ts';

const temporaryFolder = () => mkdtempDisposableSync(path.join(os.tmpdir(), 'cluster-'));

function supervise(folder: string, script: string) {
  const said: string[] = [];
  const ledger = new ProcessLedger(folder);
  const logFile = path.join(folder, 'logs', 'one.log');
  const command = { name: 'one', program: process.execPath, args: ['--eval', script], logFile };
  const supervised = new SupervisedProcess(command, ledger, (line) => said.push(line));
  return { supervised, ledger, said, [Symbol.dispose]: () => supervised.kill() };
}

const LIVE = 'console.log("up"); setInterval(() => {}, 1000)';

test('a process that dies after it was up is started again, and that is said', async () => {
  using temporary = temporaryFolder();
  using one = supervise(temporary.path, LIVE);
  one.supervised.start();
  one.supervised.settle();
  await until('one process runs', async () => (await one.ledger.running()).length === 1);
  const [first] = await one.ledger.running();
  assert.ok(first);
  process.kill(first.pid, 'SIGKILL');
  await until('another process runs', async () =>
    (await one.ledger.running()).some(({ pid }) => pid !== first.pid),
  );
  assert.match(one.said.join(), /one ended \(SIGKILL\); starting it again/);
  await one.supervised.stop(5_000);
  assert.deepEqual(await one.ledger.running(), []);
});

test('a process that dies before it is up is reported with its last words', async () => {
  using temporary = temporaryFolder();
  using one = supervise(
    temporary.path,
    'console.error(JSON.stringify({ msg: "no", error: { message: "disk full" } })); process.exit(3)',
  );
  one.supervised.start();
  const reason = await one.supervised.died;
  assert.match(reason, /^one ended \(exit code 3\): no: disk full /);
});

test('the last words are those of the run that died, and only its reason where it gave one', async () => {
  using temporary = temporaryFolder();
  mkdirSync(path.join(temporary.path, 'logs'));
  writeFileSync(path.join(temporary.path, 'logs', 'one.log'), 'words of an earlier run\n');
  using one = supervise(
    temporary.path,
    'console.log("starting"); console.error("tributary: the folder is broken"); process.exit(1)',
  );
  one.supervised.start();
  assert.match(await one.supervised.died, /^one ended \(exit code 1\): the folder is broken \(all/);
});

test('a process that does not hear SIGTERM is killed in the end', async () => {
  using temporary = temporaryFolder();
  using one = supervise(temporary.path, `process.on('SIGTERM', () => {}); ${LIVE}`);
  one.supervised.start();
  const log = path.join(temporary.path, 'logs', 'one.log');
  await until('it has written its log', () => readFileSync(log, 'utf8').includes('up'));
  await one.supervised.stop(100);
  assert.deepEqual(await one.ledger.running(), []);
  assert.match(one.said.join(), /killing it/);
});

test('what a killed launcher left running is ended by the next one, and nothing else is', async () => {
  using temporary = temporaryFolder();
  const orphan = spawn(process.execPath, ['--eval', LIVE], { stdio: 'ignore' });
  const stranger = spawn(process.execPath, ['--eval', LIVE], { stdio: 'ignore' });
  try {
    assert.ok(orphan.pid !== undefined && stranger.pid !== undefined);
    await new ProcessLedger(temporary.path).add('one', orphan.pid);
    const entries = JSON.parse(readFileSync(path.join(temporary.path, 'processes.json'), 'utf8'));
    // The id of the second entry was given to another program since.
    entries.push({ name: 'two', pid: stranger.pid, startedAt: '1' });
    writeFileSync(path.join(temporary.path, 'processes.json'), JSON.stringify(entries));
    assert.deepEqual(await new ProcessLedger(temporary.path).endAll([]), ['one']);
    assert.equal(await identifyProcess(orphan.pid), undefined);
    assert.ok(await identifyProcess(stranger.pid));
  } finally {
    orphan.kill('SIGKILL');
    stranger.kill('SIGKILL');
  }
});
