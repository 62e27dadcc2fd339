// Reads one replica of a shard directly, past the routing that would pick another one.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PeerProcess } from '@tributary/infra';
import { collectionId, isDense, type PointId, peerId, shardId } from '@tributary/model';
import { PeerConnection } from '@tributary/peer-link';
import type { CallOf } from '@tributary/replica-api';
import { systemClock, TributaryError } from '@tributary/runtime';
import type { ReplicaAnswers, ReplicaCallKind } from '@tributary/wire';
import type { HeldPoint } from './history.ts';

/** A replica as `GET /collections/{name}/cluster` lists it. */
export interface ReplicaPlace {
  readonly collection: string;
  readonly shard: number;
  readonly peer: PeerProcess;
  readonly state: string;
}

const PAGE = 2_000;
const ANSWER_WITHIN_MS = 90_000;

/** Every replica of the collection, which is the one with the most replicas on these peers. */
export async function placesOf(
  peers: readonly PeerProcess[],
  name: string,
): Promise<ReplicaPlace[]> {
  const id = collectionIdOf(peers);
  const places = peers.map(async (peer) => {
    const response = await fetch(`${peer.url}/collections/${name}/cluster`);
    const { result } = JSON.parse(await response.text());
    return result.local_shards.map((shard: { shard_id: number; state: string }) => ({
      collection: id,
      shard: shard.shard_id,
      peer,
      state: shard.state,
    }));
  });
  return (await Promise.all(places)).flat();
}

/** A store's folder is named `<shard>-<collection id>`; folders of dropped collections may still be there. */
function collectionIdOf(peers: readonly PeerProcess[]): string {
  const folders = peers.flatMap((peer) => readdirSync(join(peer.folder, 'replicas')));
  const counts = new Map<string, number>();
  for (const folder of folders) {
    const id = folder.slice(folder.indexOf('-') + 1);
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  const [most] = [...counts].sort((a, b) => b[1] - a[1]);
  if (most === undefined) throw new Error('there is no replica');
  return most[0];
}

/** A point as a replica holds it. */
export interface HeldRecord {
  readonly key: number;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly vector: readonly number[];
}

/** All points of the replica, of those whose payload says which value was written. */
export async function pointsOf(place: ReplicaPlace): Promise<HeldPoint[]> {
  const records = await recordsOf(place);
  return records.map(({ key, payload, vector }) => ({ key, value: Number(payload.value), vector }));
}

/** All points of the replica. */
export async function recordsOf(place: ReplicaPlace): Promise<HeldRecord[]> {
  const held: HeldRecord[] = [];
  let offset: PointId | undefined;
  for (;;) {
    const page = await ask<'scroll'>(place, {
      kind: 'scroll',
      query: {
        limit: PAGE,
        projection: { payload: { kind: 'all' }, vectors: { kind: 'all' } },
        ...(offset === undefined ? {} : { offset }),
      },
    });
    for (const { id, payload, vectors } of page) {
      if (id === offset && held.length > 0) continue;
      const vector = vectors?.[''];
      assert.ok(vector !== undefined && isDense(vector), 'every point has its dense vector');
      const fields = JSON.parse(Buffer.from(payload ?? []).toString());
      held.push({ key: Number(id), payload: fields, vector: [...vector] });
    }
    if (page.length < PAGE) return held;
    offset = page.at(-1)?.id;
  }
}

/** The state of the replica with its content hash recomputed from every record. */
export function verified(place: ReplicaPlace): Promise<ReplicaAnswers['verify']> {
  return ask<'verify'>(place, { kind: 'verify' });
}

export function infoOf(place: ReplicaPlace): Promise<ReplicaAnswers['info']> {
  return ask<'info'>(place, { kind: 'info' });
}

/** Waits for a replica that is opening or catching up. */
async function ask<K extends ReplicaCallKind>(
  place: ReplicaPlace,
  call: CallOf<K>,
): Promise<ReplicaAnswers[K]> {
  const deadline = performance.now() + ANSWER_WITHIN_MS;
  for (;;) {
    try {
      return await askOnce<K>(place, call);
    } catch (error) {
      const isUnavailable = error instanceof TributaryError && error.code === 'unavailable';
      if (!isUnavailable || performance.now() > deadline) throw error;
    }
    await sleep(100);
  }
}

async function askOnce<K extends ReplicaCallKind>(
  place: ReplicaPlace,
  call: CallOf<K>,
): Promise<ReplicaAnswers[K]> {
  const target = { collection: collectionId(place.collection), shard: shardId(place.shard) };
  const connection = new PeerConnection({
    // For the texts of errors only; which id the peer at this address has is not known here.
    peer: peerId(1),
    uri: `http://${place.peer.p2pAddress}`,
    clock: systemClock,
    callTimeoutMs: ANSWER_WITHIN_MS,
  });
  try {
    return await connection.call<K>(target, call);
  } finally {
    connection.close();
  }
}
