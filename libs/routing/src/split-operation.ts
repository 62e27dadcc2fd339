// Splits what a client asked for by shard: points and ids go to the shard of their id; what is by filter, an index or a
// name of vectors concerns every shard and is one part for all of them.
//
// Invariant: the parts together are the operation; each point stands in the part of its own shard.

import {
  ALL_SHARDS,
  type PointOperation,
  type ShardId,
  type ShardMap,
  type WritePart,
} from '@tributary/model';
import { atOnce, type Steps } from '@tributary/runtime';
import { groupSteps } from './shard-map.ts';

/** At most one part for each shard it touches, or one for all; none where the operation names no point. */
export function splitOperation(operation: PointOperation, map: ShardMap): WritePart[] {
  return atOnce(splitSteps(operation, map));
}

export function* splitSteps(operation: PointOperation, map: ShardMap): Steps<WritePart[]> {
  switch (operation.kind) {
    case 'upsert': {
      const groups = yield* groupSteps(operation.points, (point) => point.id, map);
      return partsOf(groups, (points) => ({ ...operation, points }));
    }
    case 'updateVectors': {
      const groups = yield* groupSteps(operation.points, (point) => point.id, map);
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
      const groups = yield* groupSteps(selector.ids, (id) => id, map);
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
