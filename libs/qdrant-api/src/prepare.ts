// Holds vectors against the collection they are for: known names, right dimension, normalised where the distance is
// Cosine. Everything behind the gateway relies on this and does not check again.

import type {
  CollectionConfig,
  Filter,
  NearestQuery,
  Point,
  PointId,
  PointRecord,
  Projection,
  VectorParams,
} from '@tributary/model';
import { normalize, UNNAMED_VECTOR } from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import { noPointFound } from './errors.ts';
import type { QueryRequest } from './requests/request.ts';
import { unknownVectorName } from './requests/vector.ts';

/** The points as the write stream takes them. Errors: `wrong_input`. */
export function preparePoints(points: readonly Point[], config: CollectionConfig): Point[] {
  return points.map((point) => preparePoint(point, config));
}

export function preparePoint(point: Point, config: CollectionConfig): Point {
  const vectors: Record<string, Float32Array> = {};
  for (const name in point.vectors) {
    const vector = point.vectors[name];
    if (vector !== undefined) vectors[name] = prepareVector(vector, name, config);
  }
  return { id: point.id, vectors, payload: point.payload };
}

/** The vector as it is stored and searched under `name`. Errors: `wrong_input`. */
export function prepareVector(
  vector: Float32Array,
  name: string,
  config: CollectionConfig,
): Float32Array {
  const params = vectorParams(name, config);
  if (vector.length !== params.size) {
    throw new TributaryError(
      'wrong_input',
      `Vector dimension error: expected dim: ${params.size}, got ${vector.length}`,
    );
  }
  return params.distance === 'Cosine' ? normalize(vector) : vector;
}

/**
 * The question to each shard for a request whose target is a vector or a point. `example` is the record of the point
 * that the request names, fetched with `exampleProjection`; that point itself is left out of the answer. The limit
 * covers the page and what comes before it. Errors: `wrong_input`, `not_found` for an example that is not there.
 */
export function nearestQuery(
  request: QueryRequest,
  config: CollectionConfig,
  example?: PointRecord,
): NearestQuery {
  const { using, limit, offset, filter, scoreThreshold, params, projection } = request;
  const query = {
    vector: prepareVector(targetVector(request, example), using, config),
    using,
    limit: limit + offset,
    params,
    projection,
    ...(scoreThreshold === undefined ? {} : { scoreThreshold }),
  };
  const narrowed = request.target.kind === 'id' ? without(request.target.id, filter) : filter;
  return narrowed === undefined ? query : { ...query, filter: narrowed };
}

/** What to fetch of the point that a request names. Errors: `wrong_input` for an unknown vector name. */
export function exampleProjection(request: QueryRequest, config: CollectionConfig): Projection {
  vectorParams(request.using, config);
  return { payload: { kind: 'none' }, vectors: { kind: 'names', names: [request.using] } };
}

function targetVector(request: QueryRequest, example: PointRecord | undefined): Float32Array {
  const { target, using } = request;
  if (target.kind === 'vector') return target.vector;
  if (target.kind === 'none') {
    throw new TributaryError('bad_request', 'A query is needed to search for nearest points');
  }
  if (example === undefined) throw noPointFound(target.id);
  const vector = example.vectors?.[using];
  if (vector !== undefined) return vector;
  const name = using === UNNAMED_VECTOR ? 'a vector' : `a vector with name ${using}`;
  throw new TributaryError('not_found', `Point with id ${target.id} does not have ${name}`);
}

function without(id: PointId, filter: Filter | undefined): Filter {
  const others: Filter = { mustNot: [{ kind: 'hasId', ids: [id] }] };
  return filter === undefined ? others : { ...others, must: [{ kind: 'filter', filter }] };
}

function vectorParams(name: string, config: CollectionConfig): VectorParams {
  const params = Object.hasOwn(config.vectors, name) ? config.vectors[name] : undefined;
  if (params === undefined) throw unknownVectorName(name);
  return params;
}
