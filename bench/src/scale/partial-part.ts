// Writes that wait, beside a replica that is Partial, as while a transfer fills it: while it keeps up, and while it
// stands still. Each is compared with the writes of the same client just before and just after, with every replica
// Active.

import { MetadataReplica } from '@tributary/metadata';
import type { ReplicaState } from '@tributary/model';
import { type PeerId, peerId } from '@tributary/model';
import { connectNats, JetStreamMetadataLog } from '@tributary/nats';
import { seededRandom, silentLogger, systemClock, systemRandom } from '@tributary/runtime';
import { pointsFor } from './bench-points.ts';
import { allActive } from './cluster-client.ts';
import type { PartContext } from './part-context.ts';
import { timed } from './timed.ts';

export interface PartialResult {
  /** Median of a `wait=true` write, with every replica Active. */
  readonly withoutMs: number;
  /** With a Partial replica that keeps up, and with one that stands still. */
  readonly besideMs: number;
  readonly besideStillMs: number;
  /** The worse of the two, to without. */
  readonly ratio: number;
}

const COLLECTION = 'waits';
const WRITES = 400;
const WARM_UP = 200;

export async function runPartial({ cluster, client, seed }: PartContext): Promise<PartialResult> {
  const [first, , last] = cluster.peers;
  if (first === undefined || last === undefined) throw new Error('a cluster has peers');
  await client.create(COLLECTION, { shards: 1, replicas: 3 });
  const random = seededRandom(seed);
  let next = 0;
  const medianOf = async (writes: number): Promise<number> => {
    const times: number[] = [];
    for (let i = 0; i < writes; i++) {
      const points = pointsFor(random, next++, 1);
      times.push(await timed(() => client.write(COLLECTION, points)));
    }
    return times.toSorted((a, b) => a - b)[writes >>> 1] ?? 0;
  };
  const { peer } = await client.cluster(COLLECTION, last.url);
  const turn = async (...states: readonly ReplicaState[]) => {
    await changeStates(cluster.natsUrls, peerId(peer), states);
    const newest = states.at(-1);
    await client.until(COLLECTION, first.url, (replicas) =>
      replicas.some((each) => each.peer === peer && each.state === newest),
    );
  };
  await medianOf(WARM_UP);
  const before = await medianOf(WRITES);
  // Stopped, it cannot say that it is Active before it is Partial.
  last.pause();
  await turn('Recovery', 'Partial');
  const besideStillMs = await medianOf(WRITES);
  last.resume();
  await medianOf(WARM_UP);
  const besideMs = await medianOf(WRITES);
  await turn('Active');
  await client.until(COLLECTION, first.url, allActive);
  const after = await medianOf(WRITES);
  const withoutMs = (before + after) / 2;
  return {
    withoutMs,
    besideMs,
    besideStillMs,
    ratio: Math.max(besideMs, besideStillMs) / withoutMs,
  };
}

/** Of the peer's only replica, one after the other. */
async function changeStates(
  urls: readonly string[],
  peer: PeerId,
  states: readonly ReplicaState[],
): Promise<void> {
  const surroundings = { clock: systemClock, random: systemRandom, logger: silentLogger };
  const connection = await connectNats({ urls, name: 'bench', ...surroundings });
  const stop = new AbortController();
  const log = new JetStreamMetadataLog(connection);
  const metadata = new MetadataReplica({ log, ...surroundings });
  const running = metadata.run(stop.signal);
  try {
    for (const to of states) {
      await metadata.sync(stop.signal);
      await metadata.propose(({ collections }) => {
        for (const { id: collection, shards } of collections.values()) {
          for (const [shard, { replicas }] of shards) {
            const from = replicas.get(peer);
            if (from === undefined) continue;
            return {
              kind: 'replicaStatesChanged',
              changes: [{ collection, shard, peer, from, to }],
            };
          }
        }
        throw new Error('the peer has no replica');
      }, stop.signal);
    }
  } finally {
    stop.abort();
    await running;
    await connection.close();
  }
}
