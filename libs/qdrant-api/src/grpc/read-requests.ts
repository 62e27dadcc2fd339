// Protobuf requests that read points as they are, or count them, to the same values as REST requests become.

import type { MatrixRequest, OrderBy, ScrollQuery } from '@tributary/model';
import { exactInteger, UNNAMED_VECTOR } from '@tributary/model';
import type { Steps } from '@tributary/runtime';
import { formatError } from '../errors.ts';
import {
  type CountPoints,
  Direction,
  type FacetCounts,
  type GetPoints,
  type OrderBy as OrderByMessage,
  type ScrollPoints,
  type SearchMatrixPoints,
  type StartFrom,
} from '../gen/points.ts';
import { MATRIX_LIMIT_DEFAULT, MATRIX_SAMPLE_DEFAULT } from '../requests/facet.ts';
import { readDatetime } from '../requests/field-condition.ts';
import { checkCount, checkRange, present, readPath } from '../requests/json-reader.ts';
import { LIMIT_DEFAULT, refuseOffset } from '../requests/read.ts';
import type { CountRequest, FacetRequest, RetrieveRequest } from '../requests/request.ts';
import { finite } from './filter.ts';
import { numberOf, pointIdSteps, readPointId } from './ids.ts';
import { projectionOf } from './parameters.ts';
import { readTimestamp } from './timestamps.ts';
import { filterOf, refuseShardKeys } from './write-requests.ts';

export function* retrieveMessageSteps(message: GetPoints): Steps<RetrieveRequest> {
  refuseShardKeys(message);
  const ids = yield* pointIdSteps(message.ids, 'ids');
  return { ids, projection: projectionOf(message, true) };
}

export function scrollOf(message: ScrollPoints): ScrollQuery {
  refuseShardKeys(message);
  const { offset, orderBy } = message;
  if (orderBy !== undefined) refuseOffset(offset);
  return present<ScrollQuery>({
    filter: filterOf(message),
    offset: offset === undefined ? undefined : readPointId(offset, 'offset'),
    limit: checkCount(message.limit ?? LIMIT_DEFAULT, 'limit', 1),
    projection: projectionOf(message, true),
    orderBy: orderBy && orderByOf(orderBy, 'order_by'),
  });
}

export function orderByOf(message: OrderByMessage, path: string): OrderBy {
  const { direction, startFrom } = message;
  if (direction !== undefined && direction !== Direction.Asc && direction !== Direction.Desc) {
    throw formatError(`${path}.direction: unknown direction`);
  }
  return present<OrderBy>({
    key: readPath(message.key, `${path}.key`),
    direction: direction === Direction.Desc ? 'desc' : 'asc',
    startFrom: startFrom && startOf(startFrom, `${path}.start_from`),
  });
}

function startOf({ float, integer, timestamp, datetime }: StartFrom, path: string) {
  if (float !== undefined) return finite(float, path);
  if (integer !== undefined) return exactInteger(integer);
  if (timestamp !== undefined) return readTimestamp(timestamp, path);
  return datetime === undefined ? undefined : readDatetime(datetime, path);
}

export function countOf(message: CountPoints): CountRequest {
  refuseShardKeys(message);
  return present<CountRequest>({ filter: filterOf(message), exact: message.exact ?? true });
}

export function facetOf(message: FacetCounts): FacetRequest {
  refuseShardKeys(message);
  return present<FacetRequest>({
    key: readPath(message.key, 'key'),
    filter: filterOf(message),
    limit: countGiven(message.limit, 'limit', LIMIT_DEFAULT),
    exact: message.exact ?? false,
  });
}

/** One point has no neighbour. */
const SAMPLE_MIN = 2;

export function matrixOf(message: SearchMatrixPoints): MatrixRequest {
  refuseShardKeys(message);
  const sample = countGiven(message.sample, 'sample', MATRIX_SAMPLE_DEFAULT);
  return present<MatrixRequest>({
    filter: filterOf(message),
    sample: checkRange(sample, 'sample', SAMPLE_MIN),
    limit: countGiven(message.limit, 'limit', MATRIX_LIMIT_DEFAULT),
    using: message.using ?? UNNAMED_VECTOR,
  });
}

function countGiven(count: bigint | undefined, path: string, whenAbsent: number): number {
  return count === undefined ? whenAbsent : checkCount(numberOf(count), path, 1);
}
