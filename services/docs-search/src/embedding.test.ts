import assert from 'node:assert/strict';
import test from 'node:test';
import { DIMENSIONS, passageVector, questionVector, trainOnPassages } from './embedding.ts';
import type { Passage } from './passage.ts';

const passage = (text: string): Passage => ({
  package: 'tool',
  version: '1.0.0',
  licence: 'MIT',
  keywords: [],
  path: 'README.md',
  position: 1,
  text,
});
const THINGS = ['archive', 'breaker', 'cookie', 'dialect', 'entry', 'filter', 'gauge', 'header'];
const ASPECTS = [
  'open',
  'limit',
  'order',
  'failure',
  'window',
  'threshold',
  'copy',
  'size',
  'queue',
  'stream',
  'token',
  'value',
];
const passages = Array.from({ length: 320 }, (_, i) => {
  const round = Math.floor(i / 8);
  return passage(`${THINGS[i % 8]} ${ASPECTS[round % 12]} ${ASPECTS[(3 * round + i) % 12]}`);
});
const model = trainOnPassages(passages);

const dot = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);

test('vectors of passages and questions have one length and one number of dimensions', () => {
  for (const vector of [
    passageVector(model, passage('cookie limit')),
    questionVector(model, 'copy'),
  ]) {
    assert.equal(vector.length, DIMENSIONS);
    assert.ok(Math.abs(dot(vector, vector) - 1) < 1e-6);
  }
});

test('a passage that has all words of a question is nearer than one that is a single one of them', () => {
  const question = questionVector(model, 'cookie limit');
  const whole = passageVector(model, passage('cookie limit copy window order'));
  const single = passageVector(model, passage('cookie'));
  assert.ok(dot(question, whole) > dot(question, single));
  const withoutBrevity = (vector: readonly number[]) =>
    dot(question, vector) / Math.hypot(...vector.slice(0, -1));
  assert.ok(withoutBrevity(whole) < withoutBrevity(single), 'brevity is what makes the difference');
});

test('a question without a known word has no direction', () => {
  assert.ok(questionVector(model, 'quantum').every((value) => value === 0));
});
