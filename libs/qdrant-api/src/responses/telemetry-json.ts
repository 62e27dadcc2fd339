// The results of GET /telemetry, what this process has done since its start and holds, and of GET /cluster/telemetry.

import type { JsonObject, JsonValue } from '@tributary/model';
import { stringifyJson } from '@tributary/model';
import { consensusJson, isoTime } from './cluster-json.ts';
import { collectionConfigJson, paramsJson } from './collection-json.ts';
import { quotaTelemetryJson } from './quotas-json.ts';
import type {
  ClusterView,
  CollectionTelemetryView,
  LocalShardTelemetryView,
  PlacementView,
  ResponseTally,
  ShardTelemetryView,
  TelemetryView,
} from './view.ts';

/**
 * From level 1 on the collections are reported, from 2 on one by one, from 3 on their replicas here, from 4 on each
 * graph.
 */
export function writeTelemetry(view: TelemetryView, detailsLevel: number): string {
  const told = detailsLevel < 1 ? undefined : view.collections;
  const tell = detailsLevel < 2 ? aggregatedTelemetry : fullTelemetry(detailsLevel);
  return stringifyJson({
    id: view.id,
    app: {
      name: 'tributary',
      version: view.version,
      startup: isoTime(view.startedAtMs),
    },
    collections: {
      number_of_collections: view.collections.length,
      ...(told !== undefined && { collections: told.map(tell) }),
    },
    cluster: clusterTelemetry(view.cluster, detailsLevel),
    requests: {
      rest: requestsJson(view.rest, view.restByCollection),
      grpc: requestsJson(view.grpc, view.grpcByCollection),
    },
    memory: {
      active_bytes: view.memory.activeBytes,
      allocated_bytes: view.memory.allocatedBytes,
      metadata_bytes: view.memory.metadataBytes,
      resident_bytes: view.memory.residentBytes,
      retained_bytes: view.memory.retainedBytes,
    },
    quota: quotaTelemetryJson(view.quotas),
  });
}

/** The result of GET /cluster/telemetry. */
export function writeClusterTelemetry(view: PlacementView, cluster: ClusterView): string {
  const collections = view.collections.map(({ name, shards }) => {
    const told = shards.map(({ id, replicas }) => ({
      id,
      replicas: [...replicas].map(([peer, state]) => ({ peer_id: peer, state })),
    }));
    return [name, { id: name, shards: told, reshardings: [], shard_transfers: [] }] as const;
  });
  const peers = [...cluster.peers].map(([peer, { uri }]) => {
    return [peer, { uri, responsive: view.responsivePeers.has(peer) }] as const;
  });
  return stringifyJson({
    collections: Object.fromEntries(collections),
    cluster: {
      enabled: true,
      number_of_peers: cluster.peers.size,
      peers: Object.fromEntries(peers),
    },
  });
}

function aggregatedTelemetry({ config, shards }: CollectionTelemetryView): JsonObject {
  const local = shards.flatMap((shard) => shard.local ?? []);
  const failed = local.find(({ optimizerError }) => optimizerError !== undefined);
  return {
    vectors: local.reduce((sum, each) => sum + vectorsOf(each), 0),
    optimizers_status: optimizersStatus(failed?.optimizerError),
    params: paramsJson(config),
  };
}

function fullTelemetry(detailsLevel: number) {
  return ({ name, config, shards }: CollectionTelemetryView): JsonObject => ({
    id: name,
    config: collectionConfigJson(config),
    shards: shards.map((shard) => shardTelemetry(shard, detailsLevel)),
    transfers: [],
    resharding: [],
  });
}

function shardTelemetry({ id, self, replicas, local }: ShardTelemetryView, level: number) {
  const remote = [...replicas.keys()].filter((peer) => peer !== self);
  return {
    id,
    local: local === undefined || level < 3 ? null : localShard(local, level),
    remote: remote.map((peer) => ({ shard_id: id, peer_id: peer })),
    replicate_states: Object.fromEntries(replicas),
  };
}

function localShard(local: LocalShardTelemetryView, level: number): JsonObject {
  const byName = local.vectors.map(({ name, vectors }) => [name, vectors] as const);
  const leftOut = local.vectors.map(({ name, excluded }) => [name, excluded] as const);
  return {
    variant_name: 'tributary replica',
    status: local.status,
    total_optimized_points: local.vectors.reduce((sum, { indexed }) => sum + indexed, 0),
    vectors_size_bytes: local.vectorsBytes,
    num_points: local.pointsCount,
    num_vectors: vectorsOf(local),
    num_vectors_by_name: Object.fromEntries(byName),
    indexed_only_excluded_vectors: Object.fromEntries(leftOut),
    optimizations: {
      status: optimizersStatus(local.optimizerError),
      optimizations: { count: 0 },
    },
    update_queue: { length: local.queuedEntries },
    ...(level >= 4 && { applied_sequence: local.appliedSequence, graphs: graphsOf(local) }),
  };
}

/** Qdrant's segments hold points and vectors both; graphs are what there is of them here. */
function graphsOf({ vectors }: LocalShardTelemetryView): JsonObject[] {
  return vectors.map(({ name, segments, rowBytes, graphBytes, build }) => ({
    vector: name,
    points: [...segments],
    row_bytes: rowBytes,
    graph_bytes: graphBytes,
    build,
  }));
}

function vectorsOf({ vectors }: LocalShardTelemetryView): number {
  return vectors.reduce((sum, each) => sum + each.vectors, 0);
}

function optimizersStatus(error: string | undefined): JsonValue {
  return error === undefined ? 'ok' : { error };
}

function clusterTelemetry(view: ClusterView, detailsLevel: number): JsonObject {
  if (detailsLevel < 1) return { enabled: true };
  return {
    enabled: true,
    ...(view.clusterId !== undefined && { cluster_id: view.clusterId }),
    ...(view.featureLevel !== undefined && { feature_level: view.featureLevel }),
    status: {
      number_of_peers: view.peers.size,
      term: view.term,
      commit: view.commit,
      pending_operations: view.pendingOperations,
      role: view.role ?? null,
      is_voter: view.isVoter,
      peer_id: view.peerId,
      consensus_thread_status: { ...consensusJson(view.consensus) },
    },
    ...(detailsLevel >= 2 && {
      peers: Object.fromEntries([...view.peers].map(([peer, { uri }]) => [peer, { uri }])),
    }),
  };
}

function requestsJson(
  all: readonly ResponseTally[],
  byCollection: ReadonlyMap<string, readonly ResponseTally[]> | undefined,
): JsonObject {
  const responses = responsesJson(all);
  if (byCollection === undefined) return { responses };
  const each = [...byCollection].map(([name, tallies]) => [name, responsesJson(tallies)] as const);
  return { responses, per_collection_responses: Object.fromEntries(each) };
}

/** By endpoint, then by status. */
function responsesJson(tallies: readonly ResponseTally[]): JsonObject {
  const endpoints: Record<string, Record<string, JsonValue>> = {};
  for (const tally of tallies) {
    const ofEndpoint = endpoints[tally.endpoint] ?? {};
    endpoints[tally.endpoint] = ofEndpoint;
    ofEndpoint[tally.status] = tallyJson(tally);
  }
  return endpoints;
}

function tallyJson({ count, totalSec, minSec, maxSec }: ResponseTally): JsonObject {
  const micros = (seconds: number) => Math.round(seconds * 1e6);
  return {
    count,
    avg_duration_micros: count === 0 ? 0 : micros(totalSec / count),
    min_duration_micros: count === 0 ? 0 : micros(minSec),
    max_duration_micros: micros(maxSec),
    total_duration_micros: micros(totalSec),
  };
}
