import assert from 'node:assert/strict';
import test from 'node:test';
import type { TextScoring } from '@tributary/model';
import fc from 'fast-check';
import { OffsetBits } from '../offset-bits.ts';
import { keptLength, TextDocuments } from './text-documents.ts';

type Documents = readonly (readonly string[])[];

const words = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { maxLength: 6 });
const texts: fc.Arbitrary<Documents> = fc.oneof(
  { weight: 3, arbitrary: words.map((tokens) => [tokens]) },
  fc.array(words, { maxLength: 3 }),
);
/** Points that come, and go or come again. */
const histories = fc.array(fc.record({ offset: fc.nat(12), texts: fc.option(texts) }), {
  maxLength: 40,
});

function applied(history: readonly { offset: number; texts: Documents | null }[]) {
  const index = new TextDocuments();
  const points = new Map<number, Documents>();
  for (const { offset, texts: documents } of history) {
    index.remove(offset);
    points.delete(offset);
    if (documents === null) continue;
    index.add(offset, documents);
    points.set(offset, documents);
  }
  return { index, points };
}

const filled = (documents: Documents) => documents.filter(({ length }) => length > 0);
const countIn = (tokens: readonly string[], term: string) =>
  tokens.filter((token) => token === term).length;

function naiveScore(documents: Documents, { terms, k, b, averageLength }: TextScoring): number {
  const scores = filled(documents).map((tokens) =>
    terms.reduce((sum, { term, weight }) => {
      const frequency = countIn(tokens, term);
      if (frequency === 0) return sum;
      const norm = k * (1 - b + (b * tokens.length) / averageLength);
      return sum + (weight * frequency * (k + 1)) / (frequency + norm);
    }, 0),
  );
  return Math.max(0, ...scores);
}

function setOf(offsets: readonly number[]): Uint32Array {
  const bits = new OffsetBits();
  for (const offset of offsets) bits.add(offset);
  return bits.words;
}

test('statistics are those of the documents there are, regardless of what was there before', () => {
  fc.assert(
    fc.property(histories, fc.option(fc.array(fc.nat(12))), words, (history, chosen, asked) => {
      const { index, points } = applied(history);
      const accept = chosen === null ? undefined : setOf(chosen);
      const documents = [...points]
        .filter(([offset]) => chosen === null || chosen.includes(offset))
        .flatMap(([, each]) => filled(each));
      assert.deepEqual(index.statistics(asked, accept), {
        documents: documents.length,
        tokens: documents.reduce((sum, { length }) => sum + length, 0),
        terms: [...new Set(asked)].sort().map((term) => ({
          term,
          frequency: documents.filter((tokens) => tokens.includes(term)).length,
        })),
      });
    }),
  );
});

test('a search finds the points with a term, the best document of each counting', () => {
  const scorings = fc.record({
    kind: fc.constant('text' as const),
    terms: fc.uniqueArray(
      fc.record({
        term: fc.constantFrom('a', 'b', 'c', 'z'),
        weight: fc.double({ min: 0.01, max: 9, noNaN: true }),
      }),
      { selector: ({ term }) => term, maxLength: 4 },
    ),
    k: fc.double({ min: 0, max: 3, noNaN: true }),
    b: fc.double({ min: 0, max: 1, noNaN: true }),
    averageLength: fc.double({ min: 0.5, max: 9, noNaN: true }),
  });
  const options = fc.record({ limit: fc.nat(15), chosen: fc.option(fc.array(fc.nat(12))) });
  fc.assert(
    fc.property(histories, scorings, options, (history, scoring, { limit, chosen }) => {
      const { index, points } = applied(history);
      const accept = chosen === null ? {} : { accept: setOf(chosen) };
      const { offsets, scores } = index.search(scoring, { limit, ...accept });
      const expected = [...points]
        .filter(([offset]) => chosen === null || chosen.includes(offset))
        .map(([offset, documents]) => ({ offset, score: naiveScore(documents, scoring) }))
        .filter(({ score }) => score > 0)
        .sort((x, y) => y.score - x.score || x.offset - y.offset)
        .slice(0, limit);
      assert.equal(offsets.length, expected.length);
      for (const [i, { score }] of expected.entries()) {
        const own = naiveScore(points.get(offsets[i] ?? -1) ?? [], scoring);
        // Sums in another order differ in their last digits.
        assert.ok(Math.abs((scores[i] ?? 0) - score) <= 1e-6 * score);
        assert.ok(Math.abs(own - score) <= 1e-6 * score);
      }
    }),
    { numRuns: 500 },
  );
});

test('scores and memory do not depend on what was there before', () => {
  const document = (i: number) => [[`w${i % 7}`, `w${i % 11}`, 'all', `only${i}`]];
  const fresh = new TextDocuments();
  const used = new TextDocuments();
  for (let i = 0; i < 20_000; i++) used.add(i, document(i + 50_000));
  for (let i = 0; i < 20_000; i++) used.remove(i);
  for (let i = 999; i >= 0; i--) used.add(i, document(i));
  for (let i = 0; i < 1_000; i++) fresh.add(i, document(i));
  const scoring: TextScoring = {
    kind: 'text',
    terms: ['all', 'w3', 'w4'].map((term) => ({ term, weight: 0.3 })),
    ...{ k: 1.2, b: 0.75, averageLength: 4 },
  };
  assert.deepEqual(used.statistics(['all', 'w3']), fresh.statistics(['all', 'w3']));
  assert.deepEqual(used.search(scoring, { limit: 50 }), fresh.search(scoring, { limit: 50 }));
  assert.ok(used.memoryBytes < 4 * fresh.memoryBytes, `${used.memoryBytes} ${fresh.memoryBytes}`);
});

test('lengths keep their 13 leading bits', () => {
  const kept = [0, 1, 8_191, 8_192, 8_193, 16_383, 16_384, 16_387, 16_388, 100_003].map(keptLength);
  assert.deepEqual(kept, [0, 1, 8_191, 8_192, 8_192, 16_382, 16_384, 16_384, 16_388, 100_000]);
});
