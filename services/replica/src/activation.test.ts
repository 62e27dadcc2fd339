import assert from 'node:assert/strict';
import test from 'node:test';
import { Channel } from '@tributary/channel';
import { MetadataReplica } from '@tributary/metadata';
import { MemoryMetadataLog } from '@tributary/metadata/memory';
import type { ReplicaState } from '@tributary/model';
import { sequence } from '@tributary/model';
import { until } from '@tributary/runtime/testing';
import { address, around, config, OTHER, SELF } from './replica-host.test-support.ts';
import { ReplicaHost } from './replica-host.ts';
import { ThreadPort } from './thread-port.ts';
import type { WorkerEvents } from './worker-link.ts';
import { type ToWorker, WORKER_METHOD } from './worker-protocol.ts';

/** A worker whose replicas are open at once, and catch up when the test says so. */
class ScriptedWorker {
  /** Each ends when it is called. */
  readonly catchUps: (() => void)[] = [];
  #events: WorkerEvents | undefined;
  #port: ThreadPort | undefined;

  start(events: WorkerEvents) {
    this.#events = events;
    this.#port = new ThreadPort((message) => events.onMessage(message));
    const name = 'the host';
    new Channel(this.#port, { name, answer: ({ method }) => this.#answer(method) });
    return { post: (message: ToWorker) => this.#take(message), terminate: async () => {} };
  }

  #answer(method: number): Uint8Array | Promise<Uint8Array> {
    const done = new Uint8Array(0);
    if (method !== WORKER_METHOD.catchUp) return done;
    return new Promise((resolve) => this.catchUps.push(() => resolve(done)));
  }

  #take(message: ToWorker): void {
    if (message.kind === 'bytes') this.#port?.take(message.bytes);
    else if (message.kind === 'stop') this.#events?.onMessage({ kind: 'stopped' });
    else if (message.kind === 'open') {
      const status = { address: message.address, appliedSequence: sequence(0), caughtUp: true };
      queueMicrotask(() => this.#events?.onMessage({ kind: 'statuses', statuses: [status] }));
    }
  }
}

test('a replica that is Dead once more is asked again what it lacks, before it is Active', async () => {
  await using stack = new AsyncDisposableStack();
  const metadata = new MetadataReplica({ log: new MemoryMetadataLog(), ...around });
  const worker = new ScriptedWorker();
  const host = new ReplicaHost({
    ...around,
    ...{ peer: SELF, metadata, workers: 1 },
    reports: { publish: () => {}, subscribe: () => ({ [Symbol.dispose]: () => {} }) },
    startWorker: (_index, events) => worker.start(events),
  });
  const stop = new AbortController();
  const running = [metadata.run(stop.signal), host.run(stop.signal)];
  stack.defer(async () => {
    stop.abort();
    await Promise.all(running);
  });
  for (const peer of [SELF, OTHER]) {
    const member = { peer, uri: `http://127.0.0.1:${peer}`, version: '1', featureLevel: 1 };
    await metadata.propose(() => ({ kind: 'peerJoined', ...member }), stop.signal);
  }
  const shards = [{ id: address.shard, peers: [SELF, OTHER] }];
  await metadata.propose(
    () => ({ kind: 'collectionCreated', id: address.collection, name: 'c', config, shards }),
    stop.signal,
  );
  const change = (peer: typeof SELF, from: ReplicaState, to: ReplicaState) =>
    metadata.propose(
      () => ({ kind: 'replicaStatesChanged', changes: [{ ...address, peer, from, to }] }),
      stop.signal,
    );
  const state = () =>
    metadata.state.collections.get('c')?.shards.get(address.shard)?.replicas.get(SELF);
  await change(OTHER, 'Initializing', 'Active');
  await until('it is asked', () => worker.catchUps.length === 1);
  await change(SELF, 'Initializing', 'Active');
  await change(SELF, 'Active', 'Dead');
  worker.catchUps[0]?.();
  await until('it is asked again', () => worker.catchUps.length === 2 || state() === 'Active');
  assert.equal(state(), 'Dead');
  worker.catchUps[1]?.();
  await until('Active', () => state() === 'Active');
});
