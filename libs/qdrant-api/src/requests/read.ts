// Requests that read points as they are: retrieve by id, scroll, count.

import type { JsonValue, PointId, ScrollQuery } from '@tributary/model';
import { parsePointId, pointIdFromBigInt } from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import { invalidPointId } from '../errors.ts';
import { refuseKeys } from '../unsupported.ts';
import { readFilter } from './filter.ts';
import {
  checkCount,
  optional,
  present,
  readBoolean,
  readObject,
  readPointId,
  readPointIds,
  readUnsigned,
} from './json-reader.ts';
import { readProjection } from './projection.ts';
import { readOrderBy } from './query-variant.ts';
import type { CountRequest, RetrieveRequest } from './request.ts';

export const LIMIT_DEFAULT = 10;

/** The id in the path of a request. */
export function parsePointIdText(text: string): PointId {
  const id = /^\d{1,20}$/.test(text) ? pointIdFromBigInt(BigInt(text)) : parsePointId(text);
  if (id !== undefined) return id;
  throw new TributaryError('format', invalidPointId(JSON.stringify(text.slice(0, 100))));
}

export function parseRetrieve(body: JsonValue | undefined): RetrieveRequest {
  const object = readObject(body, '');
  refuseKeys(object, { shard_key: 'shardKeys' });
  return { ids: readPointIds(object.ids, 'ids'), projection: readProjection(object, '', true) };
}

export function parseScroll(body: JsonValue | undefined): ScrollQuery {
  const object = readObject(body, '');
  refuseKeys(object, { shard_key: 'shardKeys' });
  const limit = optional(object, 'limit', '', readUnsigned) ?? LIMIT_DEFAULT;
  const orderBy = optional(object, 'order_by', '', readOrderBy);
  if (orderBy !== undefined) refuseOffset(object.offset);
  return present<ScrollQuery>({
    filter: optional(object, 'filter', '', readFilter),
    offset: optional(object, 'offset', '', readPointId),
    limit: checkCount(limit, 'limit', 1),
    projection: readProjection(object, '', true),
    orderBy,
  });
}

/** A page by value starts from a value, not from an id. */
export function refuseOffset(offset: unknown): void {
  if (offset === undefined || offset === null) return;
  throw new TributaryError(
    'bad_request',
    'Cannot use an `offset` when using `order_by`. The alternative for paging is to use `order_by.start_from` ' +
      'and a filter to exclude the IDs that you have already seen for the `order_by.start_from` value',
  );
}

/** Without a body it counts everything. */
export function parseCount(body: JsonValue | undefined): CountRequest {
  const object = body === undefined ? {} : readObject(body, '');
  refuseKeys(object, { shard_key: 'shardKeys' });
  return present<CountRequest>({
    filter: optional(object, 'filter', '', readFilter),
    exact: optional(object, 'exact', '', readBoolean) ?? true,
  });
}
