import assert from 'node:assert/strict';
import fs, { mkdirSync, mkdtempDisposableSync, readdirSync, readFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { replaceFile } from './replace-file.ts';

test('a file is replaced whole, and where that fails the old one stays', () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'replace-'));
  const file = join(folder.path, 'file');
  replaceFile(file, 'the first, which is longer');
  replaceFile(file, Buffer.from('the second'));
  assert.equal(readFileSync(file, 'utf8'), 'the second');
  assert.deepEqual(readdirSync(folder.path), ['file']);
  mkdirSync(`${file}.new`);
  assert.throws(() => replaceFile(file, 'the third'));
  assert.equal(readFileSync(file, 'utf8'), 'the second');
});

/** What is asked of the file system from now on, by name; for `openSync` with the file's own name. */
function notedCalls(context: TestContext): string[] {
  const calls: string[] = [];
  for (const name of [
    'openSync',
    'writeFileSync',
    'fsyncSync',
    'renameSync',
    'closeSync',
  ] as const) {
    const original = fs[name];
    context.mock.method(fs, name, (...args: unknown[]) => {
      calls.push(name === 'openSync' ? `open ${basename(String(args[0]))}` : name.slice(0, -4));
      return Reflect.apply(original, fs, args);
    });
  }
  syncBuiltinESMExports();
  context.after(() => {
    context.mock.restoreAll();
    syncBuiltinESMExports();
  });
  return calls;
}

test('the content is synced before it has the name, and the folder after', (context) => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'replace-'));
  const calls = notedCalls(context);
  replaceFile(join(folder.path, 'file'), 'content');
  const ofFolder = [`open ${basename(folder.path)}`, 'fsync', 'close'];
  const expected = ['open file.new', 'writeFile', 'fsync', 'close', 'rename', ...ofFolder];
  assert.deepEqual(calls, expected);
});
