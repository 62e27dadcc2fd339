import assert from 'node:assert/strict';
import test from 'node:test';
import { tokenise } from './tokenise.ts';

test('an identifier is split at its humps, acronyms kept whole, with the digits after a word', () => {
  assert.deepEqual(tokenise('openHTTPServer max_count base64 SHA256Sum'), [
    'open',
    'http',
    'server',
    'max',
    'count',
    'base64',
    'sha256',
    'sum',
  ]);
});

test('the forms of a word meet in one term, other words do not', () => {
  const forms = [
    'retry retries retried retrying',
    'file files filed filing',
    'cache caches cached caching',
    'compress compresses compressed compressing',
    'cancel cancels canceled cancelled cancelling',
    'map maps mapped mapping',
    'status',
    'class classes',
    'string strings',
    'need needed',
    'stream streaming',
  ];
  const terms = forms.map((each) => new Set(tokenise(each)));
  for (const [index, set] of terms.entries()) assert.equal(set.size, 1, `${forms[index]}`);
  assert.equal(new Set(terms.flatMap((set) => [...set])).size, forms.length);
});

test('function words, single letters, digits and overlong words are no terms', () => {
  assert.deepEqual(tokenise(`the x of 42 and ${'y'.repeat(33)} Größen`), ['größen']);
});
