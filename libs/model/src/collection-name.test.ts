import assert from 'node:assert/strict';
import test from 'node:test';
import { collectionNameProblem } from './collection-name.ts';

test('ordinary names in any script are fine', () => {
  for (const name of [
    'docs',
    'my books',
    'Bücher-2',
    '日本語',
    '.',
    'a'.repeat(255),
    '😀'.repeat(255),
  ]) {
    assert.equal(collectionNameProblem(name), undefined, name);
  }
});

test('a name that is empty, too long or trouble in a path is refused with the reason', () => {
  assert.equal(collectionNameProblem(''), 'must not be empty');
  assert.match(collectionNameProblem('a'.repeat(256)) ?? '', /longer than 255/);
  for (const character of '<>:"/\\|?*\u0000\u001f') {
    assert.match(collectionNameProblem(`a${character}b`) ?? '', /must not contain/);
  }
});
