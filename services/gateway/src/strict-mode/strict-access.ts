// The reader and the writer as clients reach them: strict mode first. What the gateway reads for itself goes past it
// and is not counted.

import type { MatrixRequest } from '@tributary/model';
import type { PointsReader } from '../reads/points-reader.ts';
import type { PointsWriter } from '../writes/points-writer.ts';
import { costOfFiltered } from './request-cost.ts';
import { type BoundedRead, boundsOfGroups, boundsOfStages } from './strict-limits.ts';
import type { StrictMode } from './strict-mode.ts';

export type PointReads = Pick<
  PointsReader,
  'query' | 'groups' | 'facet' | 'matrix' | 'retrieve' | 'get' | 'scroll' | 'count'
>;
export type PointWrites = Pick<PointsWriter, 'write' | 'writeAll'>;

const UNBOUNDED: BoundedRead = { limits: [], filters: [], stages: [], cost: 1 };

/** Errors of every call, besides the reader's: `bad_request`, `rate_limited`. */
export function strictReads(reader: PointReads, strict: StrictMode): PointReads {
  return {
    query: async (collection, requests, parameters) => {
      const bounds = () => ({ ...boundsOfStages(requests), batchSize: requests.length });
      await strict.admitRead(collection, bounds, parameters);
      return reader.query(collection, requests, parameters);
    },
    groups: async (collection, request, parameters) => {
      await strict.admitRead(collection, () => boundsOfGroups(request), parameters);
      return reader.groups(collection, request, parameters);
    },
    facet: async (collection, request, parameters) => {
      await strict.admitRead(collection, () => bounds(request), parameters);
      return reader.facet(collection, request, parameters);
    },
    matrix: async (collection, request, parameters) => {
      await strict.admitRead(collection, () => matrixBounds(request), parameters);
      return reader.matrix(collection, request, parameters);
    },
    retrieve: async (collection, request, parameters) => {
      const cost = Math.max(1, request.ids.length);
      await strict.admitRead(collection, () => ({ ...UNBOUNDED, cost }), parameters);
      return reader.retrieve(collection, request, parameters);
    },
    get: async (collection, id, parameters) => {
      await strict.admitRead(collection, () => UNBOUNDED, parameters);
      return reader.get(collection, id, parameters);
    },
    scroll: async (collection, query, parameters) => {
      await strict.admitRead(collection, () => bounds(query), parameters);
      return reader.scroll(collection, query, parameters);
    },
    count: async (collection, request, parameters) => {
      await strict.admitRead(collection, () => bounds(request), parameters);
      return reader.count(collection, request, parameters);
    },
  };
}

/** Errors of every call, besides the writer's: `bad_request`, `rate_limited`. */
export function strictWrites(writer: PointWrites, strict: StrictMode): PointWrites {
  return {
    write: async (collection, operation, parameters) => {
      await strict.admitWrite(collection, [operation], parameters);
      return writer.write(collection, operation, parameters);
    },
    writeAll: async (collection, operations, parameters) => {
      await strict.admitWrite(collection, operations, parameters);
      return writer.writeAll(collection, operations, parameters);
    },
  };
}

type Filtered = Partial<Pick<Parameters<PointReads['scroll']>[1], 'filter' | 'limit'>>;

function bounds({ filter, limit }: Filtered): BoundedRead {
  return {
    ...UNBOUNDED,
    limits: limit === undefined ? [] : [['limit', limit]],
    filters: filter === undefined ? [] : [filter],
    cost: costOfFiltered(filter),
  };
}

/** Its searches together bring `limit` points for each of the sample. */
function matrixBounds(request: MatrixRequest): BoundedRead {
  const { sample, limit } = request;
  return { ...bounds({ ...request, limit: sample * limit }), cost: sample * limit };
}
