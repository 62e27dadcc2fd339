// What both servers offer: one object a concern. REST and gRPC only translate.

import type { ClusterView, VersionView } from '@tributary/qdrant-api';
import type { CollectionNames } from './cluster/collection-names.ts';
import type { CollectionViews } from './collections/collection-views.ts';
import type { Collections } from './collections/collections.ts';
import type { VectorNames } from './collections/vector-names.ts';
import type { GivenWrites } from './embedding/embedded-writes.ts';
import type { Quotas } from './quotas/quotas.ts';
import type { PointReads } from './strict-mode/strict-access.ts';
import type { OperatorViews } from './watching/operator-views.ts';

export interface GatewayCore {
  readonly version: VersionView;
  readonly names: CollectionNames;
  readonly collections: Collections;
  readonly views: CollectionViews;
  readonly reader: PointReads;
  readonly writer: GivenWrites;
  readonly vectorNames: VectorNames;
  readonly quotas: Quotas;
  /** The cluster as this peer sees it. */
  readonly cluster: () => Promise<ClusterView>;
  /** Whether this peer's metadata and replicas are caught up; false while draining. */
  readonly isReady: () => Promise<boolean>;
  /** For how long this peer has been cut off from the log, in milliseconds; undefined where it is not, or hardly. */
  readonly cutOffMs: () => number | undefined;
  readonly operators: OperatorViews;
}
