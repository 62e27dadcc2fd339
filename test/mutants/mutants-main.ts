// Plants each bug of the lists in a copy of the tree and runs the tests that are to catch it:
// `npm run mutants [part of a room or name …]`. A test that fails has to pass without the bug, else it catches nothing.
// A bug that survives is a hole in the tests, and the exit code says so.

import path from 'node:path';
import { type FileOutcome, runFile } from '@tributary/infra';
import { MUTANTS } from './list.ts';
import { type Mutant, planted, problemOf } from './mutant.ts';
import { TreeCopy } from './tree-copy.ts';

/** A test file that a bug makes hang has caught it; the slowest takes 40 s on two busy cores. */
const TIMEOUT_MS = 120_000;
const LEFTOVERS_WITHIN_MS = 2_000;
const ROOM_WIDTH = 12;
const INDENT = 18;

const root = path.resolve(import.meta.dirname, '..', '..');
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => stopping.abort());
}

async function run(copy: TreeCopy, file: string): Promise<FileOutcome> {
  const { signal } = stopping;
  return await runFile({
    ...{ root: copy.root, file, signal },
    timeoutMs: TIMEOUT_MS,
    leftoversWithinMs: LEFTOVERS_WITHIN_MS,
  });
}

/** What becomes of one bug. */
type Fate =
  | { readonly kind: 'caught'; readonly by: string }
  | { readonly kind: 'survived' }
  /** The test that failed does so without the bug as well, and catches nothing. */
  | { readonly kind: 'unclear'; readonly file: string };

class Plantation {
  readonly #copy: TreeCopy;
  /** Test files that passed on the tree as it is. */
  readonly #sound = new Set<string>();

  constructor(copy: TreeCopy) {
    this.#copy = copy;
  }

  async fateOf(mutant: Mutant): Promise<Fate> {
    for (const file of mutant.tests) {
      const [failure] = (await this.#runWith(mutant, file)).failures;
      if (failure === undefined) continue;
      if (!(await this.#isSound(file))) return { kind: 'unclear', file };
      return { kind: 'caught', by: `${path.basename(file)}: ${failure.name}` };
    }
    return { kind: 'survived' };
  }

  async #runWith(mutant: Mutant, file: string): Promise<FileOutcome> {
    this.#copy.replace(mutant.file, planted(mutant, this.#copy.read(mutant.file)));
    try {
      return await run(this.#copy, file);
    } finally {
      this.#copy.restore(mutant.file);
    }
  }

  /** Tried twice: a machine that is busy may fail a sound test once. */
  async #isSound(file: string): Promise<boolean> {
    for (let tries = 0; tries < 2 && !this.#sound.has(file); tries++) {
      if ((await run(this.#copy, file)).failures.length === 0) this.#sound.add(file);
    }
    return this.#sound.has(file);
  }
}

function printFate(mutant: Mutant, fate: Fate, place: string, tookMs: number): void {
  const mark = fate.kind === 'caught' ? '✔' : '✖';
  const seconds = (tookMs / 1_000).toFixed(1).padStart(5);
  console.log(`${mark} ${place} ${seconds} s  ${mutant.room.padEnd(ROOM_WIDTH)} ${mutant.name}`);
  console.log(`${' '.repeat(INDENT)}${wordsOf(fate)}`);
}

function wordsOf(fate: Fate): string {
  switch (fate.kind) {
    case 'caught':
      return `caught by ${fate.by}`;
    case 'survived':
      return 'SURVIVED';
    case 'unclear':
      return `UNCLEAR: ${fate.file} fails without the bug as well`;
  }
}

function selected(parts: readonly string[]): readonly Mutant[] {
  if (parts.length === 0) return MUTANTS;
  return MUTANTS.filter(({ room, name }) => parts.some((part) => `${room} ${name}`.includes(part)));
}

async function main(parts: readonly string[]): Promise<number> {
  const mutants = selected(parts);
  using copy = new TreeCopy(root);
  const problems = mutants.flatMap((mutant) => problemOf(mutant, copy.read(mutant.file)) ?? []);
  for (const problem of problems) console.log(`✖ ${problem}`);
  if (problems.length > 0 || mutants.length === 0) return 1;
  const plantation = new Plantation(copy);
  const counts = { caught: 0, survived: 0, unclear: 0 };
  for (const [i, mutant] of mutants.entries()) {
    const startedMs = performance.now();
    const fate = await plantation.fateOf(mutant);
    if (stopping.signal.aborted) {
      console.log('stopped before the end');
      return 1;
    }
    counts[fate.kind]++;
    const place = `${i + 1}`.padStart(`${mutants.length}`.length);
    printFate(mutant, fate, `${place}/${mutants.length}`, performance.now() - startedMs);
  }
  const { caught, survived, unclear } = counts;
  console.log(
    `\n${caught} caught, ${survived} survived${unclear > 0 ? `, ${unclear} unclear` : ''}`,
  );
  return caught === mutants.length ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
