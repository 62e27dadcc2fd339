import assert from 'node:assert/strict';
import test from 'node:test';
import { NO_PAYLOAD, NO_STAMP, sequence } from '@tributary/model';
import { seededRandom } from '@tributary/runtime';
import { replicaStoreConformance } from './conformance.ts';
import { MemoryReplicaStores } from './memory.ts';
import type { ReplicaState, ReplicaStore } from './replica-store.ts';

replicaStoreConformance('memory', async () => {
  const stores = new MemoryReplicaStores();
  return {
    stores,
    corrupt: async (name, id) => stores.corrupt(name, id),
    dispose: async () => {},
  };
});

test('a crash leaves the state after any chosen commit since the last flush, whole', async () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = seededRandom(seed);
    const stores = new MemoryReplicaStores();
    const store = await stores.open('a');
    for (let i = 0; i < random.integer(5); i++) commitRandom(store, random.integer);
    await store.flush();
    const states: ReplicaState[] = [store.state];
    const commits = random.integer(10);
    for (let i = 0; i < commits; i++) states.push(commitRandom(store, random.integer));
    assert.equal(stores.unflushedCommits('a'), commits);
    const lost = random.integer(commits + 1);
    stores.crash('a', lost);
    assert.throws(() => store.get([1]), /open/);
    const again = await stores.open('a');
    assert.deepEqual(again.state, states[commits - lost]);
    assert.deepEqual(again.verify(), again.state);
  }
});

test('a crash cannot lose what was flushed', async () => {
  const stores = new MemoryReplicaStores({ unflushedCommitsMax: 3 });
  const store = await stores.open('a');
  for (let i = 0; i < 5; i++) commitRandom(store, () => i);
  assert.equal(stores.unflushedCommits('a'), 3);
  await store.flush();
  assert.throws(() => stores.crash('a', 1), /unflushed/);
});

function commitRandom(store: ReplicaStore, integer: (max: number) => number): ReplicaState {
  const applied = sequence(store.state.appliedSequence + 1);
  const id = integer(6);
  const point = { id, version: applied, stamp: NO_STAMP, vectors: {}, payload: NO_PAYLOAD };
  const isDelete = integer(3) === 0;
  return store.commit({
    puts: isDelete ? [] : [point],
    deletes: isDelete ? [id] : [],
    appliedSequence: applied,
    appliedCount: applied,
  });
}
