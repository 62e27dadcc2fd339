// The points of one bucket, step by step. All points are walked over, as they stand in the order of ids and not in that
// of buckets; so the thread does other work in between. The walk is of the state at its beginning, whatever is
// committed meanwhile.

import { pointIdToBytes } from '@tributary/model';
import { bucketOf, type ReplicaStore, type StoredDigest } from '@tributary/storage';
import type { BucketPoints } from '@tributary/wire';

/** Of points looked at: a few milliseconds. */
const STEP_POINTS = 1_000;

export function* bucketSteps(
  store: Pick<ReplicaStore, 'state' | 'scanDigests'>,
  bucket: number,
): Generator<BucketPoints> {
  const { appliedSequence } = store.state;
  let points: StoredDigest[] = [];
  let looked = 0;
  for (const point of store.scanDigests()) {
    if (bucketOf(pointIdToBytes(point.id)) === bucket) points.push(point);
    looked++;
    if (looked % STEP_POINTS > 0) continue;
    yield { appliedSequence, points };
    points = [];
  }
  yield { appliedSequence, points };
}
