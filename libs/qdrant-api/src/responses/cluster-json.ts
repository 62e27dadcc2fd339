// The cluster and the placement of a collection as REST tells them.

import type {
  ClusterView,
  CollectionClusterView,
  ConsensusGroupView,
  ConsensusView,
  SendFailureView,
} from './view.ts';

/** The result of GET /cluster. */
export function writeClusterStatus(view: ClusterView): string {
  return JSON.stringify({
    status: 'enabled',
    peer_id: view.peerId,
    // The state stands beside Qdrant's own field, which clients read by name.
    peers: Object.fromEntries(
      [...view.peers].map(([peer, { uri, state }]) => [peer, { uri, state }]),
    ),
    raft_info: {
      term: view.term,
      commit: view.commit,
      pending_operations: view.pendingOperations,
      leader: view.leader ?? null,
      role: view.role ?? null,
      is_voter: view.isVoter,
    },
    consensus_thread_status: consensusJson(view.consensus),
    message_send_failures: Object.fromEntries(
      [...view.sendFailures].map(([uri, failure]) => [uri, failureJson(failure)]),
    ),
    ...(view.consensusGroup !== undefined && { jetstream: groupJson(view.consensusGroup) }),
  });
}

/** Beside Qdrant's own fields, which clients read by name. */
function groupJson(view: ConsensusGroupView) {
  return {
    group: view.group ?? null,
    leader: view.leader ?? null,
    term: view.term ?? null,
    committed: view.committed ?? null,
    applied: view.applied ?? null,
    members: view.members.map(({ name, isLeader, isCurrent }) => ({
      name,
      role: isLeader ? 'Leader' : 'Follower',
      current: isCurrent,
    })),
  };
}

export function consensusJson(consensus: ConsensusView) {
  const { kind } = consensus;
  switch (kind) {
    case 'working':
      return { consensus_thread_status: kind, last_update: isoTime(consensus.lastUpdateMs) };
    case 'stopped':
      return { consensus_thread_status: kind };
    case 'stopped_with_err':
      return { consensus_thread_status: kind, err: consensus.error };
  }
}

function failureJson({ count, latestError, latestErrorMs }: SendFailureView) {
  const time = latestErrorMs === undefined ? undefined : isoTime(latestErrorMs);
  return { count, latest_error: latestError, latest_error_timestamp: time };
}

export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** The result of GET /collections/{name}/cluster. */
export function writeCollectionCluster(view: CollectionClusterView): string {
  return JSON.stringify({
    peer_id: view.peerId,
    shard_count: view.shardCount,
    local_shards: view.localShards.map(({ shardId, pointsCount, state }) => ({
      shard_id: shardId,
      points_count: pointsCount,
      state,
    })),
    remote_shards: view.remoteShards.map(({ shardId, peerId, state }) => ({
      shard_id: shardId,
      peer_id: peerId,
      state,
    })),
    shard_transfers: [],
  });
}
