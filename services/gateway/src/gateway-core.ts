// What the endpoints are made of: one object a concern.

import type { Embedder } from '@tributary/embedding';
import type { ClusterView, VersionView } from '@tributary/qdrant-api';
import type { CollectionNames } from './cluster/collection-names.ts';
import type { CollectionViews } from './collections/collection-views.ts';
import type { Collections } from './collections/collections.ts';
import type { VectorNames } from './collections/vector-names.ts';
import type { Quotas } from './quotas/quotas.ts';
import type { PointsReader } from './reads/points-reader.ts';
import type { StrictMode } from './strict-mode/strict-mode.ts';
import type { OperatorViews } from './watching/operator-views.ts';
import type { PointsWriter } from './writes/points-writer.ts';

export interface GatewayCore {
  readonly version: VersionView;
  readonly names: CollectionNames;
  readonly collections: Collections;
  readonly views: CollectionViews;
  readonly reader: PointsReader;
  readonly writer: PointsWriter;
  readonly embedder: Embedder;
  readonly strict: StrictMode;
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
