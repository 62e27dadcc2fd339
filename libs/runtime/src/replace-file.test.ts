import assert from 'node:assert/strict';
import { mkdirSync, mkdtempDisposableSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
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
