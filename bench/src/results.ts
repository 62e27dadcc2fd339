// Where the figures of a benchmark are kept, and of what they are: the state of the source, and the machine.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

const RESULTS = join(import.meta.dirname, '../results');

/** The head of a benchmark's result. */
export function headOf(benchmark: string) {
  const machine = `${cpus()[0]?.model.trim()}, ${cpus().length} processors, Node ${process.version}`;
  return { benchmark, commit: currentCommit(), machine };
}

export function currentCommit(): string {
  return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
}

/** Writes results/<name>. */
export function saveResult(name: string, content: unknown): void {
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(join(RESULTS, name), `${JSON.stringify(content, null, 2)}\n`);
}

/** What results/<name> holds as JSON; undefined where it is not there. */
export function keptResult(name: string): unknown {
  const file = join(RESULTS, name);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}
