// Runs one test file in a process of its own, for so long at most, and ends what it leaves behind.
//
//   running ──(ends by itself)──► looked at: tests, exit code, processes still there ──► outcome
//      └──────(time is up)──────► killed with all it started; the tests under way are named ──► outcome

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { descendantsOf, killAll, marked } from './descendants.ts';
import type { TestLine } from './reporter.ts';

export interface FileOutcome {
  readonly file: string;
  readonly passed: number;
  readonly skipped: number;
  /** What went wrong, test by test or of the file as a whole. */
  readonly failures: readonly { readonly name: string; readonly error: string }[];
  /** What it printed, both streams; the end of it where that is long. */
  readonly output: string;
  readonly tookMs: number;
}

export interface RunFileOptions {
  readonly root: string;
  /** Relative to the root. */
  readonly file: string;
  readonly timeoutMs: number;
  /** Gives the file up. */
  readonly signal: AbortSignal;
  /** How long what the file started may take to end after it, in milliseconds. */
  readonly leftoversWithinMs?: number;
}

const REPORTER = path.join(import.meta.dirname, 'reporter.ts');
const OUTPUT_MAX = 200_000;
/** A process that was asked to end needs a moment, on a busy machine more. */
const LEFTOVERS_WITHIN_MS = 10_000;
/** For what is still in the pipes when the process has ended; one that it started may hold them open. */
const OUTPUT_WITHIN_MS = 1_000;
let runs = 0;

export async function runFile(options: RunFileOptions): Promise<FileOutcome> {
  const { root, file, timeoutMs, signal, leftoversWithinMs = LEFTOVERS_WITHIN_MS } = options;
  const startedMs = performance.now();
  const folder = mkdtempSync(path.join(tmpdir(), 'tributary-test-'));
  const report = path.join(folder, 'report.jsonl');
  const id = `${process.pid}-${++runs}`;
  try {
    const reporting = [`--test-reporter=${REPORTER}`, `--test-reporter-destination=${report}`];
    const child = spawn(process.execPath, [...reporting, path.join(root, file)], {
      cwd: root,
      env: { ...withoutTestContext(process.env), ...marked(id) },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const output = gather(child);
    const closed = new Promise((resolve) => child.once('close', resolve));
    const end = await endOf(child, timeoutMs, signal);
    const leftovers = await endLeftovers(id, child, end.isGivenUp ? 0 : leftoversWithinMs);
    await Promise.race([closed, sleep(OUTPUT_WITHIN_MS)]);
    const tookMs = performance.now() - startedMs;
    const outcome = { file, tookMs, output: output() };
    return { ...outcome, ...verdict(linesOf(report), end, leftovers) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A runner that is itself run as a test must not make its files report to the runner above. */
function withoutTestContext({ NODE_TEST_CONTEXT: _, ...rest }: NodeJS.ProcessEnv) {
  return rest;
}

function gather(child: ChildProcess): () => string {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (bytes) => {
      output = (output + bytes).slice(-OUTPUT_MAX);
    });
  }
  return () => output.trimEnd();
}

interface End {
  /** In words; '' where well. */
  readonly problem: string;
  readonly isGivenUp: boolean;
}

async function endOf(child: ChildProcess, timeoutMs: number, signal: AbortSignal): Promise<End> {
  const timer = new AbortController();
  const ended = new Promise<End>((resolve) => {
    const end = (problem: string) => resolve({ problem, isGivenUp: false });
    child.once('error', (error) => end(error.message));
    child.once('exit', (code, by) => end(code === 0 ? '' : `exit ${by ?? code}`));
  });
  const late = sleep(timeoutMs, undefined, { signal: AbortSignal.any([timer.signal, signal]) });
  const givenUp = late.then(
    () => ({ problem: `did not end within ${timeoutMs / 1_000} s`, isGivenUp: true }),
    () => (signal.aborted ? { problem: 'was stopped', isGivenUp: true } : ended),
  );
  const end = await Promise.race([ended, givenUp]);
  timer.abort();
  return end;
}

/** Waits for what the file asked to end, and kills what is left then, the file itself included. */
async function endLeftovers(id: string, child: ChildProcess, withinMs: number) {
  const deadline = performance.now() + withinMs;
  let left = descendantsOf(id);
  while (left.length > 0 && performance.now() < deadline) {
    await sleep(50);
    left = descendantsOf(id);
  }
  child.kill('SIGKILL');
  // One that is killed may have started another just before.
  for (let again = left; again.length > 0; again = descendantsOf(id)) {
    killAll(again);
    await sleep(50);
  }
  return left;
}

function linesOf(report: string): TestLine[] {
  try {
    const lines = readFileSync(report, 'utf8').split('\n');
    // A process that was killed may have written half a line.
    return lines.slice(0, -1).map((line): TestLine => JSON.parse(line));
  } catch {
    return [];
  }
}

function verdict(
  lines: readonly TestLine[],
  { problem, isGivenUp }: End,
  leftovers: readonly { readonly command: string }[],
): Pick<FileOutcome, 'passed' | 'skipped' | 'failures'> {
  const underWay = new Set<string>();
  const failures: { name: string; error: string }[] = [];
  for (const line of lines) {
    if (line.kind === 'started') underWay.add(line.name);
    else underWay.delete(line.name);
    if (line.kind === 'failed') failures.push({ name: line.name, error: line.error });
  }
  const passed = lines.filter(({ kind }) => kind === 'passed').length;
  const skipped = lines.filter(({ kind }) => kind === 'skipped').length;
  const whole = (error: string) => failures.push({ name: 'the file', error });
  if (isGivenUp) {
    const which = [...underWay].join(', ') || 'no test; something keeps the process';
    whole(`${problem} and was killed; under way: ${which}`);
    return { passed, skipped, failures };
  }
  if (problem !== '' && failures.length === 0) whole(`${problem}; see what it printed`);
  if (problem === '' && passed + skipped + failures.length === 0) whole('has no test');
  if (leftovers.length > 0) {
    whole(`left running: ${leftovers.map(({ command }) => command).join('; ')}`);
  }
  return { passed, skipped, failures };
}
