// The REST endpoints that read points: as they are, by queries, together.

import type { GroupsRequest, QueryRequest, ScoredPoint } from '@tributary/model';
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
  parseRecommend,
  parseRecommendBatch,
  parseRecommendGroups,
  parseRetrieve,
  parseScroll,
  parseSearch,
  parseSearchBatch,
  parseSearchGroups,
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
import type { GatewayCore } from '../gateway-core.ts';
import {
  type Body,
  COLLECTION_URL,
  nameOf,
  type RestRoute,
  readParametersOf,
  readRoute,
} from './rest-request.ts';

export function pointReadRoutes(core: GatewayCore): RestRoute[] {
  return [...plainRoutes(core), ...queryRoutes(core), ...groupRoutes(core), ...wholeRoutes(core)];
}

function plainRoutes({ names, reader }: GatewayCore): RestRoute[] {
  return [
    {
      method: 'GET',
      url: `${COLLECTION_URL}/points/:id`,
      handle: async (request) => {
        const parameters = readParametersOf(request);
        const id = parsePointIdText(request.path.id ?? '');
        const collection = await names.resolve(nameOf(request));
        return writeRecord(await reader.get(collection, id, parameters));
      },
    },
    readRoute(names, '/points', parseRetrieve, async (...asked) =>
      writeRecords(await reader.retrieve(...asked)),
    ),
    readRoute(names, '/points/scroll', parseScroll, async (...asked) => {
      const page = await reader.scroll(...asked);
      return writeScrollPage(page.points, page.nextPageOffset);
    }),
    readRoute(names, '/points/count', parseCount, async (...asked) =>
      writeCount(await reader.count(...asked)),
    ),
  ];
}

type Results = readonly (readonly ScoredPoint[])[];

function queryRoutes({ names, reader }: GatewayCore): RestRoute[] {
  const many = (
    path: string,
    parse: (body: Body) => readonly QueryRequest[],
    write: (results: Results) => JsonPieces,
  ) =>
    readRoute(names, `/points${path}`, parse, async (...asked) =>
      write(await reader.query(...asked)),
    );
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

function groupRoutes({ names, reader }: GatewayCore): RestRoute[] {
  const groups = (path: string, parse: (body: Body) => GroupsRequest) =>
    readRoute(names, `/points${path}/groups`, parse, async (...asked) =>
      writeGroups(await reader.groups(...asked)),
    );
  return [
    groups('/query', parseQueryGroups),
    groups('/search', parseSearchGroups),
    groups('/recommend', parseRecommendGroups),
  ];
}

function wholeRoutes({ names, reader }: GatewayCore): RestRoute[] {
  return [
    readRoute(names, '/facet', parseFacet, async (...asked) =>
      writeFacet(await reader.facet(...asked)),
    ),
    readRoute(names, '/points/search/matrix/pairs', parseMatrix, async (...asked) =>
      writeMatrixPairs(await reader.matrix(...asked)),
    ),
    readRoute(names, '/points/search/matrix/offsets', parseMatrix, async (...asked) =>
      writeMatrixOffsets(await reader.matrix(...asked)),
    ),
  ];
}
