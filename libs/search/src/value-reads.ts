// Reads that go by payload values or by chance instead of scores: orders, facets, samples.

import { hasOffset, offsetsOf, type PayloadIndexes, type PointTable } from '@tributary/index';
import {
  compareFacetValues,
  type ExactNumber,
  type FacetHit,
  type FacetQuery,
  floatValue,
  type OrderBy,
  type OrderValue,
  type PointId,
  pointOffset,
  sampleHash,
} from '@tributary/model';
import { assert, TributaryError } from '@tributary/runtime';
import { FirstOf } from './first-of.ts';
import type { Selection } from './selection.ts';

export interface OrderedPoint {
  readonly id: PointId;
  readonly orderValue: OrderValue;
}

/**
 * The first `limit` points by a payload value, a point once for each value it has; equal values in id order. Errors:
 * `bad_request` where the field has no index in order.
 */
export function orderedPoints(
  orderBy: OrderBy,
  limit: number,
  sources: {
    readonly table: PointTable;
    readonly payloadIndexes: PayloadIndexes;
    readonly selection: Selection | undefined;
  },
): OrderedPoint[] {
  const { table, payloadIndexes, selection } = sources;
  const { key, direction, startFrom } = orderBy;
  const pairs = payloadIndexes.inOrder(key, direction, startFrom);
  if (pairs === undefined) {
    throw new TributaryError(
      'bad_request',
      `No range index for \`order_by\` key: \`${key}\`. Create an integer, float or datetime index on it first.`,
    );
  }
  const points: OrderedPoint[] = [];
  if (limit <= 0) return points;
  const isOfFloats = payloadIndexes.indexOf(key)?.type === 'float';
  // All points may have one value.
  const tied = new FirstOf<number>(limit, (a, b) => table.compareIds(a, b));
  let value: ExactNumber = Number.NaN;
  const takeTied = () => {
    for (const offset of tied.take().slice(0, limit - points.length)) {
      const id = idAt(table, offset);
      points.push({ id, orderValue: isOfFloats ? floatValue(Number(value)) : value });
    }
  };
  for (const pair of pairs) {
    if (selection !== undefined && !hasOffset(selection.offsets, pair.offset)) continue;
    if (pair.value !== value) {
      takeTied();
      if (points.length >= limit) return points;
      // Zero has two doubles, which are one number.
      value = pair.value === 0 ? 0 : pair.value;
    }
    tied.offer(pair.offset);
  }
  takeTied();
  return points;
}

/**
 * Most frequent first, equal counts by value. Errors: `bad_request` where the field has no index that counts values.
 */
export function facetHits(
  query: FacetQuery,
  payloadIndexes: PayloadIndexes,
  selection: Selection | undefined,
): FacetHit[] {
  const counts = payloadIndexes.facet(query.key, selection?.offsets);
  if (counts === undefined) {
    throw new TributaryError(
      'bad_request',
      `No appropriate index for faceting: \`${query.key}\`. Create a keyword, integer, bool or uuid index on it first.`,
    );
  }
  const first = new FirstOf<FacetHit>(
    Math.max(0, query.limit),
    (a, b) => b.count - a.count || compareFacetValues(a.value, b.value),
  );
  for (const [value, count] of counts) {
    if (count >= (first.last?.count ?? 0)) first.offer({ value, count });
  }
  return first.take();
}

/**
 * `limit` of the offsets at random. Who is taken follows from the seed and the ids alone, so replicas that hold the
 * same points take the same ones.
 */
export function sampledOffsets(
  offsets: Uint32Array,
  table: PointTable,
  limit: number,
  seed: number,
): number[] {
  if (limit <= 0) return [];
  const first = new FirstOf<{ readonly hash: number; readonly offset: number }>(
    limit,
    (a, b) => a.hash - b.hash || table.compareIds(a.offset, b.offset),
  );
  for (const offset of offsetsOf(offsets)) {
    const hash = sampleHash(idAt(table, offset), seed);
    if (hash <= (first.last?.hash ?? Infinity)) first.offer({ hash, offset });
  }
  return first.take().map(({ offset }) => offset);
}

function idAt(table: PointTable, offset: number): PointId {
  const id = table.idAt(pointOffset(offset));
  assert(id !== undefined, 'an offset in an index stands for a point');
  return id;
}
