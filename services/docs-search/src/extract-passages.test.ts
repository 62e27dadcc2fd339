import assert from 'node:assert/strict';
import { mkdirSync, mkdtempDisposableSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { commentPassages } from './comment-passages.ts';
import { extractPassages } from './extract-passages.ts';
import { markdownPassages } from './markdown-passages.ts';
import { textOf } from './passage.ts';

function installation(files: Readonly<Record<string, string>>) {
  const folder = mkdtempDisposableSync(path.join(os.tmpdir(), 'passages-'));
  for (const [file, content] of Object.entries(files)) {
    const target = path.join(folder.path, file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, content);
  }
  return folder;
}

const manifest = (name: string) =>
  JSON.stringify({ name, version: '1.2.3', license: 'MIT', keywords: ['one', 2, 'three'] });
const SENTENCE = 'Opens the breaker after five failures in a row.';

test('a passage carries the package, its version, licence, keywords, the path and the line', () => {
  using modules = installation({
    '@scope/name/package.json': manifest('@scope/name'),
    '@scope/name/docs/guide.md': `# Guide\n\n${SENTENCE}\n`,
  });
  assert.deepEqual(extractPassages(modules.path), [
    {
      package: '@scope/name',
      version: '1.2.3',
      licence: 'MIT',
      keywords: ['one', 'three'],
      path: 'docs/guide.md',
      position: 3,
      text: `Guide: ${SENTENCE}`,
    },
  ]);
});

test('licences, change logs, tests, translations and linked workspaces are left out', () => {
  using modules = installation({
    'a/package.json': manifest('a'),
    'a/LICENSE.md': SENTENCE,
    'a/CHANGELOG.md': SENTENCE,
    'a/README.fr.md': SENTENCE,
    'a/test/notes.md': SENTENCE,
    'elsewhere/README.md': SENTENCE,
  });
  symlinkSync(path.join(modules.path, 'a'), path.join(modules.path, 'linked'));
  assert.deepEqual(extractPassages(modules.path), []);
});

test('the order follows names, nested packages come after the one that holds them, no text twice', () => {
  using modules = installation({
    'b/package.json': manifest('b'),
    'b/README.md': 'The second package says this to everybody.',
    'a/package.json': manifest('a'),
    'a/README.md': SENTENCE,
    'a/index.js': `/** ${SENTENCE} */\n`,
    'a/node_modules/c/package.json': manifest('c'),
    'a/node_modules/c/README.md': 'The nested package says that to everybody.',
  });
  const names = extractPassages(modules.path).map((passage) => passage.package);
  assert.deepEqual(names, ['a', 'c', 'b']);
});

test('of the same words in several files those with a title are kept', () => {
  using modules = installation({
    'a/package.json': manifest('a'),
    'a/bundle.js': `/** ${SENTENCE} */\n({});\n`,
    'a/source.js': `/**\n * ${SENTENCE.replace('five', '`five`')}\n */\nfunction trip() {}\n`,
  });
  assert.deepEqual(
    extractPassages(modules.path).map(({ path, text }) => [path, text]),
    [['source.js', `trip: ${SENTENCE}`]],
  );
});

test('a doc comment is titled by the name it stands before', () => {
  const named: [string, string][] = [
    ['export declare function openBreaker(): void;', 'openBreaker'],
    ['  private static readonly timeoutMs: number;', 'timeoutMs'],
    ['Breaker.prototype.open = function () {}', 'Breaker.open'],
    ["'kebab-name'?: string;", 'kebab-name'],
  ];
  for (const [code, name] of named) {
    const [passage] = commentPassages(`\n/**\n * ${SENTENCE}\n */\n${code}\n`);
    assert.deepEqual(passage, { position: 3, title: name, body: SENTENCE });
  }
});

test('tags, links and type annotations of a doc comment become words', () => {
  const [passage] = commentPassages(
    '/**\n * Sends to {@link Peer} or {@link Other|another **one**}.\n * @param {number} [limit=3] - how many at most\n * @param other\n * @fires Sender#sent\n * @returns {string[]} what it found\n * @throws\n */\nfunction send() {}',
  );
  assert.equal(
    passage?.body,
    'Sends to Peer or another one. limit: how many at most\nReturns what it found',
  );
});

test('notices and comments of a few words are no passages', () => {
  assert.deepEqual(commentPassages('/** @license MIT, all of the words of it */\nlet a;'), []);
  assert.deepEqual(commentPassages('/** Too short. */\nlet a;'), []);
});

test('Markdown is cut at headings and between paragraphs, and loses its marks', () => {
  const long = `${'word '.repeat(40).trim()}.`;
  const source = [
    '[![badge](https://example.com/b.svg)](https://example.com)',
    '# The **first** part',
    'See [the guide](https://example.com/guide) for `more` of <b>it</b>.',
    '',
    long,
    '',
    long,
    '## Second',
    '```js',
    '# not a heading but code with words',
    '```',
  ].join('\n');
  assert.deepEqual(
    markdownPassages(source).map(({ position, title, body }) => [position, title, body]),
    [
      [3, 'The first part', 'See the guide for more of it.'],
      [5, 'The first part', long],
      [7, 'The first part', long],
      [10, 'Second', '# not a heading but code with words'],
    ],
  );
});

test('a heading below another keeps the one above it, but for the first of the document', () => {
  const source = ['# Name', '## API', '### open', SENTENCE, '## Events', SENTENCE].join('\n');
  const titles = markdownPassages(source).map(({ title }) => title);
  assert.deepEqual(titles, ['API › open', 'Events']);
});

test('no passage is much longer than a paragraph', () => {
  const endless = 'word '.repeat(2_000);
  for (const passage of markdownPassages(`# Title\n${endless}\n\n${endless}`)) {
    assert.ok(textOf(passage).length < 300, `${textOf(passage).length}`);
  }
});
