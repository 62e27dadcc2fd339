import assert from 'node:assert/strict';
import test from 'node:test';
import { pointOffset } from '@tributary/model';
import { seededRandom } from '@tributary/runtime';
import fc from 'fast-check';
import { offsetSet } from '../index.test-support.ts';
import { countOfSet } from '../offset-bits.ts';
import { TopK } from '../top-k.ts';
import { ExactScan, NearestScorer } from './exact-scan.ts';
import { FlatVectors } from './flat-vectors.ts';

test('however rows lie in blocks and are given, the same rows get the same scores to the bit', () => {
  const cases = fc.record({
    rows: fc.integer({ min: 1, max: 3_000 }),
    rowsPerBlock: fc.constantFrom(1, 4, 64, 1_024, 2_048),
    from: fc.nat(3_000),
    to: fc.nat(3_000),
    share: fc.constantFrom(0.02, 0.5, 1),
    seed: fc.nat(),
  });
  fc.assert(
    fc.property(cases, ({ rows, rowsPerBlock, from, to, share, seed }) => {
      const random = seededRandom(seed);
      const next = () => Float32Array.from({ length: 7 }, () => random.next() - 0.5);
      const one = new FlatVectors({ size: 7, distance: 'Dot' });
      const many = new FlatVectors({ size: 7, distance: 'Dot', blockBytesMax: rowsPerBlock * 32 });
      const accepted: number[] = [];
      for (let i = 0; i < rows; i++) {
        const vector = next();
        one.append(pointOffset(i), vector);
        many.append(pointOffset(i), vector);
        if (random.next() < share) accepted.push(i);
      }
      const query = next();
      const accept = offsetSet(accepted, rows);
      assert.equal(countOfSet(accept), accepted.length);
      const range = { from: Math.min(from, to, rows), to: Math.min(Math.max(from, to), rows) };
      const answer = (vectors: FlatVectors, give: (scan: ExactScan) => void) => {
        const top = new TopK(50);
        const scan = new ExactScan(vectors, new NearestScorer(vectors, query, top));
        give(scan);
        scan.finish();
        return top.drain();
      };
      const all = answer(one, (scan) => scan.range(range));
      assert.deepEqual(
        answer(many, (scan) => scan.range(range)),
        all,
      );
      const chosen = answer(one, (scan) => {
        for (const row of accepted) if (row >= range.from && row < range.to) scan.row(row);
      });
      for (const vectors of [one, many]) {
        assert.deepEqual(
          answer(vectors, (scan) => scan.set(accept, range)),
          chosen,
        );
        assert.deepEqual(
          answer(vectors, (scan) => scan.rangeIn(range, accept)),
          chosen,
        );
      }
    }),
    { numRuns: 30 },
  );
});
