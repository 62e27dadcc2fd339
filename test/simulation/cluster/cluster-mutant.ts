// A bug planted into every simulated peer, at the ports of its parts.

import type { LeaseStore, Metadata, MetadataLog } from '@tributary/metadata';
import type { FromWorker, ToWorker } from '@tributary/replica';
import type { AppliedReports } from '@tributary/replica-api';
import type { ReplicaStore } from '@tributary/storage';
import type { WriteStreams } from '@tributary/stream';

type Wrap<T> = (inner: T) => T;

export interface ClusterMutant {
  /** What goes wrong, as a sentence about the product. */
  readonly name: string;
  /** META as the peer appends to it and follows it. */
  readonly log?: Wrap<MetadataLog>;
  readonly leases?: Wrap<LeaseStore>;
  /** The folded metadata, as the part that is named sees it. */
  readonly hostMetadata?: Wrap<Metadata>;
  readonly coordinatorMetadata?: Wrap<Metadata>;
  readonly gatewayMetadata?: Wrap<Metadata>;
  /** The streams as the gateway and the writer of cuts append to them. */
  readonly appended?: Wrap<WriteStreams>;
  /** The streams as the replicas follow them. */
  readonly followed?: Wrap<WriteStreams>;
  readonly reports?: Wrap<AppliedReports>;
  readonly store?: Wrap<ReplicaStore>;
  /** A message to the replicas' thread; what it returns is passed on, and `answer` goes back instead. */
  readonly toWorker?: (
    message: ToWorker,
    answer: (message: FromWorker) => void,
  ) => ToWorker | undefined;
  readonly fromWorker?: Wrap<FromWorker>;
  /** Entries of any feature level go into the log. */
  readonly hasNoGate?: boolean;
}
