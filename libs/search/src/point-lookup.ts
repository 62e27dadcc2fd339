// What a read needs to know of the points of a replica: which offset stands for which id. `PointTable` of libs/index is one.

import type { OffsetSet } from '@tributary/index';
import type { PointId, PointOffset, Sequence } from '@tributary/model';

export interface PointLookup {
  /** The offset that stands for the point now; undefined where there is no such point. */
  resolve(id: PointId): PointOffset | undefined;
  /** Throws or gives undefined for an offset that stands for no point. */
  idAt(offset: PointOffset): PointId | undefined;
  versionAt(offset: PointOffset): Sequence | undefined;
  /** The offsets that stand for a point. */
  readonly live: OffsetSet;
}
