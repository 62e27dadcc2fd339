// In which points of a bucket two replicas differ. Pure.
//
// Each list is of the state of its replica at the time it was asked, and one may have applied more than the other. A
// record that the lesser of the two sequences has is as it was there, and so can be compared; one that was changed
// since cannot, nor whether a point was deleted since that the other still has.

import type { PointId } from '@tributary/model';
import type { BucketPoints, PointDigest } from '@tributary/wire';

/** Only those that certainly differ, in no order. */
export function differingPoints(a: BucketPoints, b: BucketPoints): PointId[] {
  const common = Math.min(a.appliedSequence, b.appliedSequence);
  const [ofA, ofB] = [byId(a), byId(b)];
  const isAt = (point: PointDigest) => point.version <= common;
  const differing: PointId[] = [];
  for (const [id, point] of ofA) {
    const other = ofB.get(id);
    if (!isAt(point)) continue;
    if (other === undefined) {
      if (b.appliedSequence === common) differing.push(id);
    } else if (isAt(other) && Buffer.compare(point.digest, other.digest) !== 0) differing.push(id);
  }
  for (const [id, point] of ofB) {
    if (!ofA.has(id) && isAt(point) && a.appliedSequence === common) differing.push(id);
  }
  return differing;
}

function byId({ points }: BucketPoints): ReadonlyMap<PointId, PointDigest> {
  return new Map(points.map((point) => [point.id, point]));
}
