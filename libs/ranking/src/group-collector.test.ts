import assert from 'node:assert/strict';
import test from 'node:test';
import { type GroupKey, type JsonValue, WholeFloat } from '@tributary/model';
import fc from 'fast-check';
import { GroupCollector } from './group-collector.ts';

const value: fc.Arbitrary<JsonValue> = fc.oneof(
  fc.constantFrom('a', 'b', '1'),
  fc.integer({ min: 0, max: 2 }),
  fc.constantFrom(true, null, 1.5, new WholeFloat(1), 2n ** 60n),
);
const field = fc.oneof(value, fc.array(value, { maxLength: 3 }));

test('groups are the first ones met, each with its first hits, and complete only when no hit can change them', () => {
  fc.assert(
    fc.property(
      fc.array(field, { maxLength: 20 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: 4 }),
      (fields, groupSize, limit) => {
        const collector = new GroupCollector({ groupBy: 'f', groupSize, limit });
        const naive = new Map<GroupKey, number[]>();
        let whenComplete: unknown;
        for (const [id, given] of fields.entries()) {
          collector.add({ id }, { f: given });
          const keys = Array.isArray(given) ? given : [given];
          for (const key of new Set(keys)) {
            const isInteger = typeof key === 'number' && Number.isInteger(key);
            if (typeof key !== 'string' && typeof key !== 'bigint' && !isInteger) continue;
            const hits = naive.get(key) ?? [];
            naive.set(key, [...hits, id]);
          }
          if (collector.isComplete) whenComplete ??= collector.groups();
        }
        const expected = [...naive].slice(0, limit).map(([id, hits]) => ({
          id,
          hits: hits.slice(0, groupSize).map((hit) => ({ id: hit })),
        }));
        assert.deepEqual(collector.groups(), expected);
        if (whenComplete !== undefined) assert.deepEqual(whenComplete, expected);
        const open = expected.filter(({ hits }) => hits.length < groupSize).map(({ id }) => id);
        assert.deepEqual(collector.unfilled, open);
        assert.equal(collector.missing, Math.max(0, limit - naive.size));
      },
    ),
  );
});

test('a hit that comes again, from a later search, stands in its group once', () => {
  const collector = new GroupCollector({ groupBy: 'f', groupSize: 3, limit: 1 });
  for (const id of [1, 2, 1]) collector.add({ id }, { f: 'x' });
  assert.deepEqual(collector.groups(), [{ id: 'x', hits: [{ id: 1 }, { id: 2 }] }]);
  assert.deepEqual(collector.unfilled, ['x']);
});

test('a path leads into arrays of objects', () => {
  const collector = new GroupCollector({ groupBy: 'docs[].id', groupSize: 2, limit: 9 });
  collector.add({ id: 1 }, { docs: [{ id: 'x' }, { id: 'y' }, { id: 'x' }] });
  assert.deepEqual(collector.groups(), [
    { id: 'x', hits: [{ id: 1 }] },
    { id: 'y', hits: [{ id: 1 }] },
  ]);
});
