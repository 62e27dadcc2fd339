// Waits until every replica of a collection has applied what the stream holds and has the content of the others.

import { setTimeout as sleep } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { ProcessCluster } from '@tributary/infra';
import { infoOf, placesOf, type ReplicaPlace } from './replica-view.ts';

export interface ConvergenceOptions {
  readonly cluster: ProcessCluster;
  readonly collection: string;
  /** Over all shards. */
  readonly replicas: number;
  readonly withinMs: number;
}

const POLL_MS = 200;

/** Resolves to the replicas, all Active and alike. Throws with what differed last once the time is over. */
export async function converged(options: ConvergenceOptions): Promise<ReplicaPlace[]> {
  const deadline = performance.now() + options.withinMs;
  let problem = 'nothing was looked at';
  while (performance.now() < deadline) {
    try {
      const places = await placesOf(options.cluster.peers, options.collection);
      problem = await differenceIn(places, options);
      if (problem === '') return places;
    } catch (error) {
      problem = String(error);
    }
    await sleep(POLL_MS);
  }
  throw new Error(`the replicas did not converge: ${problem}`);
}

async function differenceIn(
  places: readonly ReplicaPlace[],
  { cluster, replicas }: ConvergenceOptions,
): Promise<string> {
  if (places.length !== replicas) return `${places.length} replicas`;
  const entries = await entriesOf(places[0]?.collection ?? '', cluster.natsUrls);
  const states = new Map<number, string>();
  for (const place of places) {
    if (place.state !== 'Active')
      return `shard ${place.shard} on ${place.peer.name}: ${place.state}`;
    const { appliedSequence, contentHash, appliedCount } = await infoOf(place);
    // A write that did not wait is acknowledged before any replica has applied it.
    const targets: readonly (number | string)[] = [place.shard, 'all'];
    const held = targets.reduce<number>(
      (sum, target) => sum + (entries[subjectOf(place.collection, target)] ?? 0),
      0,
    );
    if (appliedCount !== held) return `shard ${place.shard}: ${appliedCount} of ${held} entries`;
    const state = `${appliedSequence} ${appliedCount} ${contentHash}`;
    const other = states.get(place.shard);
    if (other !== undefined && other !== state) return `shard ${place.shard}: ${other} / ${state}`;
    states.set(place.shard, state);
  }
  return '';
}

/** Of a shard's entries, or of those for all shards. */
export function subjectOf(collection: string, target: number | string): string {
  return `wal.${collection}.1.${target}`;
}

/** How many entries the stream holds, by subject; none is purged here. */
async function entriesOf(
  collection: string,
  servers: string[],
): Promise<Readonly<Record<string, number>>> {
  const nats = await connect({ servers });
  try {
    const manager = await jetstreamManager(nats);
    const filter = { subjects_filter: subjectOf(collection, '*') };
    const { state } = await manager.streams.info(`wal-${collection}`, filter);
    return state.subjects ?? {};
  } finally {
    await nats.close();
  }
}
