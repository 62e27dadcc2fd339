// Whose log it is: the id that its first event carries, or the newest stored fold once that event was let go of.

import { type ClusterId, type Sequence, sequence } from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import type { MetadataLog } from './metadata-log.ts';

const BEGINNING: Sequence = sequence(0);

/**
 * Undefined where the log is empty, or does not begin with the founding of a cluster.
 * Errors: those of reading the log.
 */
export async function readClusterId(
  log: MetadataLog,
  signal: AbortSignal,
): Promise<ClusterId | undefined> {
  while (true) {
    signal.throwIfAborted();
    const snapshot = await log.loadSnapshot();
    if (snapshot !== undefined) return snapshot.clusterId;
    if ((await log.lastSequence()) === 0) return undefined;
    try {
      return await firstClusterId(log, signal);
    } catch (error) {
      // A fold was stored since and the first event let go of: it is in the fold now.
      const isInSnapshot = error instanceof TributaryError && error.code === 'precondition_failed';
      if (!isInSnapshot) throw error;
    }
  }
}

async function firstClusterId(
  log: MetadataLog,
  signal: AbortSignal,
): Promise<ClusterId | undefined> {
  for await (const { event } of log.follow(BEGINNING, signal)) {
    return event.kind === 'clusterFounded' ? event.clusterId : undefined;
  }
  return undefined;
}
