// The apply rule is total: whatever an entry says that can be decoded at all, it is applied or refused. Something
// thrown would stop every replica of the shard at that entry, for ever.

import assert from 'node:assert/strict';
import test from 'node:test';
import {
  type Entry,
  type FieldIndex,
  type Filter,
  NO_PAYLOAD,
  type PointOperation,
  parseJson,
  sequence,
  type VectorShape,
} from '@tributary/model';
import { filtersOver } from '@tributary/model/conformance';
import { ApplyBatch } from '@tributary/replication';
import { TributaryError } from '@tributary/runtime';
import { MemoryReplicaStores } from '@tributary/storage/memory';
import { decodeEntry, encodeEntry } from '@tributary/wire';
import fc from 'fast-check';
import { CONFIG } from './node.ts';

const NUMBERS = [0, -1, 1.5, 2 ** 31, 2 ** 53, 1e20, 1e308, -1e308, 5e-324];
const TEXTS = ['', 'a..b', 'a[', '(', '\\', '\u0000', '$', 'ß', '9'.repeat(400), 'red fox'];
const PAYLOADS = [
  '{}',
  '{"a":[1,"red fox",null,{"lon":1,"lat":2}],"b":"2024-02-29"}',
  '{"a":{"b":1}}',
];

const strange = fc.oneof(fc.constantFrom(...NUMBERS), fc.constantFrom(...TEXTS));

/** The filter with some of its numbers and texts, keys among them, changed to strange ones of the same type. */
const strangeFilters: fc.Arbitrary<Filter> = fc
  .tuple(
    filtersOver(fc.constantFrom('a', 'b', 'a[]'), fc.nat(4)),
    fc.infiniteStream(fc.tuple(fc.nat(4), strange)),
  )
  .map(([filter, changes]) => changed(filter, changes) as Filter);

function changed(value: unknown, changes: Iterator<[number, string | number]>): unknown {
  if (Array.isArray(value)) return value.map((each) => changed(each, changes));
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, each]) =>
      key === 'kind' ? [key, each] : [key, changed(each, changes)],
    );
    return Object.fromEntries(entries);
  }
  const next = changes.next();
  if (next.done) return value;
  const [dice, other] = next.value;
  return dice === 0 && typeof value === typeof other ? other : value;
}

const strangeIndexes: fc.Arbitrary<FieldIndex> = fc.record(
  {
    type: fc.constant('text' as const),
    tokenizer: fc.constantFrom('word' as const, 'whitespace', 'prefix', 'multilingual'),
    minTokenLength: fc.constantFrom(0, 1, 2 ** 53 - 1),
    maxTokenLength: fc.constantFrom(0, 1, 2 ** 53 - 1),
    lowercase: fc.boolean(),
    asciiFolding: fc.boolean(),
    phraseMatching: fc.boolean(),
    stopwords: fc.array(fc.constantFrom(...TEXTS), { maxLength: 2 }),
    stemmer: fc.constantFrom('english', 'klingon', 'constructor', ''),
  },
  {
    requiredKeys: ['type', 'tokenizer', 'lowercase', 'asciiFolding', 'phraseMatching', 'stopwords'],
  },
);

const ids = fc.array(fc.nat(4), { maxLength: 3 });
const keys = fc.constantFrom('a', 'a.b', 'a[]', 'a[0].b', ...TEXTS);
const payloads = fc.constantFrom({}, { a: null }, { a: { b: [1] } });
const selectors = fc.oneof(
  ids.map((each) => ({ kind: 'ids' as const, ids: each })),
  strangeFilters.map((filter) => ({ kind: 'filter' as const, filter })),
);
const points = ids.map((each) =>
  each.map((id) => ({ id, vectors: {}, payload: Buffer.from(PAYLOADS[id % 3] ?? '') })),
);
const names = fc.constantFrom('', 'rows', 'words', 'late', '__proto__', 'constructor');
const revisions = fc.constantFrom(0, 1, 2, 2 ** 53 - 1);
const operations: fc.Arbitrary<PointOperation> = fc.oneof(
  fc.record({ kind: fc.constant('upsert' as const), points, updateFilter: strangeFilters }),
  fc.record({ kind: fc.constant('updateVectors' as const), points, updateFilter: strangeFilters }),
  fc.record({ kind: fc.constant('delete' as const), selector: selectors }),
  fc.record({
    kind: fc.constantFrom('setPayload' as const, 'overwritePayload'),
    selector: selectors,
    payload: payloads,
    key: keys,
  }),
  fc.record({
    kind: fc.constant('deletePayload' as const),
    selector: selectors,
    keys: fc.array(keys, { maxLength: 2 }),
  }),
  fc.record({
    kind: fc.constant('createFieldIndex' as const),
    field: keys,
    index: strangeIndexes,
  }),
  fc.record({
    kind: fc.constant('createVectorName' as const),
    name: names,
    shape: fc.constantFrom<VectorShape[]>(
      { kind: 'sparse' },
      { kind: 'dense', size: 1, distance: 'Cosine' },
      { kind: 'multi', size: 65_536, distance: 'Dot' },
    ),
    revision: revisions,
  }),
  fc.record({ kind: fc.constant('deleteVectorName' as const), name: names, revision: revisions }),
);

test('what can be decoded is applied or refused, whatever it says', async () => {
  await using store = await new MemoryReplicaStores().open('replica');
  const written = PAYLOADS.map((text, id) => {
    assert.ok(parseJson(text) !== null);
    return { id, vectors: {}, payload: text === '{}' ? NO_PAYLOAD : Buffer.from(text) };
  });
  const first: PointOperation = { kind: 'upsert', points: written };
  const met = { applied: 0, refused: 0, corrupt: 0 };
  fc.assert(
    fc.property(fc.array(operations, { minLength: 1, maxLength: 3 }), (list) => {
      const decoded = decodedOrCorrupt({
        operationId: 'o',
        timeMs: 1,
        operations: [first, ...list],
      });
      if (decoded === undefined) met.corrupt++;
      else met[new ApplyBatch(store, CONFIG).apply(decoded, sequence(1)).kind]++;
    }),
    { numRuns: 3_000 },
  );
  assert.ok(met.applied > 300 && met.refused > 300, JSON.stringify(met));
});

function decodedOrCorrupt(entry: Entry): Entry | undefined {
  const bytes = encodeEntry(entry);
  try {
    return decodeEntry(bytes);
  } catch (error) {
    assert.ok(error instanceof TributaryError, String(error));
    return undefined;
  }
}
