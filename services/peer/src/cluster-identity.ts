// Whose peer this is. Three keep the cluster's id: the data folder, the NATS servers (a bucket beside META) and META's
// first event. A peer goes on only where they agree, so that it never folds, or drops replicas by, another cluster's
// log.
//
//   nothing known ──► NATS is claimed ──► META begins with the founding ──► the folder keeps the id
//
// Each step leaves a state that the next start goes on from; of peers that found at once the first to claim NATS wins.

import { type Metadata, type MetadataLog, readClusterId } from '@tributary/metadata';
import { type ClusterId, clusterId } from '@tributary/model';
import { type Random, TributaryError } from '@tributary/runtime';

/** What each of the three says; undefined where it says nothing. */
export interface ClusterIds {
  readonly folder: ClusterId | undefined;
  readonly nats: ClusterId | undefined;
  readonly meta: ClusterId | undefined;
}

export interface ClusterIdentityOptions {
  readonly log: MetadataLog;
  readonly nats: {
    read(): Promise<ClusterId | undefined>;
    claim(id: ClusterId): Promise<ClusterId>;
  };
  readonly folder: { readonly path: string; readonly clusterId: ClusterId | undefined };
  readonly random: Random;
}

/** The id of the cluster to enter. Errors: `precondition_failed` where the three differ; those of asking NATS. */
export async function agreeOnCluster(
  { log, nats, folder, random }: ClusterIdentityOptions,
  signal: AbortSignal,
): Promise<ClusterId> {
  const isEmpty = (await log.lastSequence()) === 0;
  const meta = await readClusterId(log, signal);
  if (meta === undefined && !isEmpty) throw unfounded();
  // NATS after META: what is founded meanwhile was claimed before.
  const ids = { folder: folder.clusterId, nats: await nats.read(), meta };
  const problem = clusterIdProblem(ids, folder.path);
  if (problem !== undefined) throw new TributaryError('precondition_failed', problem);
  return ids.nats ?? (await nats.claim(newClusterId(random)));
}

/**
 * Makes the founding META's first event, unless it is that already. Errors: those of proposing; `precondition_failed`.
 */
export async function foundCluster(
  metadata: Metadata,
  id: ClusterId,
  signal: AbortSignal,
): Promise<void> {
  const state = await metadata.propose(
    ({ sequence }) => (sequence === 0 ? { kind: 'clusterFounded', clusterId: id } : undefined),
    signal,
  );
  if (state.clusterId === id) return;
  throw new TributaryError(
    'precondition_failed',
    `META is of ${named(state.clusterId)}, the NATS servers of cluster ${id}: ${RESTORED}`,
  );
}

const RESTORED = 'restore both from one backup';

/**
 * Which of the three differs, and what to do, in one line; undefined where they agree or a cluster is being founded.
 */
export function clusterIdProblem(ids: ClusterIds, path: string): string | undefined {
  const { folder, nats, meta } = ids;
  if (folder !== undefined && folder !== nats && folder !== meta) {
    const there = nats === meta ? named(nats) : `${named(nats)}, and META of ${named(meta)}`;
    return (
      `data folder ${path} belongs to another cluster: it is of cluster ${folder}, ` +
      `the NATS servers are of ${there}; check --nats-url, or start with an empty data folder`
    );
  }
  // META is empty for a moment after its servers were claimed; a folder keeps an id only after that.
  const isBeingFounded = meta === undefined && folder === undefined;
  if (nats === meta || isBeingFounded) return undefined;
  const known = folder === undefined ? '' : ` (data folder ${path} is of cluster ${folder})`;
  return (
    `META is of ${named(meta)}, but bucket META_SNAPSHOT beside it of ${named(nats)}${known}: ` +
    RESTORED
  );
}

function named(id: ClusterId | undefined): string {
  return id === undefined ? 'no cluster' : `cluster ${id}`;
}

function unfounded(): TributaryError {
  return new TributaryError(
    'precondition_failed',
    'META does not begin with the founding of a cluster: an earlier version wrote it; ' +
      'start with empty data folders and NATS servers without streams',
  );
}

/** A UUID of version 4. */
function newClusterId(random: Random): ClusterId {
  const hex = random.id();
  const variant = '89ab'[random.integer(4)];
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`];
  return clusterId([...parts, `${variant}${hex.slice(17, 20)}`, hex.slice(20)].join('-'));
}
