import assert from 'node:assert/strict';
import test from 'node:test';
import { matrixOffsets, matrixPairs } from './matrix.ts';

test('pairs and offsets say the same about a matrix', () => {
  const matrix = {
    ids: [1, 2, 'f'],
    rows: [
      [{ id: 'f', score: 0.9 }],
      [],
      [
        { id: 2, score: 0.4 },
        { id: 1, score: 0.1 },
      ],
    ],
  };
  assert.deepEqual(matrixPairs(matrix), [
    { a: 1, b: 'f', score: 0.9 },
    { a: 'f', b: 2, score: 0.4 },
    { a: 'f', b: 1, score: 0.1 },
  ]);
  assert.deepEqual(matrixOffsets(matrix), {
    offsetsRow: [0, 2, 2],
    offsetsCol: [2, 1, 0],
    scores: [0.9, 0.4, 0.1],
    ids: [1, 2, 'f'],
  });
});
