// The gRPC methods that write, read and query points.

import type { GivenOperation, GroupsRequest, QueryRequest, ScoredPoint } from '@tributary/model';
import {
  clearPayloadMessageSteps,
  countOf,
  countResponse,
  createFieldIndexOf,
  deleteFieldIndexOf,
  deletePayloadMessageSteps,
  deletePointsMessageSteps,
  deleteVectorsMessageSteps,
  discoverOf,
  facetOf,
  facetResponse,
  type GrpcMethod,
  groupsResponse,
  type MessageParts,
  matrixOf,
  matrixOffsetsResponse,
  matrixPairsResponse,
  overwritePayloadMessageSteps,
  pointsService,
  queryGroupsOf,
  queryOf,
  recommendGroupsOf,
  recommendPointsOf,
  retrieveMessageSteps,
  retrieveResponse,
  scoredBatchResponse,
  scoredResponse,
  scrollOf,
  scrollResponse,
  searchGroupsOf,
  searchOf,
  setPayloadMessageSteps,
  updateBatchMessageSteps,
  updateBatchResponse,
  updateResponse,
  updateVectorsMessageSteps,
  upsertMessageSteps,
} from '@tributary/qdrant-api';
import { endInSlices, mapSteps, type Steps } from '@tributary/runtime';
import type { WriteRequest } from '../endpoints/collection-endpoints.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import type { Endpoints } from '../endpoints/endpoints.ts';
import {
  type HostedMethod,
  hosted,
  inSlices,
  type ReadMessage,
  readOf,
  type WriteMessage,
  writeOf,
} from './host-method.ts';

/** A query of 1,536 dimensions takes some 20 µs. */
const QUERIES_PER_STEP = 50;

type Update = Endpoint<WriteRequest<GivenOperation>, Parameters<typeof updateResponse>[0]>;

export function updateMethods(endpoints: Endpoints): HostedMethod[] {
  const { updateBatch, createFieldIndex, deleteFieldIndex } = endpoints;
  const update = <Message extends WriteMessage>(
    method: GrpcMethod<Message, ReturnType<typeof updateResponse>>,
    endpoint: Update,
    steps: (message: Message) => Steps<GivenOperation>,
  ) => hosted(method, endpoint, writeOf(inSlices(steps)), updateResponse);
  const updateIndex = <Message extends WriteMessage>(
    method: GrpcMethod<Message, ReturnType<typeof updateResponse>>,
    endpoint: Update,
    parse: (message: Message) => GivenOperation,
  ) => hosted(method, endpoint, writeOf(parse), updateResponse);
  return [
    update(pointsService.upsert, endpoints.upsert, upsertMessageSteps),
    update(pointsService.delete, endpoints.delete, deletePointsMessageSteps),
    update(pointsService.updateVectors, endpoints.updateVectors, updateVectorsMessageSteps),
    update(pointsService.deleteVectors, endpoints.deleteVectors, deleteVectorsMessageSteps),
    update(pointsService.setPayload, endpoints.setPayload, setPayloadMessageSteps),
    update(
      pointsService.overwritePayload,
      endpoints.overwritePayload,
      overwritePayloadMessageSteps,
    ),
    update(pointsService.deletePayload, endpoints.deletePayload, deletePayloadMessageSteps),
    update(pointsService.clearPayload, endpoints.clearPayload, clearPayloadMessageSteps),
    updateIndex(pointsService.createFieldIndex, createFieldIndex, (message) => ({
      kind: 'createFieldIndex',
      ...createFieldIndexOf(message),
    })),
    updateIndex(pointsService.deleteFieldIndex, deleteFieldIndex, (message) => ({
      kind: 'deleteFieldIndex',
      field: deleteFieldIndexOf(message),
    })),
    hosted(
      pointsService.updateBatch,
      updateBatch,
      writeOf((message) => endInSlices(updateBatchMessageSteps(message))),
      updateBatchResponse,
    ),
  ];
}

export function readMethods(endpoints: Endpoints): HostedMethod[] {
  const { retrieve, scroll, count, facet, matrix } = endpoints;
  const { searchMatrixPairs, searchMatrixOffsets } = pointsService;
  return [
    hosted(pointsService.get, retrieve, readOf(inSlices(retrieveMessageSteps)), retrieveResponse),
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
  const many = <Message extends ReadMessage, One>(
    method: GrpcMethod<Message, Whole<typeof scoredBatchResponse>>,
    queriesOf: (message: Message) => readonly One[],
    parse: (message: One) => QueryRequest,
  ) => {
    const steps = (message: Message) => mapSteps(queriesOf(message), QUERIES_PER_STEP, parse);
    return hosted(method, query, readOf(inSlices(steps)), scoredBatchResponse);
  };
  const grouped = <Message extends ReadMessage>(
    method: GrpcMethod<Message, Whole<typeof groupsResponse>>,
    parse: (message: Message) => GroupsRequest,
  ) => hosted(method, groups, readOf(parse), groupsResponse);
  return [
    one(pointsService.search, searchOf),
    one(pointsService.query, queryOf),
    one(pointsService.recommend, recommendPointsOf),
    one(pointsService.discover, discoverOf),
    many(pointsService.searchBatch, ({ searchPoints }) => searchPoints, searchOf),
    many(pointsService.queryBatch, ({ queryPoints }) => queryPoints, queryOf),
    many(pointsService.recommendBatch, ({ recommendPoints }) => recommendPoints, recommendPointsOf),
    many(pointsService.discoverBatch, ({ discoverPoints }) => discoverPoints, discoverOf),
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
