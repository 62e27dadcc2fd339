import assert from 'node:assert/strict';
import test from 'node:test';
import { MultiVectorIndex, SparseIndex } from '@tributary/index';
import { MemoryVectorIndex } from '@tributary/index/memory';
import {
  COLLECTION_DEFAULTS,
  type CollectionConfig,
  type NamedVectors,
  NO_PAYLOAD,
  sequence,
  type VectorValue,
} from '@tributary/model';
import { MemoryReplicaStores } from '@tributary/storage/memory';
import { ReplicaContent } from './replica-content.ts';

const CONFIG: CollectionConfig = {
  ...COLLECTION_DEFAULTS,
  vectors: {
    '': { size: 2, distance: 'Dot' },
    late: { size: 2, distance: 'Dot', multivector: { comparator: 'max_sim' } },
  },
  sparseVectors: { words: {} },
};

test('a replica that opens again finds its points by every kind of vector', async () => {
  const vectorsOf = (id: number): NamedVectors => ({
    '': Float32Array.of(id, 1),
    late: { size: 2, rows: Float32Array.of(id, 0, 0, id) },
    words: { indices: Uint32Array.of(7, 1_000 + id), values: Float32Array.of(id, 1) },
  });
  const stores = new MemoryReplicaStores();
  const store = await stores.open('s');
  const version = sequence(1);
  const puts = [1, 2, 3].map((id) => ({
    id,
    version,
    vectors: vectorsOf(id),
    payload: NO_PAYLOAD,
  }));
  store.commit({ puts, deletes: [], appliedSequence: version, appliedCount: 1 });
  await store.close();

  const { content } = await ReplicaContent.open({
    stores,
    storeName: 's',
    config: CONFIG,
    createIndex: async ({ vectorName }) => {
      if (vectorName === 'words') return new SparseIndex();
      if (vectorName === 'late') return new MultiVectorIndex({ size: 2, distance: 'Dot' });
      return new MemoryVectorIndex('Dot');
    },
    turn: async () => {},
    signal: new AbortController().signal,
  });
  await using _ = content;
  const projection = { payload: { kind: 'none' }, vectors: { kind: 'all' } } as const;
  const search = (using: string, vector: VectorValue) =>
    content.reader.search({
      scoring: { kind: 'nearest', vector },
      using,
      limit: 2,
      params: {},
      projection,
    });
  const words = { indices: Uint32Array.of(7), values: Float32Array.of(2) };
  const late = { size: 2, rows: Float32Array.of(1, 0, 0, 1) };
  for (const hits of [
    search('', Float32Array.of(2, 0)),
    search('words', words),
    search('late', late),
  ]) {
    assert.deepEqual(
      hits.map(({ id, score }) => ({ id, score })),
      [
        { id: 3, score: 6 },
        { id: 2, score: 4 },
      ],
    );
    assert.deepEqual(hits[0]?.vectors, vectorsOf(3));
  }
});
