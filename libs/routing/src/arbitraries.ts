// Generated shard maps for property tests: ids are seldom their positions.

import { type ShardMap, shardId } from '@tributary/model';
import fc from 'fast-check';

export const shardIds = fc.uniqueArray(fc.nat(1_000).map(shardId), { minLength: 1, maxLength: 12 });

export const shardMaps: fc.Arbitrary<ShardMap> = fc
  .record({ generation: fc.integer({ min: 1, max: 9 }), ids: shardIds })
  .map(({ generation, ids }) => ({ generation, keys: new Map([[null, ids]]) }));
