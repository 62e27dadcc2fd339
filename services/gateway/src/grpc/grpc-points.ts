// The gRPC methods that write, read and query points.

import type { GivenOperation, GroupsRequest, QueryRequest, ScoredPoint } from '@tributary/model';
import {
  clearPayloadOf,
  countOf,
  countResponse,
  createFieldIndexOf,
  deleteFieldIndexOf,
  deletePayloadOf,
  deletePointsOf,
  deleteVectorsOf,
  discoverOf,
  facetOf,
  facetResponse,
  type GrpcMethod,
  groupsResponse,
  type MessageParts,
  matrixOf,
  matrixOffsetsResponse,
  matrixPairsResponse,
  overwritePayloadOf,
  pointsService,
  queryGroupsOf,
  queryOf,
  recommendGroupsOf,
  recommendPointsOf,
  retrieveOf,
  retrieveResponse,
  scoredBatchResponse,
  scoredResponse,
  scrollOf,
  scrollResponse,
  searchGroupsOf,
  searchOf,
  setPayloadOf,
  updateBatchOf,
  updateBatchResponse,
  updateResponse,
  updateVectorsOf,
  upsertMessageSteps,
} from '@tributary/qdrant-api';
import { endInSlices } from '@tributary/runtime';
import type { WriteRequest } from '../endpoints/collection-endpoints.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import type { Endpoints } from '../endpoints/endpoints.ts';
import {
  type HostedMethod,
  hosted,
  type ReadMessage,
  readOf,
  type Soon,
  type WriteMessage,
  writeOf,
} from './host-method.ts';

type Update = Endpoint<WriteRequest<GivenOperation>, Parameters<typeof updateResponse>[0]>;

export function updateMethods(endpoints: Endpoints): HostedMethod[] {
  const { updateBatch, createFieldIndex, deleteFieldIndex } = endpoints;
  const update = <Message extends WriteMessage>(
    method: GrpcMethod<Message, ReturnType<typeof updateResponse>>,
    endpoint: Update,
    parse: (message: Message) => Soon<GivenOperation>,
  ) => hosted(method, endpoint, writeOf(parse), updateResponse);
  return [
    update(pointsService.upsert, endpoints.upsert, (message) =>
      endInSlices(upsertMessageSteps(message)),
    ),
    update(pointsService.delete, endpoints.delete, deletePointsOf),
    update(pointsService.updateVectors, endpoints.updateVectors, updateVectorsOf),
    update(pointsService.deleteVectors, endpoints.deleteVectors, deleteVectorsOf),
    update(pointsService.setPayload, endpoints.setPayload, setPayloadOf),
    update(pointsService.overwritePayload, endpoints.overwritePayload, overwritePayloadOf),
    update(pointsService.deletePayload, endpoints.deletePayload, deletePayloadOf),
    update(pointsService.clearPayload, endpoints.clearPayload, clearPayloadOf),
    update(pointsService.createFieldIndex, createFieldIndex, (message) => ({
      kind: 'createFieldIndex',
      ...createFieldIndexOf(message),
    })),
    update(pointsService.deleteFieldIndex, deleteFieldIndex, (message) => ({
      kind: 'deleteFieldIndex',
      field: deleteFieldIndexOf(message),
    })),
    hosted(
      pointsService.updateBatch,
      updateBatch,
      writeOf((message) => updateBatchOf(message)),
      updateBatchResponse,
    ),
  ];
}

export function readMethods(endpoints: Endpoints): HostedMethod[] {
  const { retrieve, scroll, count, facet, matrix } = endpoints;
  const { searchMatrixPairs, searchMatrixOffsets } = pointsService;
  return [
    hosted(pointsService.get, retrieve, readOf(retrieveOf), retrieveResponse),
    hosted(pointsService.scroll, scroll, readOf(scrollOf), (page, timeSec) =>
      scrollResponse(page.points, page.nextPageOffset, timeSec),
    ),
    hosted(pointsService.count, count, readOf(countOf), countResponse),
    hosted(pointsService.facet, facet, readOf(facetOf), facetResponse),
    hosted(searchMatrixPairs, matrix, readOf(matrixOf), matrixPairsResponse),
    hosted(searchMatrixOffsets, matrix, readOf(matrixOf), matrixOffsetsResponse),
  ];
}

export function queryMethods({ query, groups }: Endpoints): HostedMethod[] {
  const one = <Message extends ReadMessage>(
    method: GrpcMethod<Message, Whole<typeof scoredResponse>>,
    parse: (message: Message) => QueryRequest,
  ) => {
    return hosted(
      method,
      query,
      readOf((message: Message) => [parse(message)]),
      ([points = []]: readonly (readonly ScoredPoint[])[], timeSec) =>
        scoredResponse(points, timeSec),
    );
  };
  const many = <Message extends ReadMessage>(
    method: GrpcMethod<Message, Whole<typeof scoredBatchResponse>>,
    parse: (message: Message) => readonly QueryRequest[],
  ) => hosted(method, query, readOf(parse), scoredBatchResponse);
  const grouped = <Message extends ReadMessage>(
    method: GrpcMethod<Message, Whole<typeof groupsResponse>>,
    parse: (message: Message) => GroupsRequest,
  ) => hosted(method, groups, readOf(parse), groupsResponse);
  return [
    one(pointsService.search, searchOf),
    one(pointsService.query, queryOf),
    one(pointsService.recommend, recommendPointsOf),
    one(pointsService.discover, discoverOf),
    many(pointsService.searchBatch, (message) => message.searchPoints.map(searchOf)),
    many(pointsService.queryBatch, (message) => message.queryPoints.map(queryOf)),
    many(pointsService.recommendBatch, (message) => message.recommendPoints.map(recommendPointsOf)),
    many(pointsService.discoverBatch, (message) => message.discoverPoints.map(discoverOf)),
    grouped(pointsService.searchGroups, searchGroupsOf),
    grouped(pointsService.queryGroups, queryGroupsOf),
    grouped(pointsService.recommendGroups, recommendGroupsOf),
  ];
}

/** The message of a response that may be made in parts. */
type Whole<Respond extends (...given: never[]) => unknown> = Exclude<
  ReturnType<Respond>,
  MessageParts<unknown>
>;
