import assert from 'node:assert/strict';
import test from 'node:test';
import { MetadataReplica } from '@tributary/metadata';
import { MemoryMetadataLog } from '@tributary/metadata/memory';
import { type ClusterId, clusterId, peerId, sequence } from '@tributary/model';
import { seededRandom, silentLogger, systemClock } from '@tributary/runtime';
import { agreeOnCluster, clusterIdProblem, foundCluster } from './cluster-identity.ts';

const FOREVER = new AbortController().signal;
const [ONE, TWO, THREE] = ['1', '2', '3'].map((n) =>
  clusterId(`0000000${n}-0000-4000-8000-000000000000`),
);

/** The bucket of NATS in memory. */
class MemoryClusterId {
  id: ClusterId | undefined;

  async read() {
    return this.id;
  }

  async claim(id: ClusterId) {
    this.id ??= id;
    return this.id;
  }
}

test('the one of the three that differs is named, with what to do', () => {
  const problem = (folder: ClusterId | undefined, nats?: ClusterId, meta?: ClusterId) =>
    clusterIdProblem({ folder, nats, meta }, '/data') ?? '';
  assert.equal(problem(ONE, ONE, ONE), '');
  assert.equal(problem(undefined, ONE, ONE), '');
  assert.equal(problem(undefined), '', 'all is new');
  assert.equal(problem(undefined, ONE), '', 'being founded');

  const ofFolder = /^data folder \/data belongs to another cluster: .*--nats-url/;
  for (const found of [problem(ONE, TWO, TWO), problem(ONE), problem(ONE, TWO, THREE)]) {
    assert.match(found, ofFolder);
  }
  assert.match(problem(ONE, TWO, undefined), ofFolder);
  assert.match(problem(undefined, ONE, TWO), /^META is of cluster 00000002.* of cluster 00000001/);
  assert.match(problem(undefined, undefined, TWO), /beside it of no cluster: restore both/);
  assert.match(problem(ONE, ONE), /^META is of no cluster, .*data folder \/data is of cluster 0/);
  assert.match(problem(ONE, ONE, TWO), /^META is of cluster 00000002/);
  assert.match(problem(ONE, TWO, ONE), /beside it of cluster 00000002/);
});

test('peers that found a cluster at once agree on one id, which META begins with', async () => {
  const log = new MemoryMetadataLog();
  const nats = new MemoryClusterId();
  const stop = new AbortController();
  const entered = await Promise.all(
    [1, 2, 3].map(async (seed) => {
      const random = seededRandom(seed);
      const around = { clock: systemClock, random, logger: silentLogger };
      const folder = { path: `/data${seed}`, clusterId: undefined };
      const id = await agreeOnCluster({ log, nats, folder, random }, FOREVER);
      const metadata = new MetadataReplica({ log, ...around });
      const running = metadata.run(stop.signal);
      await foundCluster(metadata, id, FOREVER);
      return { id, metadata, running };
    }),
  );
  assert.equal(new Set(entered.map(({ id }) => id)).size, 1);
  for (const { id, metadata } of entered) assert.equal(metadata.state.clusterId, id);
  assert.equal(await log.lastSequence(), 1);
  stop.abort();
  await Promise.all(entered.map(({ running }) => running));
});

test('a peer of one cluster does not enter another, whichever of the two is further', async () => {
  const random = seededRandom(1);
  const log = new MemoryMetadataLog();
  const nats = new MemoryClusterId();
  const enter = (id: ClusterId | undefined) =>
    agreeOnCluster({ log, nats, folder: { path: '/data', clusterId: id }, random }, FOREVER);
  await assert.rejects(enter(ONE), { code: 'precondition_failed' });
  assert.equal(nats.id, undefined, 'a refused peer claims nothing');
  const founded = await enter(undefined);
  await log.append({ kind: 'clusterFounded', clusterId: founded }, sequence(0));
  assert.equal(await enter(founded), founded);
  assert.equal(await enter(undefined), founded);
  await assert.rejects(enter(ONE), { code: 'precondition_failed' });
});

test('a META that no founding begins is refused', async () => {
  const log = new MemoryMetadataLog();
  const joined = {
    kind: 'peerJoined',
    peer: peerId(1),
    uri: 'http://one:1',
    version: '1',
    featureLevel: 1,
  } as const;
  await log.append(joined, sequence(0));
  const folder = { path: '/data', clusterId: undefined };
  const entering = agreeOnCluster(
    { log, nats: new MemoryClusterId(), folder, random: seededRandom(1) },
    FOREVER,
  );
  await assert.rejects(entering, /earlier version/);
});
