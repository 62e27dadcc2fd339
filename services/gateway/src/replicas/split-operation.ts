// Splits what a client asked for by shard: points and ids go to the shard of their id, a filter, an index or a name goes to every shard.
//
// Invariant: the parts together are the operation; each point stands in the part of its own shard.

import type { PointOperation, PointSelector, ShardId } from '@tributary/model';
import { shardId } from '@tributary/model';
import { shardOfPoint } from '@tributary/routing';
import type { WritePart } from '@tributary/stream';

/** Parts of the touched shards, at most one a shard; none where the operation names no point. */
export function splitOperation(operation: PointOperation, shardNumber: number): WritePart[] {
  switch (operation.kind) {
    case 'upsert': {
      const groups = groupByShard(operation.points, (point) => point.id, shardNumber);
      return partsOf(groups, (points) => ({ ...operation, points }));
    }
    case 'updateVectors': {
      const groups = groupByShard(operation.points, (point) => point.id, shardNumber);
      return partsOf(groups, (points) => ({ ...operation, points }));
    }
    case 'createFieldIndex':
    case 'deleteFieldIndex':
    case 'createVectorName':
    case 'deleteVectorName':
      return partsOf(everyShard(operation, shardNumber), (same) => same);
    default:
      return partsOf(splitSelector(operation.selector, shardNumber), (selector) => ({
        ...operation,
        selector,
      }));
  }
}

function partsOf<T>(
  groups: ReadonlyMap<ShardId, T>,
  operationOf: (group: T) => PointOperation,
): WritePart[] {
  return [...groups].map(([shard, group]) => ({ shard, operations: [operationOf(group)] }));
}

function everyShard<T>(value: T, shardNumber: number): ReadonlyMap<ShardId, T> {
  return new Map(Array.from({ length: shardNumber }, (_, shard) => [shardId(shard), value]));
}

function splitSelector(
  selector: PointSelector,
  shardNumber: number,
): ReadonlyMap<ShardId, PointSelector> {
  if (selector.kind === 'filter') return everyShard(selector, shardNumber);
  const groups = groupByShard(selector.ids, (id) => id, shardNumber);
  return new Map([...groups].map(([shard, ids]) => [shard, { kind: 'ids', ids }]));
}

/** Keeps the order within a shard. */
export function groupByShard<T>(
  items: readonly T[],
  idOf: (item: T) => Parameters<typeof shardOfPoint>[0],
  shardNumber: number,
): ReadonlyMap<ShardId, readonly T[]> {
  const groups = new Map<ShardId, T[]>();
  for (const item of items) {
    const shard = shardOfPoint(idOf(item), shardNumber);
    const group = groups.get(shard);
    if (group === undefined) groups.set(shard, [item]);
    else group.push(item);
  }
  return groups;
}
