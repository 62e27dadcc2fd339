// Finds the points of a filter update through the payload indexes.
//
// Invariant: the indexes stand for what the store holds, and a filter means under the schema asked for what it means to
// them; else they are not asked. So what they find is what a look at every stored payload would.

import { isDeepStrictEqual } from 'node:util';
import { countOfSet, offsetsOf, type PayloadIndexes, type PointTable } from '@tributary/index';
import { meaningfulIndexesOf, type PointId, pointOffset } from '@tributary/model';
import type { CandidateFinder } from '@tributary/replication';
import { assert } from '@tributary/runtime';

/** From this share of all points on, going through them in the order of the store is faster than one by one. */
const SHARE_MAX = 0.3;

export function createCandidateFinder(
  table: PointTable,
  payloadIndexes: PayloadIndexes,
): CandidateFinder {
  return {
    find(filter, schema) {
      // Another operation of the batch may have made or dropped an index that changes what a filter means.
      if (!isDeepStrictEqual(meaningfulIndexesOf(schema), payloadIndexes.meaningfulIndexes))
        return undefined;
      const selection = payloadIndexes.select(filter);
      if (selection === undefined) return undefined;
      const { offsets, isExact } = selection;
      if (!isExact && countOfSet(offsets) > SHARE_MAX * table.count) return undefined;
      return { ids: idsOf(table, offsets), isExact };
    },
  };
}

function* idsOf(table: PointTable, offsets: Uint32Array): Generator<PointId> {
  for (const offset of offsetsOf(offsets)) {
    const id = table.idAt(pointOffset(offset));
    assert(id !== undefined, 'an offset in an index stands for a point');
    yield id;
  }
}
