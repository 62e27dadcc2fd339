// The reader and the writer as clients reach them: strict mode first. What the gateway reads for itself goes past it and
// is not counted.

import type { PointsReader } from '../reads/points-reader.ts';
import type { PointsWriter } from '../writes/points-writer.ts';
import { anyValueOf } from './indexed-filters.ts';
import { type BoundedRead, boundsOfGroups, boundsOfStages } from './strict-limits.ts';
import type { StrictMode } from './strict-mode.ts';

export type PointReads = Pick<
  PointsReader,
  'query' | 'groups' | 'facet' | 'matrix' | 'retrieve' | 'get' | 'scroll' | 'count'
>;
export type PointWrites = Pick<PointsWriter, 'write' | 'writeAll'>;

const UNBOUNDED: BoundedRead = { limits: [], filters: [], params: [] };

/** Errors of every call, besides the reader's: `bad_request`, `rate_limited`. */
export function strictReads(reader: PointReads, strict: StrictMode): PointReads {
  return {
    query: async (collection, requests, parameters) => {
      const bounds = () => ({ ...boundsOfStages(requests), batchSize: requests.length });
      await strict.admitRead(collection, bounds, parameters, requests.length);
      return reader.query(collection, requests, parameters);
    },
    groups: async (collection, request, parameters) => {
      await strict.admitRead(collection, () => groupBounds(request), parameters);
      return reader.groups(collection, request, parameters);
    },
    facet: async (collection, request, parameters) => {
      await strict.admitRead(collection, () => bounds(request), parameters);
      return reader.facet(collection, request, parameters);
    },
    matrix: async (collection, request, parameters) => {
      const limits = () => {
        const sample = ['sample', request.sample] as const;
        const { limits: others, ...rest } = bounds(request);
        return { ...rest, limits: [...others, sample] };
      };
      await strict.admitRead(collection, limits, parameters);
      return reader.matrix(collection, request, parameters);
    },
    retrieve: async (collection, request, parameters) => {
      await strict.admitRead(collection, () => UNBOUNDED, parameters);
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

type Groups = Parameters<PointReads['groups']>[1];
type Filtered = Partial<Pick<Parameters<PointReads['scroll']>[1], 'filter' | 'limit'>>;

function groupBounds(request: Groups): BoundedRead {
  const { filters, ...others } = boundsOfGroups(request);
  return { ...others, filters: [...filters, anyValueOf(request.groupBy)] };
}

function bounds({ filter, limit }: Filtered): BoundedRead {
  return {
    limits: limit === undefined ? [] : [['limit', limit]],
    filters: filter === undefined ? [] : [filter],
    params: [],
  };
}
