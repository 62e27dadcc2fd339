// Logs of small entries over few points, with every kind of operation and some that are refused.

import { type Filter, type PointOperation, sequence } from '@tributary/model';
import fc from 'fast-check';
import { entry, point, rows, sparse, upsert, WORDS } from './apply.test-support.ts';

const ids = fc.integer({ min: 0, max: 5 });
const payloads = fc.record({
  a: fc.integer({ min: 0, max: 2 }),
  text: fc.constantFrom('red fox', 'Red foxes', 'a fox'),
});
const filters: fc.Arbitrary<Filter> = fc.oneof(
  fc.integer({ min: 0, max: 2 }).map((value) => ({
    must: [{ kind: 'match' as const, key: 'a', value }],
  })),
  fc.constantFrom('red', 'fox', 'ox').map((text) => ({
    must: [{ kind: 'matchText' as const, key: 'text', text }],
  })),
  fc.constantFrom('', 'words').map((name) => ({ must: [{ kind: 'hasVector' as const, name }] })),
);
const vectors = fc.record(
  {
    '': fc.integer().map((value) => Float32Array.of(value, 1)),
    words: fc.constantFrom(sparse([]), sparse([1, 9])),
    rows: fc.constantFrom(rows(1, 2), rows(1, 2, 3, 4)),
  },
  { requiredKeys: [], noNullPrototype: true },
);
const points = fc
  .tuple(ids, payloads, vectors)
  .map(([id, payload, named]) => ({ ...point(id, JSON.stringify(payload)), vectors: named }));
const selectors = fc.oneof(
  fc.array(ids, { maxLength: 3 }).map((list) => ({ kind: 'ids' as const, ids: list })),
  filters.map((filter) => ({ kind: 'filter' as const, filter })),
);
const operations: fc.Arbitrary<PointOperation> = fc.oneof(
  fc.tuple(ids, payloads).map(([id, payload]) => upsert(point(id, JSON.stringify(payload)))),
  fc.constant(upsert(point(1, '', [1, 2, 3]))),
  fc.constant(upsert(point(1, '{"a":'))),
  selectors.map((selector) => ({ kind: 'delete' as const, selector })),
  fc
    .tuple(selectors, payloads)
    .map(([selector, payload]) => ({ kind: 'setPayload' as const, selector, payload, key: 'k' })),
  fc
    .tuple(selectors, payloads)
    .map(([selector, payload]) => ({ kind: 'overwritePayload' as const, selector, payload })),
  selectors.map((selector) => ({ kind: 'clearPayload' as const, selector })),
  fc.record(
    {
      kind: fc.constant('upsert' as const),
      points: fc.array(points, { maxLength: 3 }),
      mode: fc.constantFrom('upsert' as const, 'insertOnly', 'updateOnly'),
      updateFilter: filters,
    },
    { requiredKeys: ['kind', 'points'] },
  ),
  fc.record(
    {
      kind: fc.constant('updateVectors' as const),
      points: fc.array(fc.record({ id: ids, vectors }), { maxLength: 3 }),
      updateFilter: filters,
    },
    { requiredKeys: ['kind', 'points'] },
  ),
  fc.record({
    kind: fc.constant('deleteVectors' as const),
    selector: selectors,
    names: fc.constantFrom(['words'], ['', 'rows'], ['unknown']),
  }),
  fc.constant({ kind: 'createFieldIndex' as const, field: 'text', index: WORDS }),
  fc.constant({ kind: 'deleteFieldIndex' as const, field: 'text' }),
  fc.record({
    kind: fc.constant('deleteVectorName' as const),
    name: fc.constantFrom('words', 'rows'),
    revision: fc.integer({ min: 1, max: 9 }),
  }),
);
/** Of gateways whose clocks differ. */
const times = fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constantFrom(1_700_000_000_000, 2 ** 50));
export const logs = fc
  .array(fc.tuple(fc.array(operations, { minLength: 1, maxLength: 3 }), times), { maxLength: 12 })
  .map((list) =>
    list.map(([each, timeMs], i) => [sequence(i + 1), { ...entry(...each), timeMs }] as const),
  );
