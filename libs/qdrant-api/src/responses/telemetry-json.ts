// The result of GET /telemetry: what this process has done since its start.

import type { JsonObject, JsonValue } from '@tributary/model';
import { stringifyJson } from '@tributary/model';
import { consensusJson, isoTime } from './cluster-json.ts';
import { paramsJson } from './collection-json.ts';
import type {
  ClusterView,
  CollectionView,
  PlacementView,
  ResponseTally,
  TelemetryView,
} from './view.ts';

export function writeTelemetry(view: TelemetryView): string {
  const collections = view.collections?.map(collectionTelemetry);
  return stringifyJson({
    id: view.id,
    app: {
      name: 'tributary',
      version: view.version,
      startup: isoTime(view.startedAtMs),
    },
    collections: {
      number_of_collections: view.collectionsCount,
      ...(collections !== undefined && { collections }),
    },
    cluster: clusterTelemetry(view.cluster),
    requests: {
      rest: { responses: responsesJson(view.rest) },
      grpc: { responses: responsesJson(view.grpc) },
    },
    memory: {
      active_bytes: view.residentBytes,
      allocated_bytes: view.residentBytes,
      metadata_bytes: 0,
      resident_bytes: view.residentBytes,
      retained_bytes: 0,
    },
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
  const peers = [...cluster.peers].map(([peer, uri]) => {
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

function collectionTelemetry(view: CollectionView): JsonObject {
  return {
    vectors: view.indexedVectorsCount,
    optimizers_status: view.optimizerError === undefined ? 'ok' : { error: view.optimizerError },
    params: paramsJson(view.config),
  };
}

function clusterTelemetry(view: ClusterView): JsonObject {
  return {
    enabled: true,
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
    peers: Object.fromEntries([...view.peers].map(([peer, uri]) => [peer, { uri }])),
  };
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
    min_duration_micros: micros(minSec),
    max_duration_micros: micros(maxSec),
    total_duration_micros: micros(totalSec),
  };
}
