// Requests that look at a collection's points together: facets and distance matrices.

import type { JsonObject, JsonValue, MatrixRequest } from '@tributary/model';
import { UNNAMED_VECTOR } from '@tributary/model';
import { refuseKeys } from '../unsupported.ts';
import { readFilter } from './filter.ts';
import {
  checkCount,
  checkRange,
  optional,
  present,
  readBoolean,
  readObject,
  readPath,
  readString,
  readUnsigned,
} from './json-reader.ts';
import { LIMIT_DEFAULT } from './read.ts';
import type { FacetRequest } from './request.ts';

export const MATRIX_SAMPLE_DEFAULT = 10;
export const MATRIX_LIMIT_DEFAULT = 3;

export function parseFacet(body: JsonValue | undefined): FacetRequest {
  const object = readObject(body, '');
  refuseKeys(object, { shard_key: 'shardKeys' });
  return present<FacetRequest>({
    key: readPath(object.key, 'key'),
    filter: optional(object, 'filter', '', readFilter),
    limit: countOf(object, 'limit', LIMIT_DEFAULT),
    exact: optional(object, 'exact', '', readBoolean) ?? false,
  });
}

export function parseMatrix(body: JsonValue | undefined): MatrixRequest {
  const object = readObject(body, '');
  refuseKeys(object, { shard_key: 'shardKeys' });
  const sample = countOf(object, 'sample', MATRIX_SAMPLE_DEFAULT);
  return present<MatrixRequest>({
    filter: optional(object, 'filter', '', readFilter),
    sample: checkRange(sample, 'sample', 2),
    limit: countOf(object, 'limit', MATRIX_LIMIT_DEFAULT),
    using: optional(object, 'using', '', readString) ?? UNNAMED_VECTOR,
  });
}

function countOf(object: JsonObject, key: string, byDefault: number): number {
  return checkCount(optional(object, key, '', readUnsigned) ?? byDefault, key, 1);
}
