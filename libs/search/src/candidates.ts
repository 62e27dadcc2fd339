// The points a page by id is taken from, in id order: streamed from the store, or fetched where an index named few.

import { countOfSet, hasOffset, offsetsOf, type PointTable } from '@tributary/index';
import { comparePointIds, type PointId, pointOffset } from '@tributary/model';
import { assert } from '@tributary/runtime';
import type { ReplicaStore, StoredPayload } from '@tributary/storage';
import type { FilterPlan } from './plan-filter.ts';

export interface CandidatesOptions {
  readonly store: ReplicaStore;
  readonly table: PointTable;
  readonly plan: FilterPlan;
  /** First id, inclusive. */
  readonly from: PointId | undefined;
  /** Points wanted. */
  readonly limit: number;
}

/** Naming and sorting a point costs about as much as this share of reading one. */
const SORT_COST = 0.2;

/** Every point from `from` on that the plan's filter can hold for. */
export function candidatesInOrder(options: CandidatesOptions): Iterable<StoredPayload> {
  const { store, table, plan, from, limit } = options;
  switch (plan.kind) {
    case 'listed':
      return fetched(store, plan.ids, from, limit);
    case 'table':
    case 'scan':
      return store.scanPayloads(from);
    case 'index':
    case 'narrow': {
      const { offsets } = plan.selection;
      const count = countOfSet(offsets);
      const streamed = Math.min(table.count, (limit * table.count) / Math.max(1, count));
      if (count * SORT_COST > streamed) return among(store.scanPayloads(from), table, offsets);
      return fetched(store, idsOf(table, offsets), from, limit);
    }
  }
}

function* fetched(
  store: ReplicaStore,
  ids: Iterable<PointId>,
  from: PointId | undefined,
  batch: number,
): Generator<StoredPayload> {
  const wanted = [...ids]
    .filter((id) => from === undefined || comparePointIds(id, from) >= 0)
    .sort(comparePointIds);
  for (let start = 0; start < wanted.length; start += batch) {
    for (const stored of store.getPayloads(wanted.slice(start, start + batch))) {
      if (stored !== undefined) yield stored;
    }
  }
}

function* among(
  all: Iterable<StoredPayload>,
  table: PointTable,
  offsets: Uint32Array,
): Generator<StoredPayload> {
  for (const stored of all) {
    const offset = table.resolve(stored.id);
    assert(offset !== undefined, 'a stored point has an offset');
    if (hasOffset(offsets, offset)) yield stored;
  }
}

function* idsOf(table: PointTable, offsets: Uint32Array): Generator<PointId> {
  for (const offset of offsetsOf(offsets)) {
    const id = table.idAt(pointOffset(offset));
    assert(id !== undefined, 'an offset in an index stands for a point');
    yield id;
  }
}
