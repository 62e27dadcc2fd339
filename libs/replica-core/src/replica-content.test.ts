import assert from 'node:assert/strict';
import test from 'node:test';
import { MemoryVectorIndex } from '@tributary/index/memory';
import {
  COLLECTION_DEFAULTS,
  type CollectionConfig,
  type FieldIndex,
  type Filter,
  ID_ONLY,
  type JsonObject,
  type Point,
  type PointOperation,
  payloadToBytes,
  sequence,
} from '@tributary/model';
import { ApplyBatch } from '@tributary/replication';
import { systemClock } from '@tributary/runtime';
import { MemoryReplicaStores } from '@tributary/storage/memory';
import fc from 'fast-check';
import { ReplicaContent } from './replica-content.ts';

const config: CollectionConfig = {
  ...COLLECTION_DEFAULTS,
  vectors: { '': { size: 1, distance: 'Dot' } },
};
const id = fc.nat(5);
const payload: fc.Arbitrary<JsonObject> = fc.record(
  { tag: fc.constantFrom('red fox', 'blue fox', 'red'), n: fc.nat(3) },
  { requiredKeys: [] },
);
const fieldIndex = fc.constantFrom<readonly [string, FieldIndex]>(
  ['tag', { type: 'keyword' }],
  [
    'tag',
    {
      type: 'text',
      tokenizer: 'word',
      lowercase: true,
      asciiFolding: false,
      phraseMatching: false,
      stopwords: [],
    },
  ],
  ['n', { type: 'integer', lookup: true, range: true }],
);
const operation: fc.Arbitrary<PointOperation> = fc.oneof(
  fc.record({
    kind: fc.constant('upsert' as const),
    points: fc.array(fc.tuple(id, payload).map(pointOf), { maxLength: 4 }),
  }),
  fc.tuple(id, payload).map(([each, patch]) => ({
    kind: 'setPayload' as const,
    selector: { kind: 'ids' as const, ids: [each] },
    payload: patch,
  })),
  id.map((each) => ({
    kind: 'clearPayload' as const,
    selector: { kind: 'ids' as const, ids: [each] },
  })),
  id.map((each) => ({
    kind: 'delete' as const,
    selector: { kind: 'ids' as const, ids: [each] },
  })),
  fieldIndex.map(([field, index]) => ({ kind: 'createFieldIndex' as const, field, index })),
  fc.constantFrom('tag', 'n').map((field) => ({ kind: 'deleteFieldIndex' as const, field })),
);

function pointOf([each, values]: readonly [number, JsonObject]): Point {
  return { id: each, vectors: { '': Float32Array.of(1) }, payload: payloadToBytes(values) };
}

async function open(stores: MemoryReplicaStores, turn = async () => {}): Promise<ReplicaContent> {
  const { content } = await ReplicaContent.open({
    stores,
    storeName: 'a',
    config,
    createdVectors: config,
    createIndex: async () => new MemoryVectorIndex('Dot'),
    clock: systemClock,
    turn,
    signal: new AbortController().signal,
  });
  return content;
}

async function commit(
  content: ReplicaContent,
  operations: readonly PointOperation[],
  at: number,
): Promise<void> {
  const batch = new ApplyBatch(content.store, config);
  const outcome = batch.apply({ operationId: `${at}`, timeMs: 0, operations }, sequence(at));
  assert.deepEqual(outcome, { kind: 'applied' });
  await content.prepare(batch, new AbortController().signal);
  await content.commit(
    batch,
    { appliedSequence: sequence(at), appliedCount: at },
    new AbortController().signal,
  );
}

const FILTERS: readonly Filter[] = [
  { must: [{ kind: 'match', key: 'tag', value: 'red' }] },
  { must: [{ kind: 'matchText', key: 'tag', text: 'fox red' }] },
  { must: [{ kind: 'range', key: 'n', range: { gte: 2 } }] },
  { mustNot: [{ kind: 'isEmpty', key: 'n' }] },
];

/** All that payload indexes are asked for. */
function viewOf(content: ReplicaContent) {
  const { reader } = content;
  const { payloadSchema, payloadIndexPoints } = content.info();
  const hasNumbers = payloadSchema.n !== undefined;
  const orderBy = { key: 'n', direction: 'desc' } as const;
  return {
    payloadSchema,
    payloadIndexPoints,
    counts: FILTERS.map((filter) => reader.count(filter)),
    pages: FILTERS.map((filter) => reader.scroll({ filter, limit: 9, projection: ID_ONLY })),
    facet: hasNumbers && reader.facet({ key: 'n', limit: 9 }),
    ordered: hasNumbers && reader.scroll({ limit: 9, projection: ID_ONLY, orderBy }),
  };
}

test('payload indexes that followed every commit answer as those rebuilt from the store', async () => {
  const history = fc.array(fc.array(operation, { minLength: 1, maxLength: 3 }), { maxLength: 12 });
  let indexed = 0;
  await fc.assert(
    fc.asyncProperty(history, async (entries) => {
      const stores = new MemoryReplicaStores();
      const live = await open(stores);
      for (const [i, operations] of entries.entries()) await commit(live, operations, i + 1);
      const before = viewOf(live);
      if (Object.values(before.payloadIndexPoints).some((points) => points > 0)) indexed++;
      await live.close();
      await using again = await open(stores);
      assert.deepEqual(viewOf(again), before);
    }),
    { numRuns: 200 },
  );
  assert.ok(indexed > 30, `${indexed} histories with indexed points`);
});

test('reads go on while an index is made, and see it with its entry only', async () => {
  let duringCounts: number[] = [];
  let read = () => {};
  await using content = await open(new MemoryReplicaStores(), async () => read());
  const points = Array.from({ length: 1_200 }, (_, i) => pointOf([i, { n: i % 3 }]));
  await commit(content, [{ kind: 'upsert', points }], 1);
  const asked: Filter = { must: [{ kind: 'match', key: 'n', value: 1 }] };
  read = () => {
    assert.deepEqual(content.info().payloadSchema, {});
    assert.equal(content.reader.explain({ filter: asked }).filter?.plan, 'scan');
    duringCounts = [...duringCounts, content.reader.count(asked)];
  };
  const index: FieldIndex = { type: 'integer', lookup: true, range: true };
  const moved = pointOf([0, { n: 1 }]);
  await commit(
    content,
    [
      { kind: 'upsert', points: [moved] },
      { kind: 'createFieldIndex', field: 'n', index },
    ],
    2,
  );
  assert.deepEqual(duringCounts, [400, 400]);
  assert.equal(content.reader.explain({ filter: asked }).filter?.plan, 'index');
  assert.equal(content.reader.count(asked), 401);
});

test('a text index changes what a filter means from its entry on', async () => {
  await using content = await open(new MemoryReplicaStores());
  const asked: Filter = { must: [{ kind: 'matchText', key: 'tag', text: 'FOX red' }] };
  await commit(content, [{ kind: 'upsert', points: [pointOf([1, { tag: ['red', 'fox'] }])] }], 1);
  assert.equal(content.reader.count(asked), 0);
  const index: FieldIndex = {
    type: 'text',
    tokenizer: 'word',
    lowercase: true,
    asciiFolding: false,
    phraseMatching: false,
    stopwords: [],
  };
  await commit(content, [{ kind: 'createFieldIndex', field: 'tag', index }], 2);
  assert.equal(content.reader.count(asked), 1);
  assert.deepEqual(content.info().payloadIndexPoints, { tag: 1 });
  await commit(content, [{ kind: 'deleteFieldIndex', field: 'tag' }], 3);
  assert.equal(content.reader.count(asked), 0);
  assert.deepEqual(content.info().payloadSchema, {});
});
