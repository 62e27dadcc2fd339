// Replicas of three peers are cut again and again while clients write: what each keeps of every cut is compared. Stores
// keep their newest cuts, so all peers are killed now and then, their stores read, and started again.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PeerProcess, ProcessCluster } from '@tributary/infra';
import { ALL_SHARDS, collectionId, FIRST_GENERATION } from '@tributary/model';
import { connectNats, JetStreamWriteStreams } from '@tributary/nats';
import { createRocksReplicaStores } from '@tributary/rocks';
import { seededRandom, silentLogger, systemClock, systemRandom } from '@tributary/runtime';
import { CUTS_KEPT } from '@tributary/storage';
import { encodeEntry } from '@tributary/wire';
import { pointsFor } from './bench-points.ts';
import type { ClusterClient } from './cluster-client.ts';
import type { PartContext } from './part-context.ts';

export interface CutsResult {
  /** Cuts that all three replicas of a shard passed. */
  readonly equal: number;
  readonly differing: number;
  readonly points: number;
  readonly requests: number;
}

const COLLECTION = 'cut';
const SHARDS = 2;
const ROUNDS = 2;
const CUTS_PER_ROUND = CUTS_KEPT - 4;
const CUT_EVERY_MS = 250;
const WRITERS = 3;
const IDS = 3_000;
const POINTS_AT_ONCE = 5;

export async function runCuts(context: PartContext): Promise<CutsResult> {
  const { cluster, client } = context;
  await client.create(COLLECTION, { shards: SHARDS, replicas: cluster.peers.length });
  const cuts: Cuts = new Map();
  let requests = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const stop = new AbortController();
    const writing = Array.from({ length: WRITERS }, (_, writer) =>
      write(client, context.seed + WRITERS * round + writer, writer, stop.signal),
    );
    await cutOften(cluster);
    stop.abort();
    requests += (await Promise.all(writing)).reduce((sum, each) => sum + each, 0);
    await readCuts(cluster, cuts);
    for (const peer of cluster.peers) await peer.start();
  }
  const passed = [...cuts.values()].flatMap((of) => [...of.values()]);
  const byAll = passed.filter((kept) => kept.size === cluster.peers.length);
  const equal = byAll.filter((kept) => new Set(kept.values()).size === 1).length;
  const counts = byAll.flatMap((kept) =>
    [...kept.values()].map((text) => Number.parseInt(text, 10)),
  );
  const points = Math.max(...counts);
  return { equal, differing: byAll.length - equal, points, requests };
}

/** What each peer has of a cut, by store and sequence. */
type Cuts = Map<string, Map<number, Map<PeerProcess, string>>>;

/** Upserts, deletes and updates by filter, to the peer of this number, until the signal aborts; how many requests. */
async function write(
  client: ClusterClient,
  seed: number,
  peer: number,
  signal: AbortSignal,
): Promise<number> {
  const random = seededRandom(seed);
  const path = `/collections/${COLLECTION}/points`;
  let requests = 0;
  for (; !signal.aborted; requests++) {
    const from = random.integer(IDS);
    const filter = { must: [{ key: 'n', match: { value: random.integer(POINTS_AT_ONCE) } }] };
    if (requests % 10 === 8) {
      await client.send('POST', `${path}/payload`, { payload: { seen: requests }, filter }, peer);
    } else if (requests % 10 === 9) {
      await client.send('POST', `${path}/delete`, { points: [from, from + 1] }, peer);
    } else {
      await client.write(COLLECTION, pointsFor(random, from, POINTS_AT_ONCE), peer);
    }
  }
  return requests;
}

async function cutOften(cluster: ProcessCluster): Promise<void> {
  const surroundings = { clock: systemClock, logger: silentLogger };
  const connection = await connectNats({ urls: cluster.natsUrls, name: 'bench', ...surroundings });
  try {
    const streams = new JetStreamWriteStreams({ connection, replicas: 3 });
    const [store = ''] = storesOf(cluster.peers[0]);
    const collection = collectionId(store.slice(store.indexOf('-') + 1));
    const stream = streams.open(collection, FIRST_GENERATION);
    for (let cut = 0; cut < CUTS_PER_ROUND; cut++) {
      await sleep(CUT_EVERY_MS);
      const messageId = systemRandom.id();
      const entry = {
        operationId: messageId,
        timeMs: systemClock.nowMs(),
        operations: [],
        isCut: true,
      };
      await stream.append([{ shard: ALL_SHARDS, messageId, data: encodeEntry(entry) }]);
    }
  } finally {
    await connection.close();
  }
}

/** Kills the peers, and adds what each store has of every cut. */
async function readCuts(cluster: ProcessCluster, cuts: Cuts): Promise<void> {
  for (const peer of cluster.peers) peer.kill();
  await Promise.all(cluster.peers.map(({ ended }) => ended));
  for (const peer of cluster.peers) {
    const folder = join(peer.folder, 'replicas');
    const stores = createRocksReplicaStores({ folder, logger: silentLogger });
    for (const name of storesOf(peer)) {
      await using store = await stores.open(name);
      const ofStore = cuts.get(name) ?? new Map<number, Map<PeerProcess, string>>();
      cuts.set(name, ofStore);
      for (const { sequence, pointsCount, appliedCount, contentHash } of store.cuts) {
        const kept = ofStore.get(sequence) ?? new Map<PeerProcess, string>();
        ofStore.set(sequence, kept.set(peer, `${pointsCount} ${appliedCount} ${contentHash}`));
      }
    }
  }
}

function storesOf(peer: PeerProcess | undefined): string[] {
  return peer === undefined ? [] : readdirSync(join(peer.folder, 'replicas'));
}
