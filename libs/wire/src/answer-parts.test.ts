import assert from 'node:assert/strict';
import test from 'node:test';
import { payloadToBytes, type ScoredPoint, sequence } from '@tributary/model';
import fc from 'fast-check';
import { decodeAnswer, encodeAnswer } from './answer-codec.ts';
import { joinAnswer, partsOfAnswer } from './answer-parts.ts';
import type { ReplicaAnswers, ReplicaCallKind } from './messages.ts';

function points(count: number, size: number): ScoredPoint[] {
  return Array.from({ length: count }, (_, id) => ({
    id,
    version: sequence(1),
    score: 0.5,
    payload: new Uint8Array(payloadToBytes({ id })),
    vectors: { '': new Float32Array(size).fill(id) },
  }));
}

/** What the answer is after it has travelled in parts, none of which is long. */
function travelled<K extends ReplicaCallKind>(kind: K, answer: ReplicaAnswers[K]) {
  const parts = [...partsOfAnswer(kind, answer)].map((part) => encodeAnswer(kind, part));
  for (const { length } of parts) assert.ok(length < 512 * 1024, `${length} bytes`);
  return joinAnswer(
    kind,
    parts.map((part) => decodeAnswer(kind, part)),
  );
}

const counts = fc.constantFrom(0, 1, 3, 1_000, 1_001, 1_500);

test('answers in parts are the answers, for all lists', () => {
  const sizes = fc.constantFrom(1, 100);
  fc.assert(
    fc.property(fc.array(counts, { maxLength: 3 }), sizes, (lists, size) => {
      const answer = lists.map((count) => points(count, size));
      assert.deepEqual(travelled('search', answer), answer);
      const all = answer.flat().map(({ score: _, ...record }) => record);
      assert.deepEqual(travelled('scroll', all), all);
      const hits = all.map((_, count) => ({ value: `v${count}`, count }));
      assert.deepEqual(travelled('facet', hits), hits);
      const digests = all.map(({ id, version }) => ({ id, version, digest: new Uint8Array(32) }));
      const bucket = { appliedSequence: sequence(9), points: digests };
      assert.deepEqual(travelled('bucketPoints', bucket), bucket);
    }),
    { numRuns: 10 },
  );
});

test('what has no parts comes as one', () => {
  assert.equal(travelled('count', 7), 7);
  assert.throws(() => joinAnswer('count', [1, 2]), { code: 'corrupt' });
});

test('many small lists share their parts, and no part grows with the number of lists before it', () => {
  const answer = Array.from({ length: 2_000 }, (_, i) => points(i % 12, 1));
  const parts = [...partsOfAnswer('search', answer)];
  assert.ok(parts.length > 1 && parts.length < 20, `${parts.length} parts`);
  const lists = parts.reduce((sum, part) => sum + part.length, 0);
  assert.ok(lists < 2_000 + 2 * parts.length, `${lists} lists`);
  assert.deepEqual(travelled('search', answer), answer);
});
