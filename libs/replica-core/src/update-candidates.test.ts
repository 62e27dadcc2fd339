// Filter updates of a replica that asks its payload indexes against one that looks at every payload.

import assert from 'node:assert/strict';
import test from 'node:test';
import { MemoryVectorIndex } from '@tributary/index/memory';
import {
  COLLECTION_DEFAULTS,
  type CollectionConfig,
  type Entry,
  type FieldIndex,
  type Filter,
  type PointOperation,
  type PointSelector,
  payloadToBytes,
  sequence,
} from '@tributary/model';
import { filterPayloads, filtersOver } from '@tributary/model/conformance';
import { ApplyBatch, type CandidateFinder } from '@tributary/replication';
import { systemClock } from '@tributary/runtime';
import { MemoryReplicaStores } from '@tributary/storage/memory';
import fc from 'fast-check';
import { ReplicaContent } from './replica-content.ts';

const config: CollectionConfig = {
  ...COLLECTION_DEFAULTS,
  vectors: { '': { size: 1, distance: 'Dot' }, image: { size: 1, distance: 'Dot' } },
};
const FIELDS = ['a', 'b', 'a[].b', 'a.b'];
const TEXT: FieldIndex = {
  type: 'text',
  tokenizer: 'word',
  lowercase: true,
  asciiFolding: false,
  phraseMatching: true,
  stopwords: [],
};

const id = fc.nat(12);
const filter = filtersOver(fc.constantFrom(...FIELDS), id);
const selector: fc.Arbitrary<PointSelector> = filter.map((each) => ({
  kind: 'filter',
  filter: each,
}));
const names = fc.subarray(['', 'image']);
const upsert: fc.Arbitrary<PointOperation> = fc
  .array(fc.tuple(id, filterPayloads, names), { maxLength: 5 })
  .map((points) => ({
    kind: 'upsert',
    points: points.map(([each, payload, having]) => ({
      id: each,
      vectors: Object.fromEntries(having.map((name) => [name, Float32Array.of(1)])),
      payload: payloadToBytes(payload),
    })),
  }));
const operation: fc.Arbitrary<PointOperation> = fc.oneof(
  { weight: 4, arbitrary: upsert },
  { weight: 2, arbitrary: selector.map((each) => ({ kind: 'delete' as const, selector: each })) },
  fc.tuple(selector, filterPayloads).map(([each, payload]) => ({
    kind: 'setPayload' as const,
    selector: each,
    payload,
  })),
  fc.tuple(selector, fc.constantFrom(...FIELDS)).map(([each, key]) => ({
    kind: 'deletePayload' as const,
    selector: each,
    keys: [key],
  })),
  selector.map((each) => ({ kind: 'clearPayload' as const, selector: each })),
  selector.map((each) => ({ kind: 'deleteVectors' as const, selector: each, names: ['image'] })),
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('createFieldIndex' as const),
      field: fc.constantFrom(...FIELDS),
      index: fc.constantFrom<FieldIndex>(
        TEXT,
        { type: 'keyword' },
        { type: 'integer', lookup: true, range: true },
        { type: 'datetime' },
        { type: 'geo' },
        { type: 'bool' },
      ),
    }),
  },
  fc.constantFrom(...FIELDS).map((field) => ({ kind: 'deleteFieldIndex' as const, field })),
);
const batches = fc.array(
  fc.array(fc.array(operation, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }),
  { minLength: 2, maxLength: 12 },
);

test('a filter update finds through indexes the points that a look at every payload finds', async () => {
  const met = { exact: 0, narrowed: 0, unknown: 0 };
  await fc.assert(
    fc.asyncProperty(batches, async (log) => {
      await using indexed = await open();
      await using plain = await open();
      const counting: CandidateFinder = {
        find(asked, schema) {
          const found = indexed.candidates.find(asked, schema);
          met[found === undefined ? 'unknown' : found.isExact ? 'exact' : 'narrowed']++;
          return found;
        },
      };
      let at = 0;
      for (const batch of log) {
        await commit(indexed, batch, at, counting);
        await commit(plain, batch, at);
        at += batch.length;
        assert.deepEqual(indexed.state, plain.state);
      }
    }),
    { numRuns: 200 },
  );
  const { exact, narrowed, unknown } = met;
  assert.ok(exact > 100 && narrowed > 25 && unknown > 100, JSON.stringify(met));
});

test('a filter that an index answers reads no point that it does not change', async () => {
  await using content = await open();
  const points = Array.from({ length: 1_000 }, (_, each) => ({
    id: each,
    vectors: {},
    payload: payloadToBytes({ a: `${each % 100}`, b: each % 7 }),
  }));
  await commit(content, [[{ kind: 'upsert', points }]], 0);
  await commit(
    content,
    [[{ kind: 'createFieldIndex', field: 'a', index: { type: 'keyword' } }]],
    1,
  );
  const read = countReads(content);
  const tagged: Filter = { must: [{ kind: 'match', key: 'a', value: '5' }] };
  const selected = (each: Filter) => ({ kind: 'filter' as const, filter: each });
  await commit(
    content,
    [[{ kind: 'clearPayload', selector: selected(tagged) }]],
    2,
    content.candidates,
  );
  assert.equal(read(), 10);
  const both: Filter = {
    must: [
      { kind: 'match', key: 'a', value: '6' },
      { kind: 'match', key: 'b', value: 3 },
    ],
  };
  await commit(content, [[{ kind: 'delete', selector: selected(both) }]], 3, content.candidates);
  assert.equal(read(), 10, 'the ten with the tag, to look at the other condition');
  assert.equal(content.state.pointsCount, 998);
});

/** Points read from the content's store since the last call. */
function countReads({ store }: ReplicaContent): () => number {
  let read = 0;
  const { get, getPayloads, scan, scanPayloads } = store;
  store.get = (ids) => {
    read += ids.length;
    return get.call(store, ids);
  };
  store.getPayloads = (ids) => {
    read += ids.length;
    return getPayloads.call(store, ids);
  };
  store.scan = (from) => counted(scan.call(store, from));
  store.scanPayloads = (from) => counted(scanPayloads.call(store, from));
  function* counted<T>(all: Iterable<T>): Generator<T> {
    for (const each of all) {
      read++;
      yield each;
    }
  }
  return () => {
    const since = read;
    read = 0;
    return since;
  };
}

async function open(): Promise<ReplicaContent> {
  const { content } = await ReplicaContent.open({
    stores: new MemoryReplicaStores(),
    storeName: 'a',
    config,
    createdVectors: config,
    createIndex: async () => new MemoryVectorIndex('Dot'),
    clock: systemClock,
    turn: async () => {},
    signal: new AbortController().signal,
  });
  return content;
}

async function commit(
  content: ReplicaContent,
  entries: readonly (readonly PointOperation[])[],
  after: number,
  finder?: CandidateFinder,
): Promise<void> {
  const batch = new ApplyBatch(content.store, config, finder);
  entries.forEach((operations, i) => {
    const entry: Entry = { operationId: `${i}`, timeMs: 1, operations };
    batch.apply(entry, sequence(after + i + 1));
  });
  await content.prepare(batch, new AbortController().signal);
  const applied = after + entries.length;
  await content.commit(
    batch,
    { appliedSequence: sequence(applied), appliedCount: applied },
    new AbortController().signal,
  );
}
