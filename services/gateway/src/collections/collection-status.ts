// The status of a collection by what its replicas say. Pure.

import type { CollectionStatus } from '@tributary/qdrant-api';
import type { ReplicaInfo } from '@tributary/wire';

/** What a replica says that its status follows from. */
export type StatusFacts = Pick<ReplicaInfo, 'vectorIndexes' | 'halted'>;

export interface StatusView {
  readonly status: CollectionStatus;
  /** What failed; absent while nothing did. */
  readonly optimizerError?: string;
}

export function statusOfReplica(info: StatusFacts): StatusView {
  return statusOf([info]);
}

/**
 * red: replicas differ, one has halted, or a graph could not be built; yellow: graphs are built; grey: some wait to be.
 */
export function statusOf(infos: readonly StatusFacts[], difference?: string): StatusView {
  const indexes = infos.flatMap((info) => Object.values(info.vectorIndexes));
  const halted = infos.find((info) => info.halted !== undefined)?.halted;
  const failed = indexes.find(({ buildError }) => buildError !== undefined)?.buildError;
  const optimizerError = difference ?? halted ?? failed;
  if (optimizerError !== undefined) return { status: 'red', optimizerError };
  if (indexes.some(({ build }) => build === 'running')) return { status: 'yellow' };
  const waits = indexes.some(({ build }) => build !== 'idle');
  return { status: waits ? 'grey' : 'green' };
}
