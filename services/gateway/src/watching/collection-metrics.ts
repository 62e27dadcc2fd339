// Collections and their replicas as metrics. Points, vectors, builds and queues are those of this peer's replicas;
// states and applied sequences are of all replicas, as this peer knows them. Pure.

import type { CollectionState, MetadataState } from '@tributary/metadata';
import type { CollectionId, PeerId, ShardId } from '@tributary/model';
import {
  type MetricFamily,
  type MetricLabels,
  type MetricSample,
  untyped,
} from '@tributary/runtime';
import type { AppliedReplica, VectorIndexInfo } from '@tributary/wire';
import type { ReplicaDifference } from '../cluster/cut-comparison.ts';
import type { LocalReplica } from '../replicas/local-replicas.ts';

export interface CollectionMetricsInput {
  readonly state: MetadataState;
  readonly local: readonly LocalReplica[];
  readonly differences: readonly ReplicaDifference[];
  /** What the replica last reported; undefined where it was never heard of. */
  readonly reported: (
    collection: CollectionId,
    shard: ShardId,
    peer: PeerId,
  ) => AppliedReplica | undefined;
  /** How the name of a collection or of a vector is shown. */
  readonly shown: (name: string) => string;
}

export function collectionFamilies(input: CollectionMetricsInput): MetricFamily[] {
  return [
    untyped('collections_total', 'Collections', input.state.collections.size),
    ...contentFamilies(input),
    ...stateFamilies(input),
    ...progressFamilies(input),
    ...replicaFamilies(input),
  ];
}

function contentFamilies({ local, shown }: CollectionMetricsInput): MetricFamily[] {
  const byCollection = grouped(local);
  const vectors = new Map<string, { readonly labels: MetricLabels; value: number; rest: number }>();
  let total = 0;
  for (const { collection, info } of local) {
    for (const [name, index] of Object.entries(info.vectorIndexes)) {
      const key = `${collection.id}/${name}`;
      const labels = { id: shown(collection.name), vector: name === '' ? '' : shown(name) };
      const counted = vectors.get(key) ?? { labels, value: 0, rest: 0 };
      counted.value += index.vectors;
      counted.rest += index.excluded;
      vectors.set(key, counted);
      total += index.vectors;
    }
  }
  const counted = [...vectors.values()];
  return [
    perCollection(
      'collection_points',
      "Points of this peer's replicas",
      byCollection,
      shown,
      (of) => sum(of, ({ info }) => info.pointsCount),
    ),
    untyped('collections_vector_total', "Vectors of this peer's replicas", total),
    family('collection_vectors', "Vectors of this peer's replicas, by their name", counted),
    family(
      'collection_indexed_only_excluded_points',
      'Points that a search with indexed_only leaves out: many that no graph covers yet',
      counted.map(({ labels, rest }) => ({ labels, value: rest })),
    ),
  ];
}

function stateFamilies({ state, differences, shown }: CollectionMetricsInput): MetricFamily[] {
  const collections = [...state.collections.values()];
  const labelled = (measured: (collection: CollectionState) => number) =>
    collections.map((each) => ({ labels: { id: shown(each.name) }, value: measured(each) }));
  return [
    family(
      'collection_active_replicas_min',
      'Active replicas of the shard that has the fewest',
      labelled((each) => Math.min(...activeOf(each))),
    ),
    family(
      'collection_active_replicas_max',
      'Active replicas of the shard that has the most',
      labelled((each) => Math.max(...activeOf(each))),
    ),
    family(
      'tributary_collection_differing_shards',
      'Shards whose replicas had different content at the last cut that two of them reported',
      labelled(({ id }) => differences.filter(({ collection }) => collection === id).length),
    ),
    family(
      'collection_dead_replicas',
      'Replicas that are Dead',
      labelled(({ shards }) =>
        sum([...shards.values()], ({ replicas }) => count(replicas.values(), 'Dead')),
      ),
    ),
  ];
}

function progressFamilies({ local, shown }: CollectionMetricsInput): MetricFamily[] {
  const byCollection = grouped(local);
  const builds = (which: (index: VectorIndexInfo) => boolean) => (of: readonly LocalReplica[]) =>
    sum(of, ({ info }) => Object.values(info.vectorIndexes).filter(which).length);
  const each = (name: string, help: string, measured: (of: readonly LocalReplica[]) => number) =>
    perCollection(name, help, byCollection, shown, measured);
  return [
    each(
      'collection_running_optimizations',
      'Graphs that this peer is building',
      builds(({ build }) => build === 'running'),
    ),
    each(
      'tributary_collection_waiting_builds',
      'Graphs that wait to be built at this peer: for their turn, or to be tried again',
      builds(({ build }) => build === 'queued' || build === 'wanted'),
    ),
    each(
      'tributary_collection_failed_builds',
      'Indexes of this peer whose last graph could not be built',
      builds(({ buildError }) => buildError !== undefined),
    ),
    each(
      'collection_update_queue_length',
      "Entries in the stream that this peer's replicas have not applied, as of their last look at it",
      (of) => sum(of, ({ info }) => info.queuedEntries),
    ),
  ];
}

function replicaFamilies({ state, local, reported, shown }: CollectionMetricsInput) {
  const applied: MetricSample[] = [];
  const durable: MetricSample[] = [];
  const lag: MetricSample[] = [];
  for (const { id, name, shards } of state.collections.values()) {
    for (const { id: shard, replicas } of shards.values()) {
      const known = [...replicas.keys()].flatMap((peer) => {
        const replica = reported(id, shard, peer);
        return replica === undefined ? [] : [{ peer, ...replica }];
      });
      const newest = Math.max(...known.map(({ appliedSequence }) => appliedSequence));
      for (const { peer, appliedSequence, coveredSequence, durableSequence } of known) {
        const labels = { id: shown(name), shard, peer };
        const hasUpTo = Math.max(appliedSequence, coveredSequence ?? 0);
        applied.push({ labels, value: appliedSequence });
        lag.push({ labels, value: Math.max(0, newest - hasUpTo) });
        if (durableSequence !== undefined) durable.push({ labels, value: durableSequence });
      }
    }
  }
  const ofLocal = (measured: (replica: LocalReplica) => number): MetricSample[] =>
    local.map((replica) => ({ labels: labelsOf(replica, shown), value: measured(replica) }));
  const memory = local.flatMap((replica) =>
    Object.entries(memoryOf(replica)).map(([part, value]) => {
      return { labels: { ...labelsOf(replica, shown), part }, value };
    }),
  );
  return [
    family('tributary_replica_applied_sequence', 'Last sequence a replica announced', applied),
    family(
      'tributary_replica_durable_sequence',
      'Sequence up to which what a replica applied survives a power loss',
      durable,
    ),
    family(
      'tributary_replica_lag_sequences',
      'Sequences by which a replica is behind the one of its shard that is furthest',
      lag,
    ),
    family(
      'tributary_replica_halted',
      'Whether a replica of this peer has stopped applying',
      ofLocal(({ info }) => (info.halted === undefined ? 0 : 1)),
    ),
    family(
      'tributary_replica_age_seconds',
      'How old what is said here of a replica of this peer is: above 1 its thread is busy',
      ofLocal(({ ageMs }) => ageMs / 1_000),
    ),
    family('tributary_replica_memory_bytes', 'Memory of a replica of this peer, by part', memory),
  ];
}

function memoryOf({ info }: LocalReplica): Readonly<Record<string, number>> {
  const indexes = Object.values(info.vectorIndexes);
  return {
    vectors: sum(indexes, ({ rowBytes }) => rowBytes),
    graphs: sum(indexes, ({ graphBytes }) => graphBytes),
    payload_indexes: info.payloadIndexBytes,
    point_table: info.tableBytes,
  };
}

function labelsOf({ collection, shard }: LocalReplica, shown: (name: string) => string) {
  return { id: shown(collection.name), shard: shard.id };
}

type Grouped = ReadonlyMap<CollectionState, readonly LocalReplica[]>;

function grouped(local: readonly LocalReplica[]): Grouped {
  return Map.groupBy(local, ({ collection }) => collection);
}

function perCollection(
  name: string,
  help: string,
  groups: Grouped,
  shown: (name: string) => string,
  measured: (of: readonly LocalReplica[]) => number,
): MetricFamily {
  const samples = [...groups].map(([collection, of]) => {
    return { labels: { id: shown(collection.name) }, value: measured(of) };
  });
  return family(name, help, samples);
}

function family(name: string, help: string, samples: readonly MetricSample[]): MetricFamily {
  return { name, help, type: 'gauge', samples };
}

function activeOf({ shards }: CollectionState): number[] {
  return [...shards.values()].map(({ replicas }) => count(replicas.values(), 'Active'));
}

function count(states: Iterable<string>, wanted: string): number {
  let found = 0;
  for (const state of states) if (state === wanted) found++;
  return found;
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
