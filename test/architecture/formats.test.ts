// Every format that is stored or sent stands in one table with its version and its golden files, so that none changes
// unnoticed, and a new one without them fails.

import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { packages, root } from './source-tree.ts';

const README = 'libs/wire/README.md';
/** How the functions are named that make bytes for others, or for later. */
const WRITER = /^export (?:function|class) (encode[A-Z]\w*|join[A-Z]\w*|numbered|\w+Encoder)\b/gm;
/** Those that are no format of their own, and why. */
const NO_FORMAT: Readonly<Record<string, string>> = {
  encodeModel: 'of a demonstration, which stores none',
  joinAnswer: 'reads the parts of one answer',
  joinPeer: 'changes the state of the metadata',
  joinCluster: 'proposes an event',
  joinPassages: 'text of the documentation',
};

interface Row {
  readonly writer: string;
  readonly version: string;
  readonly described: string;
  readonly golden: string;
}

const rows: readonly Row[] = readFileSync(path.join(root, README), 'utf8')
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .filter((cells) => cells.length === 7 && /^`\w+`$/.test(cells[2] ?? ''))
  .map(([, , writer = '', version = '', described = '', golden = '']) => {
    return { writer: unquoted(writer), version, described: unquoted(described), golden };
  });

function unquoted(cell: string): string {
  return /`([^`]+)`/.exec(cell)?.[1] ?? '';
}

test('what makes bytes to be stored or sent has a row in the table of formats', () => {
  const writers = packages
    .flatMap(({ files }) => files)
    .filter((file) => !file.isTestOnly && /^(?:libs|services)\//.test(file.path))
    .flatMap(({ code }) => [...code.matchAll(WRITER)].map(([, name = '']) => name))
    .filter((name) => NO_FORMAT[name] === undefined);
  assert.ok(writers.length >= 12, `only ${writers.length} were found`);
  assert.deepEqual([...new Set(writers)].sort(), rows.map(({ writer }) => writer).sort());
});

test('every row of the table has a version, a description that is there, and golden files', () => {
  for (const { writer, version, described, golden } of rows) {
    assert.notEqual(version, '', `${writer} has no version`);
    const from = described.startsWith('proto/') ? path.join('libs/wire', described) : described;
    assert.ok(existsSync(path.join(root, from)), `${writer}: ${from} is not there`);
    assert.ok(goldenFiles(golden).length > 0, `${writer}: ${golden} is not there`);
  }
});

test('every golden file of a format is of a row of the table', () => {
  const known = new Set(rows.flatMap(({ golden }) => goldenFiles(golden)));
  const files = globSync('{libs,services}/*/golden/*.{hex,json,jsonl}', { cwd: root });
  const unknown = files.filter((file) => !known.has(file) && !file.startsWith('libs/embedding/'));
  assert.deepEqual(unknown, []);
});

function goldenFiles(cell: string): string[] {
  return globSync(unquoted(cell), { cwd: root });
}
