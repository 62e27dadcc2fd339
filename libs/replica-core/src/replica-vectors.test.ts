import assert from 'node:assert/strict';
import { mkdtempDisposable, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSegmentBuilder, createVectorIndex, SparseIndex } from '@tributary/index';
import {
  COLLECTION_DEFAULTS,
  type CollectionConfig,
  NO_PAYLOAD,
  type PointOperation,
  sequence,
} from '@tributary/model';
import { ApplyBatch } from '@tributary/replication';
import { seededRandom, silentLogger, systemClock } from '@tributary/runtime';
import { MemoryReplicaStores } from '@tributary/storage/memory';
import { createIndexFiles, folderOf } from './create-indexes.ts';
import { ReplicaContent } from './replica-content.ts';
import type { CreateIndex, IndexFiles } from './replica-vectors.ts';

const STORE = '0-c';
const SIZE = 8;
const POINTS = 300;
const WITHIN_MS = 60_000;
const config: CollectionConfig = {
  ...COLLECTION_DEFAULTS,
  vectors: { kept: { size: SIZE, distance: 'Euclid' } },
};
const LATE = { kind: 'dense', size: SIZE, distance: 'Euclid' } as const;

/** A replica whose indexes build graphs of few points, with files of their own. */
async function started() {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await mkdtempDisposable(join(tmpdir(), 'tributary-vectors-')));
  const builder = stack.use(createSegmentBuilder({ logger: silentLogger }));
  const stores = new MemoryReplicaStores();
  const files = createIndexFiles(path);
  const createIndex: CreateIndex = async ({ shape, table, ...vector }) => {
    if (shape.kind === 'sparse') return new SparseIndex();
    return createVectorIndex({
      ...{ builder, clock: systemClock, logger: silentLogger, m: 8, efConstruct: 32 },
      ...{ size: shape.size, distance: shape.distance },
      ...{ tailVectorsMax: 100, graphVectorsMin: 100, smallTailVectorsMax: 100 },
      ...{ deletedShareMax: 0.3, wornVectorsMin: 0 },
      folder: join(path, vector.storeName, folderOf(vector)),
      identify: (offset) => table.idAt(offset) ?? assert.fail('a row stands for a point'),
    });
  };
  const open = async (indexFiles: IndexFiles = files) => {
    const { content, rejected } = await ReplicaContent.open({
      ...{ stores, storeName: STORE, config, createdVectors: config, createIndex, indexFiles },
      ...{ clock: systemClock, turn: async () => {}, signal: new AbortController().signal },
    });
    assert.deepEqual(rejected, []);
    return content;
  };
  const folders = async () => (await readdir(join(path, STORE)).catch(() => [])).sort();
  const cleaning = stack.move();
  return { open, folders, files, [Symbol.asyncDispose]: () => cleaning.disposeAsync() };
}

async function commit(content: ReplicaContent, operations: PointOperation[], at: number) {
  const batch = new ApplyBatch(content.store, config, content.candidates);
  const outcome = batch.apply({ operationId: `${at}`, timeMs: 0, operations }, sequence(at));
  assert.deepEqual(outcome, { kind: 'applied' });
  await content.prepare(batch, new AbortController().signal);
  await content.commit(
    batch,
    { appliedSequence: sequence(at), appliedCount: at },
    new AbortController().signal,
  );
}

function created(revision: number): PointOperation {
  return { kind: 'createVectorName', name: 'late', shape: LATE, revision };
}

function deleted(revision: number): PointOperation {
  return { kind: 'deleteVectorName', name: 'late', revision };
}

/** Points with both vectors. */
function written(seed: number): PointOperation {
  const random = seededRandom(seed);
  const vector = () => Float32Array.from({ length: SIZE }, () => random.next());
  const points = Array.from({ length: POINTS }, (_, id) => {
    return { id, vectors: { kept: vector(), late: vector() }, payload: NO_PAYLOAD };
  });
  return { kind: 'upsert', points };
}

/** Resolves when the vector has a graph and nothing is being built. */
async function built(content: ReplicaContent, name: string): Promise<void> {
  const deadline = performance.now() + WITHIN_MS;
  for (;;) {
    const { optimizing, vectorIndexes } = content.info();
    if (!optimizing && (vectorIndexes[name]?.indexed ?? 0) > 0) return;
    assert.ok(performance.now() < deadline, `a graph of ${name} is built in time`);
    await sleep(10);
  }
}

function found(content: ReplicaContent, using: string): number {
  const vector = new Float32Array(SIZE);
  const projection = { payload: { kind: 'none' }, vectors: { kind: 'none' } } as const;
  const scoring = { kind: 'nearest', vector } as const;
  return content.reader.search({ scoring, using, limit: POINTS, params: {}, projection }).length;
}

test('a deleted name takes its index and files along, and leaves the graphs of others alone', async () => {
  await using replica = await started();
  await using content = await replica.open();
  await commit(content, [created(3), written(1)], 1);
  await built(content, 'late');
  await built(content, 'kept');
  const { kept } = content.info().vectorIndexes;
  const names = (await replica.folders()).length;
  assert.equal(names, 2);
  await commit(content, [deleted(4)], 2);
  assert.deepEqual(Object.keys(content.info().vectorIndexes), ['kept']);
  assert.deepEqual(content.info().vectorIndexes.kept, kept);
  assert.throws(() => found(content, 'late'), /Not existing vector name/);
  assert.equal(found(content, 'kept'), POINTS);
  await content.close();
  assert.equal((await replica.folders()).length, 1);
});

test('a name may be deleted while its graph is built, and the points of its rows after it', async () => {
  await using replica = await started();
  await using content = await replica.open();
  await commit(content, [created(3), written(1)], 1);
  assert.ok(content.info().optimizing);
  await commit(content, [deleted(4)], 2);
  const everyPoint = { kind: 'filter', filter: {} } as const;
  await commit(content, [{ kind: 'delete', selector: everyPoint }], 3);
  await commit(content, [created(5), written(2)], 4);
  await built(content, 'late');
  assert.equal(found(content, 'late'), POINTS);
  await content.close();
  assert.equal((await replica.folders()).length, 2);
});

test('a name created again in the same entry has an index of its own, with what came after', async () => {
  await using replica = await started();
  await using content = await replica.open();
  await commit(content, [created(3), written(1)], 1);
  await built(content, 'late');
  const again = { id: 1, vectors: { late: new Float32Array(SIZE) }, payload: NO_PAYLOAD };
  await commit(content, [deleted(4), created(5), { kind: 'upsert', points: [again] }], 2);
  assert.equal(found(content, 'late'), 1);
  assert.equal(content.state.pointsCount, POINTS);
});

test('a replica that opens has the indexes of its schema, and no files of others', async () => {
  await using replica = await started();
  const content = await replica.open({ ...replica.files, drop: async () => {} });
  await commit(content, [created(3), written(1)], 1);
  await built(content, 'late');
  await commit(content, [deleted(4), created(5)], 2);
  await commit(content, [written(2)], 3);
  await built(content, 'late');
  const { contentHash } = content.state;
  await content.close();
  const late = Buffer.from('late').toString('hex');
  assert.ok((await replica.folders()).includes(`v${late}-3`), 'as after a crash');
  await using again = await replica.open();
  assert.deepEqual(await replica.folders(), [
    `v${Buffer.from('kept').toString('hex')}`,
    `v${late}-5`,
  ]);
  assert.equal(found(again, 'late'), POINTS);
  assert.ok((again.info().vectorIndexes.late?.indexed ?? 0) > 0);
  assert.equal(again.store.verify().contentHash, contentHash);
});

test('vectors of one name that were made one after another have different folders', () => {
  const vector = { storeName: STORE, vectorName: 'a/../b', revision: 0 };
  const folders = [
    folderOf(vector),
    folderOf({ ...vector, revision: 1 }),
    folderOf({ ...vector, vectorName: 'ü'.repeat(255), revision: 2 ** 52 }),
    folderOf({ ...vector, vectorName: 'u'.repeat(255) }),
  ];
  assert.equal(new Set(folders).size, folders.length);
  for (const folder of folders) assert.match(folder, /^[vh][0-9a-f]{2,240}(-\d+)?$/);
});
