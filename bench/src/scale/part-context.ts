// What a part of the suite runs on.

import type { ProcessCluster } from '@tributary/infra';
import type { ClusterClient } from './cluster-client.ts';

export interface PartContext {
  readonly cluster: ProcessCluster;
  readonly client: ClusterClient;
  readonly seed: number;
}
