// The metrics of a peer under Qdrant's names, and under `tributary_` those that Qdrant has no name for. They keep
// Prometheus' rules, as `promtool check metrics` has them. Pure but for what the peer's other parts look up.

import type { PeerId, Sequence } from '@tributary/model';
import type { ClusterView, QuotasView } from '@tributary/qdrant-api';
import {
  counter,
  expositionText,
  gauge,
  type MetricFamily,
  type Metrics,
  untyped,
} from '@tributary/runtime';
import type { RequestMeter } from '../limits/request-meter.ts';
import type { WriteWatch } from '../writes/write-watch.ts';
import { type CollectionMetricsInput, collectionFamilies } from './collection-metrics.ts';
import type { SlowLog } from './slow-log.ts';

export interface MetricsPageInput extends CollectionMetricsInput {
  readonly version: string;
  /** Of the peer's other parts. */
  readonly metrics: Metrics;
  readonly cluster: ClusterView;
  readonly meter: RequestMeter;
  readonly watch: WriteWatch;
  readonly slowLog: SlowLog | undefined;
  readonly quotas: QuotasView;
  readonly isAlive: (peer: PeerId) => boolean;
  /** Up to where a peer has folded META; undefined where it never said. */
  readonly metadataSequenceOf: (peer: PeerId) => Sequence | undefined;
  /** Undefined while this peer is not cut off from the log. */
  readonly cutOffMs: number | undefined;
  /** Tell requests by their collection instead of all together. */
  readonly perCollection: boolean;
}

/** In Prometheus' text format. */
export function metricsText(input: MetricsPageInput): string {
  const { cluster, meter, perCollection, shown, metrics } = input;
  const families = [
    ...ownFamilies(input),
    ...clusterFamilies(cluster),
    ...collectionFamilies(input),
    ...peerFamilies(input),
    ...meter.families({ perCollection, shown }),
    ...metrics.families(),
  ];
  return expositionText(families, metrics.prefix);
}

function ownFamilies(input: MetricsPageInput): MetricFamily[] {
  const { version, meter, watch, slowLog, quotas, cutOffMs = 0 } = input;
  return [
    gauge('app_info', 'Name and version', 1, { name: 'tributary', version }),
    gauge('app_status_recovery_mode', 'Always 0: there is no such mode', 0),
    gauge(
      'tributary_cut_off_seconds',
      'How long this peer has been cut off from the log; 0 while it is not',
      cutOffMs / 1_000,
    ),
    quotaFamily(quotas),
    gauge('tributary_requests_in_flight', 'Requests that are being answered', meter.inFlight),
    gauge(
      'tributary_answer_bytes',
      'What large answers hold until they are made and taken',
      meter.answerBytes.held,
    ),
    counter(
      'tributary_slow_requests_total',
      'Requests that took longer than service.slow_query_secs',
      slowLog?.total ?? 0,
    ),
    {
      name: 'tributary_append_duration_seconds',
      help: 'Time from handing a write over to the stream to its receipt, in seconds',
      type: 'histogram',
      samples: watch.appends.histogram({}),
    },
  ];
}

/** Without a limit there is no sample: an alert that can never fire would look like one that has not. */
function quotaFamily({ self }: QuotasView): MetricFamily {
  const { residentMemory, diskUsage } = self.exceeded;
  const samples = [
    { labels: { resource: 'resident_memory' }, value: residentMemory },
    { labels: { resource: 'disk_usage' }, value: diskUsage },
  ].flatMap(({ labels, value }) => (value === undefined ? [] : [{ labels, value: value ? 1 : 0 }]));
  const help = 'Whether this peer is at a quota, and writes to its replicas are refused';
  return { name: 'quota_exceeded', help, type: 'gauge', samples };
}

function peerFamilies({ state, isAlive, metadataSequenceOf }: MetricsPageInput): MetricFamily[] {
  const of = (name: string, help: string, measured: (peer: PeerId) => number | undefined) => {
    const samples = [...state.peers.keys()].flatMap((peer) => {
      const value = measured(peer);
      return value === undefined ? [] : [{ labels: { peer }, value }];
    });
    return { name, help, type: 'gauge' as const, samples };
  };
  return [
    of('tributary_peer_responsive', 'Whether a peer was heard of lately, and is asked', (peer) =>
      isAlive(peer) ? 1 : 0,
    ),
    of(
      'tributary_peer_metadata_sequence',
      'Sequence of the last event of META that a peer has reported to have folded',
      metadataSequenceOf,
    ),
  ];
}

function clusterFamilies(view: ClusterView): MetricFamily[] {
  const { consensus } = view;
  const isWorking = consensus.kind === 'working';
  return [
    gauge('cluster_enabled', 'Always 1', 1),
    untyped('cluster_peers_total', 'Peers of the cluster', view.peers.size),
    gauge('cluster_term', "Term of the coordinator's lease", view.term),
    gauge(
      'cluster_commit',
      'Sequence of the last event of META that this peer has folded',
      view.commit,
    ),
    untyped(
      'cluster_pending_operations_total',
      'Changes to the metadata that this peer has proposed and not seen decided',
      view.pendingOperations,
    ),
    gauge('cluster_voter', 'Always 1: every peer may propose', view.isVoter ? 1 : 0),
    gauge(
      'cluster_working_state',
      'Whether the consensus beneath the metadata answers',
      isWorking ? 1 : 0,
    ),
    ...(isWorking
      ? [
          gauge(
            'cluster_last_update_timestamp_seconds',
            'When the metadata last changed here',
            consensus.lastUpdateMs / 1_000,
          ),
        ]
      : []),
  ];
}
