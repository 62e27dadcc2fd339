// Gauges that are looked up when somebody reads /metrics, under Qdrant's names.

import type { CollectionState, MetadataState } from '@tributary/metadata';
import type { Metrics } from '@tributary/runtime';
import type { GatewayCore } from './gateway-core.ts';

export interface GatewayGaugesOptions {
  readonly metrics: Metrics;
  readonly core: GatewayCore;
  readonly state: () => MetadataState;
}

/** Asking every shard of very many collections on each scrape would cost more than it tells. */
const COUNTED_COLLECTIONS_MAX = 100;

export function registerGauges({ metrics, core, state }: GatewayGaugesOptions): void {
  const { version } = core.version;
  metrics
    .gauge({ name: 'app_info', help: 'Name and version', labels: ['name', 'version'] })
    .set({ name: 'tributary', version }, 1);
  metrics.gauge({ name: 'cluster_enabled', help: 'Always 1' }).set(1);
  metrics.gauge({
    name: 'collections_total',
    help: 'Collections',
    collect: (gauge) => gauge.set(state().collections.size),
  });
  metrics.gauge({
    name: 'cluster_peers_total',
    help: 'Peers of the cluster',
    collect: (gauge) => gauge.set(state().peers.size),
  });
  metrics.gauge({
    name: 'cluster_commit',
    help: 'Sequence of the last event of META that this peer has folded',
    collect: (gauge) => gauge.set(state().sequence),
  });
  registerReplicaGauges(metrics, state);
  metrics.gauge({
    name: 'collection_points',
    help: 'Points of a collection',
    labels: ['id'],
    collect: async (gauge) => {
      gauge.reset();
      const collections = [...state().collections.values()].slice(0, COUNTED_COLLECTIONS_MAX);
      const counted = await Promise.allSettled(
        collections.map((collection) => core.views.info(collection)),
      );
      // A collection that cannot be read just now is left out rather than shown as empty.
      for (const [i, outcome] of counted.entries()) {
        const name = collections[i]?.name;
        if (outcome.status === 'fulfilled' && name !== undefined) {
          gauge.set({ id: name }, outcome.value.pointsCount);
        }
      }
    },
  });
}

function registerReplicaGauges(metrics: Metrics, state: () => MetadataState): void {
  const active = (collection: CollectionState) =>
    collection.shards.map((shard) => countReplicas(shard.replicas.values(), 'Active'));
  const perCollection = (
    name: string,
    help: string,
    value: (collection: CollectionState) => number,
  ) =>
    metrics.gauge({
      name,
      help,
      labels: ['id'],
      collect: (gauge) => {
        gauge.reset();
        for (const collection of state().collections.values()) {
          gauge.set({ id: collection.name }, value(collection));
        }
      },
    });
  perCollection(
    'collection_active_replicas_min',
    'Active replicas of the shard that has the fewest',
    (collection) => Math.min(...active(collection)),
  );
  perCollection(
    'collection_active_replicas_max',
    'Active replicas of the shard that has the most',
    (collection) => Math.max(...active(collection)),
  );
  perCollection('collection_dead_replicas', 'Replicas that are Dead', (collection) =>
    collection.shards.reduce(
      (sum, shard) => sum + countReplicas(shard.replicas.values(), 'Dead'),
      0,
    ),
  );
}

function countReplicas(states: Iterable<string>, wanted: string): number {
  let count = 0;
  for (const state of states) if (state === wanted) count++;
  return count;
}
