// A bug planted on purpose in what a node of the simulation stands on.

import type { VectorIndex } from '@tributary/index';
import type { ReplicaStore } from '@tributary/storage';
import type { WriteStreams } from '@tributary/stream';

export interface Mutant {
  readonly name: string;
  readonly store?: (store: ReplicaStore) => ReplicaStore;
  readonly streams?: (streams: WriteStreams) => WriteStreams;
  readonly index?: () => VectorIndex;
}
