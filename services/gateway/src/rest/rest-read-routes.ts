// The REST routes that read points: as they are, by queries, together.

import type {
  GroupsRequest,
  PointId,
  PointRecord,
  QueryRequest,
  ScoredPoint,
} from '@tributary/model';
import {
  type JsonPieces,
  parseCount,
  parseDiscover,
  parseDiscoverBatch,
  parseFacet,
  parseMatrix,
  parsePointIdText,
  parseQuery,
  parseQueryBatch,
  parseQueryGroups,
  parseReadParameters,
  parseRecommend,
  parseRecommendBatch,
  parseRecommendGroups,
  parseRetrieve,
  parseScroll,
  parseSearch,
  parseSearchBatch,
  parseSearchGroups,
  pointDoesNotExist,
  type RetrieveRequest,
  writeCount,
  writeFacet,
  writeGroups,
  writeMatrixOffsets,
  writeMatrixPairs,
  writeQueryBatch,
  writeQueryResult,
  writeRecord,
  writeRecords,
  writeScoredBatch,
  writeScoredPoints,
  writeScrollPage,
} from '@tributary/qdrant-api';
import type { ReadRequest } from '../endpoints/collection-endpoints.ts';
import type { Endpoints } from '../endpoints/endpoints.ts';
import {
  type Body,
  COLLECTION_URL,
  nameOf,
  type RestRequest,
  type RestRoute,
  readOf,
  route,
} from './rest-request.ts';

const POINTS = `${COLLECTION_URL}/points` as const;

export function pointReadRoutes(endpoints: Endpoints): RestRoute[] {
  const { retrieve, scroll, count, facet, matrix } = endpoints;
  return [
    route(`GET ${POINTS}/:id`, retrieve, onePointOf, writeOnePoint),
    route(`POST ${POINTS}`, retrieve, readOf(parseRetrieve), writeRecords),
    route(`POST ${POINTS}/scroll`, scroll, readOf(parseScroll), (page) =>
      writeScrollPage(page.points, page.nextPageOffset),
    ),
    route(`POST ${POINTS}/count`, count, readOf(parseCount), writeCount),
    ...queryRoutes(endpoints),
    ...groupRoutes(endpoints),
    route(`POST ${COLLECTION_URL}/facet`, facet, readOf(parseFacet), writeFacet),
    route(`POST ${POINTS}/search/matrix/pairs`, matrix, readOf(parseMatrix), writeMatrixPairs),
    route(`POST ${POINTS}/search/matrix/offsets`, matrix, readOf(parseMatrix), writeMatrixOffsets),
  ];
}

type Results = readonly (readonly ScoredPoint[])[];

function queryRoutes({ query }: Endpoints): RestRoute[] {
  const many = (
    path: string,
    parse: (body: Body) => readonly QueryRequest[],
    write: (results: Results) => JsonPieces,
  ) => route(`POST ${POINTS}${path}`, query, readOf(parse), write);
  const one = (
    path: string,
    parse: (body: Body) => QueryRequest,
    write: (points: readonly ScoredPoint[]) => JsonPieces,
  ) =>
    many(
      path,
      (body) => [parse(body)],
      ([points = []]) => write(points),
    );
  return [
    one('/query', parseQuery, writeQueryResult),
    many('/query/batch', parseQueryBatch, writeQueryBatch),
    one('/search', parseSearch, writeScoredPoints),
    many('/search/batch', parseSearchBatch, writeScoredBatch),
    one('/recommend', parseRecommend, writeScoredPoints),
    many('/recommend/batch', parseRecommendBatch, writeScoredBatch),
    one('/discover', parseDiscover, writeScoredPoints),
    many('/discover/batch', parseDiscoverBatch, writeScoredBatch),
  ];
}

function groupRoutes({ groups }: Endpoints): RestRoute[] {
  const grouped = (path: string, parse: (body: Body) => GroupsRequest) =>
    route(`POST ${POINTS}${path}/groups`, groups, readOf(parse), writeGroups);
  return [
    grouped('/query', parseQueryGroups),
    grouped('/search', parseSearchGroups),
    grouped('/recommend', parseRecommendGroups),
  ];
}

interface OnePoint extends RetrieveRequest {
  readonly ids: readonly [PointId];
}

function onePointOf(request: RestRequest): ReadRequest<OnePoint> {
  const { query, headers, hold, path } = request;
  const parameters = { ...parseReadParameters(query, headers), hold };
  const id = parsePointIdText(path.id ?? '');
  const projection = { payload: { kind: 'all' }, vectors: { kind: 'all' } } as const;
  return { collection: nameOf(request), asked: { ids: [id], projection }, parameters };
}

/** Errors: `not_found`. */
function writeOnePoint(
  [record]: readonly PointRecord[],
  { asked }: ReadRequest<OnePoint>,
): ReturnType<typeof writeRecord> {
  if (record === undefined) throw pointDoesNotExist(asked.ids[0]);
  return writeRecord(record);
}
