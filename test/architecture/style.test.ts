// The rules of style that a machine can hold.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test from 'node:test';
import { lineOf, root, type SourceFile, sourceFiles } from './source-tree.ts';

const FILES_MIN = 80;
const LINES_MAX = 400;
const CODE_COLUMNS_MAX = 100;
const COMMENT_COLUMNS_MAX = 120;
/** A pattern that has its line to itself cannot be broken. */
const LONG_PATTERN = /^ *\/.+\/[a-z]*[;,]?$/;
/** Texts within one line. */
const TEXTS = /'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`?/g;

interface Ban {
  readonly name: string;
  readonly pattern: RegExp;
}

const AMBIENT: readonly Ban[] = [
  { name: 'the ambient clock', pattern: /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(/g },
  { name: 'ambient randomness', pattern: /\bMath\.random\(|\brandomUUID\(|\brandomBytes\(/g },
  {
    name: 'an ambient timer',
    pattern: /(?<![.\w])(?:setTimeout|setInterval)\(|\bAbortSignal\.timeout\(/g,
  },
];

/** Who may use the ambient ones: where time enters, and what runs outside the product. */
const AMBIENT_ALLOWED: readonly { readonly path: RegExp; readonly reason: string }[] = [
  { path: /^libs\/runtime\//, reason: 'hands clock, timers and randomness to everybody else' },
  { path: /^(?:test|bench|infra)\//, reason: 'is not part of the product' },
];

const ESCAPES: readonly Ban[] = [
  { name: 'a switched-off check', pattern: /@ts-(?:ignore|nocheck|expect-error)|biome-ignore/g },
  { name: 'an unfinished note', pattern: /\b(?:TODO|FIXME|XXX)\b/g },
];

function uses(files: readonly SourceFile[], bans: readonly Ban[], raw = false): string[] {
  return files.flatMap((file) => {
    const text = raw ? file.text : file.code;
    return bans.flatMap(({ name, pattern }) =>
      [...text.matchAll(pattern)].map(
        (found) => `${file.path}:${lineOf(text, found.index)} ${name}: ${found[0]}`,
      ),
    );
  });
}

const ownFiles = sourceFiles.filter(({ path }) => !path.startsWith('test/architecture/'));

test('the gates see the files', () => {
  assert.ok(sourceFiles.length >= FILES_MIN, `${sourceFiles.length} files`);
  const planted: SourceFile = { ...fileOf('const now = Date.now();'), path: 'libs/x/src/x.ts' };
  assert.equal(uses([planted], AMBIENT).length, 1);
});

function fileOf(text: string): SourceFile {
  return { path: 'x.ts', text, code: text, imports: [], isTest: false, isTestOnly: false };
}

test('the top level holds what was agreed and nothing else', () => {
  const agreed = new Set(
    `package.json package-lock.json tsconfig.json services libs infra test bench README.md LICENSE`.split(
      ' ',
    ),
  );
  const tracked = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).split('\n');
  const entries = new Set(tracked.flatMap((file) => file.split('/')[0] || []));
  assert.ok(entries.size >= 8, 'git lists the files');
  assert.deepEqual(
    [...entries].filter((entry) => !entry.startsWith('.') && !agreed.has(entry)),
    [],
  );
});

test(`no file has more than ${LINES_MAX} lines`, () => {
  const long = sourceFiles
    .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
    .filter(({ lines }) => lines > LINES_MAX);
  assert.deepEqual(long, []);
});

test(`comments end by column ${COMMENT_COLUMNS_MAX}, code by ${CODE_COLUMNS_MAX}`, () => {
  assert.deepEqual(longLines(fileOf(`// ${'x'.repeat(118)}`)).length, 1);
  assert.deepEqual(longLines(fileOf(`const text = '${'x'.repeat(118)}';`)), []);
  assert.deepEqual(longLines(fileOf(`${'x + '.repeat(30)}x;`)).length, 1);
  assert.deepEqual(sourceFiles.flatMap(longLines), []);
});

/** Text of messages and names of tests is not broken: of a line of code what stands outside of them counts. */
function longLines({ path, text, code }: SourceFile): string[] {
  const codeLines = code.split('\n');
  return text.split('\n').flatMap((line, i) => {
    const codeLine = codeLines[i]?.trimEnd() ?? '';
    if (LONG_PATTERN.test(codeLine)) return [];
    const isComment = codeLine.length < line.length;
    const columns = isComment ? line.length : codeLine.replace(TEXTS, "''").length;
    const columnsMax = isComment ? COMMENT_COLUMNS_MAX : CODE_COLUMNS_MAX;
    return columns > columnsMax ? [`${path}:${i + 1} ${columns} columns`] : [];
  });
}

test('time and chance come from the runtime', () => {
  const bound = ownFiles.filter(
    ({ path, isTestOnly }) =>
      !isTestOnly && !AMBIENT_ALLOWED.some((allowed) => allowed.path.test(path)),
  );
  assert.ok(bound.length >= FILES_MIN / 2, `${bound.length} files`);
  assert.deepEqual(uses(bound, AMBIENT), []);
});

test('no check is switched off and nothing is left for later', () => {
  assert.deepEqual(uses(ownFiles, ESCAPES, true), []);
});

test('an index re-exports and does nothing else', () => {
  const indexes = sourceFiles.filter(({ path }) => path.endsWith('/src/index.ts'));
  assert.ok(indexes.length >= 15, `${indexes.length} indexes`);
  const reexport =
    /export\s+(?:type\s+)?(?:\*|\{[^}]*\})(?:\s+as\s+\w+)?\s+from\s+'[^']+';|export\s*\{\s*\};/g;
  const more = indexes.filter(({ code }) => code.replace(reexport, '').trim() !== '');
  assert.deepEqual(
    more.map(({ path }) => path),
    [],
  );
});

test('a file says at its head what it is about', () => {
  const silent = ownFiles.filter(
    ({ path, text, isTest }) =>
      !isTest &&
      !path.endsWith('/index.ts') &&
      text.split('\n').length > 40 &&
      !/^(?:#!.*\n)?\/[/*]/.test(text),
  );
  assert.deepEqual(
    silent.map(({ path }) => path),
    [],
  );
});

test('every test file asserts, and none is skipped or run alone', () => {
  const tests = ownFiles.filter(({ isTest }) => isTest);
  assert.ok(tests.length >= 10, `${tests.length} test files`);
  const idle = tests.filter(({ code }) => !/\bassert\b|\bfc\.|[Cc]onformance/.test(code));
  assert.deepEqual(
    idle.map(({ path }) => path),
    [],
  );
  const alone: readonly Ban[] = [
    { name: 'a test run alone', pattern: /\b(?:test|it|describe|suite)\.only\(|\bonly:\s*true/g },
    {
      name: 'a test left out',
      pattern: /\b(?:test|it|describe|suite)\.(?:skip|todo)\(|\bskip:\s*true/g,
    },
  ];
  assert.deepEqual(uses(tests, alone), []);
});
