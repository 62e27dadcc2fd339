import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { runFile } from './run-file.ts';

const root = mkdtempSync(path.join(tmpdir(), 'tributary-run-file-'));
after(() => rmSync(root, { recursive: true, force: true }));

interface Limits {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly leftoversWithinMs?: number;
}

async function outcomeOf(source: string, limits: Limits = {}) {
  const file = 'sample.test.mjs';
  const head = `import test from 'node:test'; import assert from 'node:assert/strict';
    import { spawn } from 'node:child_process'; import { existsSync, readFileSync, writeFileSync } from 'node:fs';\n`;
  writeFileSync(path.join(root, file), head + source);
  const { signal } = new AbortController();
  return await runFile({ root, file, timeoutMs: 120_000, signal, ...limits });
}

test('what passed, failed and was skipped is counted, and a failure is reported with its reason', async () => {
  const outcome = await outcomeOf(`
    test('good', () => {});
    test('bad', () => { console.log('on the way'); assert.equal(1, 2); });
    test('left out', { skip: 'for a reason' }, () => {});`);
  assert.equal(outcome.passed, 1);
  assert.equal(outcome.skipped, 1);
  assert.deepEqual(
    outcome.failures.map(({ name }) => name),
    ['bad'],
  );
  assert.match(outcome.failures[0]?.error ?? '', /1 !== 2/);
  assert.match(outcome.output, /on the way/);
});

test('a file that cannot be loaded, ends with an error outside its tests or has no test fails', async () => {
  const broken = await outcomeOf(`throw new Error('at once');`);
  assert.equal(broken.failures.length, 1);
  assert.match(broken.output + broken.failures[0]?.error, /at once/);
  const failing = await outcomeOf(`test('good', () => { process.exitCode = 3; });`);
  assert.match(failing.failures[0]?.error ?? '', /exit 3/);
  const empty = await outcomeOf('');
  assert.match(empty.failures[0]?.error ?? '', /no test|exit/);
});

/** Detached, as a nats-server is. */
const START_SLEEPER = `const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 1e8)'],
  { detached: true, stdio: 'ignore' }); child.unref();
  writeFileSync(${JSON.stringify(path.join(root, 'pid'))}, String(child.pid));`;

test('a file that hangs is given up with all that it started, and the test under way is named', async () => {
  // What was not reported yet when a process is killed is lost, so it waits for its own report.
  const hanging = `test('quick', () => {}); test('endless', async () => {
    const report = process.execArgv.at(-1).split('=')[1];
    const isReported = () => existsSync(report) && readFileSync(report, 'utf8').includes('endless');
    while (!isReported()) await new Promise((resolve) => setTimeout(resolve, 10));
    ${START_SLEEPER}
    await new Promise((resolve) => setTimeout(resolve, 1e8)); });`;
  const stopping = new AbortController();
  const running = outcomeOf(hanging, { signal: stopping.signal });
  const deadline = performance.now() + 60_000;
  while (!existsSync(path.join(root, 'pid')) && performance.now() < deadline) await sleep(20);
  stopping.abort();
  const outcome = await running;
  assert.equal(outcome.passed, 1);
  assert.match(outcome.failures[0]?.error ?? '', /was stopped and was killed; under way: endless/);
  await assertEnded();
  const late = await outcomeOf(hanging, { timeoutMs: 1 });
  assert.match(late.failures[0]?.error ?? '', /did not end within 0.001 s/);
});

test('a process that outlives its file is ended and is a failure', async () => {
  const careless = `test('careless', () => { ${START_SLEEPER} });`;
  const outcome = await outcomeOf(careless, { leftoversWithinMs: 100 });
  assert.equal(outcome.passed, 1);
  assert.match(outcome.failures[0]?.error ?? '', /left running: .*setTimeout/);
  await assertEnded();
});

async function assertEnded(): Promise<void> {
  const pid = Number(readFileSync(path.join(root, 'pid'), 'utf8'));
  const deadline = performance.now() + 20_000;
  while (isRunning(pid)) {
    assert.ok(performance.now() < deadline, `process ${pid} is gone`);
    await sleep(50);
  }
}

function isRunning(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== '';
  } catch {
    return false;
  }
}
