// A place in a list that is sorted best first, and the order of lists that this package makes.

import { comparePointIds, type PointId } from '@tributary/model';

export interface Ranked {
  readonly id: PointId;
  readonly score: number;
}

/** Higher scores first, equal ones in id order. */
export function compareRanked(a: Ranked, b: Ranked): number {
  return b.score - a.score || comparePointIds(a.id, b.id);
}
