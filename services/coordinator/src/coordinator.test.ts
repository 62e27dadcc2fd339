import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { type LeaseStore, MetadataReplica } from '@tributary/metadata';
import { MemoryLeaseStore, MemoryMetadataLog } from '@tributary/metadata/memory';
import {
  COLLECTION_DEFAULTS,
  type CollectionConfig,
  collectionId,
  type PeerId,
  peerId,
  shardId,
} from '@tributary/model';
import { type AppliedReports, STUCK_MS } from '@tributary/replica-api';
import {
  type Clock,
  SimulatedClock,
  seededRandom,
  silentLogger,
  TributaryError,
} from '@tributary/runtime';
import { Coordinator } from './coordinator.ts';

const PEERS = [1, 2, 3].map(peerId);
const DEAD_AFTER_MS = 5_000;

const config: CollectionConfig = {
  ...COLLECTION_DEFAULTS,
  vectors: { '': { size: 4, distance: 'Dot' } },
  shardNumber: 2,
  replicationFactor: 2,
};

type Listener = Parameters<AppliedReports['subscribe']>[0];

/** Three peers with metadata and a coordinator each, two shards on peers {1, 2} and {2, 3}, all Active. */
class Cluster {
  readonly clock = new SimulatedClock();
  readonly leases: LeaseStore;
  readonly coordinators = new Map<PeerId, Coordinator>();
  readonly #log = new MemoryMetadataLog();
  readonly #listeners = new Set<Listener>();
  readonly #stops = new Map<PeerId, AbortController>();
  readonly #running: Promise<void>[] = [];
  readonly #talking = new Set<PeerId>(PEERS);
  readonly #busySinceMs = new Map<PeerId, number>();
  readonly metadata: MetadataReplica;

  constructor(wrapLeases: (store: LeaseStore) => LeaseStore = (store) => store) {
    this.leases = wrapLeases(new MemoryLeaseStore(this.clock));
    this.metadata = this.#replica();
  }

  async start(): Promise<void> {
    const all = new AbortController();
    this.#stops.set(peerId(99), all);
    this.#running.push(this.metadata.run(all.signal));
    const propose = (event: Parameters<typeof this.metadata.propose>[0]) =>
      this.metadata.propose(event, all.signal);
    for (const peer of PEERS) {
      await propose(() => ({
        kind: 'peerJoined',
        peer,
        uri: `http://p${peer}:1`,
        version: '1',
        featureLevel: 1,
      }));
    }
    const id = collectionId('c');
    const [one, two, three] = PEERS;
    assert.ok(one && two && three);
    const shards = [
      { id: shardId(0), peers: [one, two] },
      { id: shardId(1), peers: [two, three] },
    ];
    await propose(() => ({ kind: 'collectionCreated', id, name: 'c', config, shards }));
    for (const { id: shard, peers } of shards) {
      for (const peer of peers) {
        const change = { collection: id, shard, peer } as const;
        const active = { ...change, from: 'Initializing', to: 'Active' } as const;
        await propose(() => ({ kind: 'replicaStatesChanged', changes: [active] }));
      }
    }
  }

  coordinate(peer: PeerId, clock: Clock = this.clock): Coordinator {
    const stop = new AbortController();
    this.#stops.set(peer, stop);
    const metadata = this.#replica();
    const coordinator = new Coordinator({
      self: peer,
      metadata,
      leases: this.leases,
      reports: {
        publish: () => assert.fail('a coordinator reports nothing'),
        subscribe: (listener) => {
          this.#listeners.add(listener);
          return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
        },
      },
      clock,
      random: seededRandom(peer),
      logger: silentLogger,
      deadAfterMs: DEAD_AFTER_MS,
      featureLevel: 3,
    });
    this.#running.push(metadata.run(stop.signal), coordinator.run(stop.signal));
    this.coordinators.set(peer, coordinator);
    return coordinator;
  }

  async join(peer: PeerId, featureLevel: number): Promise<void> {
    const uri = `http://p${peer}:1`;
    const event = { kind: 'peerJoined', peer, uri, version: '2', featureLevel } as const;
    await this.metadata.propose(() => event, new AbortController().signal);
  }

  silence(peer: PeerId): void {
    this.#talking.delete(peer);
  }

  /** From now on its main thread does not turn, and its heartbeat says so. */
  occupy(peer: PeerId): void {
    this.#busySinceMs.set(peer, this.clock.monotonicMs());
  }

  stop(peer: PeerId): void {
    this.#stops.get(peer)?.abort();
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 250) {
      for (const peer of this.#talking) {
        const sinceMs = this.#busySinceMs.get(peer);
        const busyMs = sinceMs === undefined ? 0 : this.clock.monotonicMs() - sinceMs;
        for (const listener of this.#listeners) listener({ peer, replicas: [], busyMs });
      }
      await this.clock.advance(Math.min(250, ms - passed));
    }
  }

  /** `state` of each replica as `shard/peer`, in order. */
  replicas(): Record<string, string> {
    const shards = [...(this.metadata.state.collections.get('c')?.shards.values() ?? [])];
    return Object.fromEntries(
      shards.flatMap(({ id, replicas }) =>
        [...replicas].map(([peer, state]) => [`${id}/${peer}`, state] as const),
      ),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const stop of this.#stops.values()) stop.abort();
    await Promise.all(this.#running);
  }

  #replica(): MetadataReplica {
    return new MetadataReplica({
      log: this.#log,
      clock: this.clock,
      random: seededRandom(1),
      logger: silentLogger,
    });
  }
}

const ALL_ACTIVE = { '0/1': 'Active', '0/2': 'Active', '1/2': 'Active', '1/3': 'Active' };
const [ONE, TWO, THREE] = [peerId(1), peerId(2), peerId(3)];

function scenario(
  name: string,
  body: (cluster: Cluster, context: TestContext) => Promise<void>,
): void {
  test(name, { timeout: 120_000 }, async (context) => {
    await using cluster = new Cluster();
    await cluster.start();
    await body(cluster, context);
  });
}

scenario(
  'the replicas of a silent peer are Dead after the time given, not before',
  async (cluster) => {
    cluster.coordinate(ONE);
    await cluster.pass(2_000);
    cluster.silence(TWO);
    await cluster.pass(DEAD_AFTER_MS - 500);
    assert.deepEqual(cluster.replicas(), ALL_ACTIVE);
    await cluster.pass(2_000);
    assert.deepEqual(cluster.replicas(), { ...ALL_ACTIVE, '0/2': 'Dead', '1/2': 'Dead' });
  },
);

scenario('a busy peer stays Active, and one that is stuck does not', async (cluster) => {
  cluster.coordinate(ONE);
  await cluster.pass(2_000);
  cluster.occupy(TWO);
  await cluster.pass(STUCK_MS);
  assert.deepEqual(cluster.replicas(), ALL_ACTIVE);
  await cluster.pass(DEAD_AFTER_MS + 2_000);
  assert.deepEqual(cluster.replicas(), { ...ALL_ACTIVE, '0/2': 'Dead', '1/2': 'Dead' });
});

scenario('the last Active replica of a shard stays Active', async (cluster) => {
  cluster.coordinate(ONE);
  await cluster.pass(1_000);
  cluster.silence(TWO);
  cluster.silence(THREE);
  await cluster.pass(2 * DEAD_AFTER_MS);
  const replicas = cluster.replicas();
  assert.equal(replicas['0/2'], 'Dead');
  assert.deepEqual([replicas['1/2'], replicas['1/3']].sort(), ['Active', 'Dead']);
});

scenario(
  'one coordinator leads, and when it stops another does in a higher term',
  async (cluster) => {
    for (const peer of PEERS) cluster.coordinate(peer);
    await cluster.pass(1_000);
    const leaders = () => [...cluster.coordinators].filter(([, { isLeading }]) => isLeading);
    const [first] = leaders();
    assert.equal(leaders().length, 1);
    assert.ok(first);
    const term = first[1].lease?.term ?? 0;
    cluster.stop(first[0]);
    await cluster.pass(2_000);
    const [second] = leaders();
    assert.equal(leaders().length, 1);
    assert.ok(second && second[0] !== first[0]);
    assert.ok((second[1].lease?.term ?? 0) > term);
    assert.equal(second[1].lease?.holder, String(second[0]));
  },
);

scenario(
  'a peer that fell silent while there was no leader is found by the next leader',
  async (cluster) => {
    cluster.coordinate(ONE);
    cluster.coordinate(TWO);
    await cluster.pass(1_000);
    cluster.stop(ONE);
    cluster.silence(ONE);
    await cluster.pass(DEAD_AFTER_MS + 2_000);
    assert.deepEqual(cluster.replicas(), { ...ALL_ACTIVE, '0/1': 'Dead' });
  },
);

scenario('a coordinator that was paused declares no peer Dead on waking', async (cluster) => {
  let pausedMs = 0;
  const { clock } = cluster;
  cluster.coordinate(ONE, {
    nowMs: () => clock.nowMs() + pausedMs,
    monotonicMs: () => clock.monotonicMs() + pausedMs,
    sleep: (ms, signal) => clock.sleep(ms, signal),
    startTimer: (ms, action) => clock.startTimer(ms, action),
  });
  await cluster.pass(2_000);
  pausedMs = 60_000;
  // The reports of the pause are read a little after the timer fires.
  await clock.advance(600);
  await cluster.pass(5_000);
  assert.deepEqual(cluster.replicas(), ALL_ACTIVE);
});

test('the feature level is raised once every peer knows a higher one, to what all and the leader know', async () => {
  await using cluster = new Cluster();
  await cluster.start();
  cluster.coordinate(ONE);
  await cluster.join(ONE, 4);
  await cluster.join(TWO, 2);
  await cluster.pass(10_000);
  assert.equal(cluster.metadata.state.featureLevel, 1, 'one peer is of the old version');
  await cluster.join(THREE, 4);
  await cluster.pass(2_000);
  assert.equal(cluster.metadata.state.featureLevel, 2);
  await cluster.join(TWO, 4);
  await cluster.pass(2_000);
  assert.equal(cluster.metadata.state.featureLevel, 3);
});

test('a coordinator that was cut off gives the others time to be heard', async () => {
  let isCutOff = false;
  const cutOff = () => {
    if (isCutOff) throw new TributaryError('unavailable', 'no quorum');
  };
  await using cluster = new Cluster((store) => ({
    acquire: async (holder, ttlMs) => {
      cutOff();
      return store.acquire(holder, ttlMs);
    },
    current: () => store.current(),
    release: (holder) => store.release(holder),
  }));
  await cluster.start();
  cluster.coordinate(ONE);
  await cluster.pass(2_000);
  // All but out of time when the connection goes.
  await cluster.clock.advance(DEAD_AFTER_MS - 600);
  isCutOff = true;
  // No peer is heard for a long time, and none is declared Dead for it.
  await cluster.clock.advance(60_000);
  isCutOff = false;
  await cluster.clock.advance(DEAD_AFTER_MS - 500);
  assert.deepEqual(cluster.replicas(), ALL_ACTIVE);
  cluster.silence(TWO);
  await cluster.pass(DEAD_AFTER_MS + 3_000);
  assert.deepEqual(cluster.replicas(), { ...ALL_ACTIVE, '0/2': 'Dead', '1/2': 'Dead' });
});
