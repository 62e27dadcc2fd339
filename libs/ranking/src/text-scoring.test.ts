import assert from 'node:assert/strict';
import test from 'node:test';
import { inverseDocumentFrequency } from './inverse-frequency.ts';
import { sumTextStatistics, textScoring } from './text-scoring.ts';

test('the statistics of parts, added up, are those of the whole, in the order of the terms', () => {
  const parts = [
    { documents: 3, tokens: 30, terms: [{ term: 'b', frequency: 2 }] },
    {
      documents: 1,
      tokens: 2,
      terms: [
        { term: 'a', frequency: 1 },
        { term: 'b', frequency: 1 },
      ],
    },
    { documents: 0, tokens: 0, terms: [] },
  ];
  const whole = {
    documents: 4,
    tokens: 32,
    terms: [
      { term: 'a', frequency: 1 },
      { term: 'b', frequency: 3 },
    ],
  };
  assert.deepEqual(sumTextStatistics(parts), whole);
  assert.deepEqual(sumTextStatistics(parts.toReversed()), whole);
  assert.deepEqual(textScoring(whole, { k: 1.2, b: 0.75 }), {
    kind: 'text',
    terms: [
      { term: 'a', weight: inverseDocumentFrequency(4, 1) },
      { term: 'b', weight: inverseDocumentFrequency(4, 3) },
    ],
    ...{ k: 1.2, b: 0.75, averageLength: 8 },
  });
});

test('a collection without texts scores nothing by numbers that can be sent', () => {
  const scoring = textScoring(sumTextStatistics([]), { k: 1, b: 1 });
  assert.deepEqual(scoring, { kind: 'text', terms: [], k: 1, b: 1, averageLength: 1 });
});
