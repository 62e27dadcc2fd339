import assert from 'node:assert/strict';
import test from 'node:test';
import { tokenise } from './tokenise.ts';

test('an identifier is split at its humps, acronyms kept whole', () => {
  assert.deepEqual(tokenise('createHTTPServer max_retry-count'), [
    'create',
    'http',
    'server',
    'max',
    'retry',
    'count',
  ]);
});

test('plural and singular meet in one term', () => {
  const pairs: [string, string][] = [
    ['retries', 'retry'],
    ['files', 'file'],
    ['caches', 'cache'],
    ['servers', 'server'],
  ];
  for (const [plural, singular] of pairs) assert.deepEqual(tokenise(plural), tokenise(singular));
  assert.deepEqual(tokenise('status class'), ['status', 'class']);
});

test('function words, single letters, digits and overlong words are no terms', () => {
  assert.deepEqual(tokenise(`the x of 42 and ${'y'.repeat(33)} Größe`), ['größe']);
});
