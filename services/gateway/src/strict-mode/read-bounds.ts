// What a read asks as far as strict mode bounds it, by the kind of read.

import type {
  Filter,
  GroupsRequest,
  MatrixRequest,
  QueryRequest,
  QueryStage,
} from '@tributary/model';
import type { RetrieveRequest } from '@tributary/qdrant-api';
import { stagesOf } from '../reads/query-examples.ts';
import { costOfFiltered, costOfStages } from './request-cost.ts';
import { filtersOfStage } from './request-parts.ts';
import type { BoundedRead } from './strict-limits.ts';

const UNBOUNDED: BoundedRead = { limits: [], filters: [], stages: [], cost: 1 };

export function boundsOfQueries(requests: readonly QueryRequest[]): BoundedRead {
  return { ...boundsOfStages(requests), batchSize: requests.length };
}

export function boundsOfIds({ ids }: RetrieveRequest): BoundedRead {
  return { ...UNBOUNDED, cost: Math.max(1, ids.length) };
}

/** A whole tree of stages: the limit, filters and parameters of each. */
function boundsOfStages(stages: readonly QueryStage[]): BoundedRead {
  const all = stages.flatMap((stage) => [...stagesOf(stage)]);
  return {
    limits: all.map(({ limit }) => ['limit', limit] as const),
    filters: all.flatMap(filtersOfStage),
    stages: all,
    cost: costOfStages(all),
  };
}

/** Groups bring `limit` times `groupSize` points. */
export function boundsOfGroups({ query, groupSize, groupBy }: GroupsRequest): BoundedRead {
  const bounds = boundsOfStages([query]);
  return { ...bounds, limits: [...bounds.limits, ['limit', query.limit * groupSize]], groupBy };
}

interface Filtered {
  readonly filter?: Filter | undefined;
  readonly limit?: number;
}

export function boundsOfFiltered({ filter, limit }: Filtered): BoundedRead {
  return {
    ...UNBOUNDED,
    limits: limit === undefined ? [] : [['limit', limit]],
    filters: filter === undefined ? [] : [filter],
    cost: costOfFiltered(filter),
  };
}

/** Its searches together bring `limit` points for each of the sample. */
export function boundsOfMatrix(request: MatrixRequest): BoundedRead {
  const { sample, limit } = request;
  return { ...boundsOfFiltered({ ...request, limit: sample * limit }), cost: sample * limit };
}
