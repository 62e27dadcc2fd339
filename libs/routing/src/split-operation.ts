// Splits what a client asked for by shard: points and ids go to the shard of their id; what is by filter, an index or a
// name of vectors concerns every shard and is one part for all of them.
//
// Invariant: the parts together are the operation; each point stands in the part of its own shard.

import { ALL_SHARDS, type PointOperation, type ShardId, type WritePart } from '@tributary/model';
import { atOnce, type Steps } from '@tributary/runtime';
import { shardOfPoint } from './shard-of-point.ts';

/** At most one part for each shard it touches, or one for all; none where the operation names no point. */
export function splitOperation(operation: PointOperation, shardNumber: number): WritePart[] {
  return atOnce(splitSteps(operation, shardNumber));
}

export function* splitSteps(operation: PointOperation, shardNumber: number): Steps<WritePart[]> {
  switch (operation.kind) {
    case 'upsert': {
      const groups = yield* groupSteps(operation.points, (point) => point.id, shardNumber);
      return partsOf(groups, (points) => ({ ...operation, points }));
    }
    case 'updateVectors': {
      const groups = yield* groupSteps(operation.points, (point) => point.id, shardNumber);
      return partsOf(groups, (points) => ({ ...operation, points }));
    }
    case 'createFieldIndex':
    case 'deleteFieldIndex':
    case 'createVectorName':
    case 'deleteVectorName':
      return [{ shard: ALL_SHARDS, operations: [operation] }];
    default: {
      const { selector } = operation;
      if (selector.kind === 'filter') return [{ shard: ALL_SHARDS, operations: [operation] }];
      const groups = yield* groupSteps(selector.ids, (id) => id, shardNumber);
      return partsOf(groups, (ids) => ({ ...operation, selector: { kind: 'ids', ids } }));
    }
  }
}

function partsOf<T>(
  groups: ReadonlyMap<ShardId, T>,
  operationOf: (group: T) => PointOperation,
): WritePart[] {
  return [...groups].map(([shard, group]) => ({ shard, operations: [operationOf(group)] }));
}

/** Keeps the order within a shard. */
export function groupByShard<T>(
  items: readonly T[],
  idOf: (item: T) => Parameters<typeof shardOfPoint>[0],
  shardNumber: number,
): ReadonlyMap<ShardId, readonly T[]> {
  return atOnce(groupSteps(items, idOf, shardNumber));
}

function* groupSteps<T>(
  items: readonly T[],
  idOf: (item: T) => Parameters<typeof shardOfPoint>[0],
  shardNumber: number,
): Steps<ReadonlyMap<ShardId, readonly T[]>> {
  const groups = new Map<ShardId, T[]>();
  for (const item of items) {
    const shard = shardOfPoint(idOf(item), shardNumber);
    const group = groups.get(shard);
    if (group === undefined) groups.set(shard, [item]);
    else group.push(item);
    yield undefined;
  }
  return groups;
}
