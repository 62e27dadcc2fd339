import assert from 'node:assert/strict';
import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { train } from '@tributary/lsa';
import { DocsFolder, fingerprintOf } from './docs-folder.ts';
import type { Passage } from './passage.ts';

const temporaryFolder = () => mkdtempDisposableSync(path.join(os.tmpdir(), 'docs-folder-'));

test('manifest and model are read back as they were written', () => {
  using temporary = temporaryFolder();
  const docs = new DocsFolder(temporary.path);
  assert.equal(docs.readManifest(), undefined);
  const manifest = { fingerprint: 'f', passages: 3, complete: true };
  docs.writeManifest(manifest);
  assert.partialDeepStrictEqual(docs.readManifest(), manifest);
  const texts = Array.from({ length: 12 }, (_, i) => (i % 2 ? 'red apple' : 'green pear'));
  const model = train(texts, { dimensions: 2, seed: 1, documentShareMax: 1 });
  docs.writeModel(model);
  assert.deepEqual(docs.readModel().embed('apple'), model.embed('apple'));
});

test('a manifest that is cut off, or of older code, counts as none', () => {
  using temporary = temporaryFolder();
  writeFileSync(path.join(temporary.path, 'manifest.json'), '{"fingerprint":"f","pass');
  assert.equal(new DocsFolder(temporary.path).readManifest(), undefined);
  const older = { fingerprint: 'f', passages: 3, complete: true };
  writeFileSync(path.join(temporary.path, 'manifest.json'), JSON.stringify(older));
  assert.equal(new DocsFolder(temporary.path).readManifest(), undefined);
});

test('the fingerprint changes with a text, an origin and the order', () => {
  const passage = (text: string): Passage => ({
    package: 'p',
    version: '1.0.0',
    licence: 'MIT',
    keywords: [],
    path: 'README.md',
    position: 1,
    text,
  });
  const [a, b] = [passage('a'), passage('b')];
  const prints = [[a, b], [b, a], [a], [a, { ...b, version: '1.0.1' }]].map(fingerprintOf);
  assert.equal(new Set(prints).size, prints.length);
  assert.equal(fingerprintOf([a, b]), prints[0]);
});
