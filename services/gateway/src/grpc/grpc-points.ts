// The gRPC methods that write, read and query points.

import type { GivenOperation, GroupsRequest, QueryRequest, ScoredPoint } from '@tributary/model';
import {
  clearPayloadOf,
  countOf,
  countResponse,
  createFieldIndexOf,
  createVectorNameOf,
  deleteFieldIndexOf,
  deletePayloadOf,
  deletePointsOf,
  deleteVectorsOf,
  discoverOf,
  facetOf,
  facetResponse,
  type GrpcMethod,
  groupsResponse,
  type InParts,
  type MessageParts,
  matrixOf,
  matrixOffsetsResponse,
  matrixPairsResponse,
  overwritePayloadOf,
  parseVectorName,
  pointsService,
  queryGroupsOf,
  queryOf,
  readParametersOf,
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
  writeParametersOf,
} from '@tributary/qdrant-api';
import { endInSlices } from '@tributary/runtime';
import type { GatewayCore } from '../gateway-core.ts';
import type { HeldReadParameters } from '../limits/byte-budget.ts';
import type { CallContext, HostMethod } from './host-method.ts';

type Addressed = { readonly collectionName: string };
type ReadMessage = Parameters<typeof readParametersOf>[0] & Addressed;
type WriteMessage = Parameters<typeof writeParametersOf>[0] & Addressed;

export function hostUpdates({ names, writer }: GatewayCore, host: HostMethod): void {
  const update = <Message extends WriteMessage>(
    method: GrpcMethod<Message, ReturnType<typeof updateResponse>>,
    parse: (message: Message) => GivenOperation | Promise<GivenOperation>,
  ) =>
    host(method, async (message, { headers }) => {
      const parameters = writeParametersOf(message, headers);
      const operation = await parse(message);
      const collection = await names.resolve(message.collectionName);
      const outcome = await writer.write(collection, operation, parameters);
      return (timeSec) => updateResponse(outcome, timeSec);
    });
  update(pointsService.upsert, (message) => endInSlices(upsertMessageSteps(message)));
  update(pointsService.delete, deletePointsOf);
  update(pointsService.updateVectors, updateVectorsOf);
  update(pointsService.deleteVectors, deleteVectorsOf);
  update(pointsService.setPayload, setPayloadOf);
  update(pointsService.overwritePayload, overwritePayloadOf);
  update(pointsService.deletePayload, deletePayloadOf);
  update(pointsService.clearPayload, clearPayloadOf);
  update(pointsService.createFieldIndex, (message) => ({
    kind: 'createFieldIndex',
    ...createFieldIndexOf(message),
  }));
  update(pointsService.deleteFieldIndex, (message) => ({
    kind: 'deleteFieldIndex',
    field: deleteFieldIndexOf(message),
  }));
  host(pointsService.updateBatch, async (message, { headers }) => {
    const parameters = writeParametersOf(message, headers);
    const operations = updateBatchOf(message);
    const collection = await names.resolve(message.collectionName);
    const outcomes = await writer.writeAll(collection, operations, parameters);
    return (timeSec) => updateBatchResponse(outcomes, timeSec);
  });
}

export function hostVectorNames({ vectorNames }: GatewayCore, host: HostMethod): void {
  host(pointsService.createVectorName, async (message, { headers }) => {
    const parameters = writeParametersOf(message, headers);
    const vector = createVectorNameOf(message);
    const name = parseVectorName(message.vectorName);
    const outcome = await vectorNames.create(message.collectionName, name, vector, parameters);
    return (timeSec) => updateResponse(outcome, timeSec);
  });
  host(pointsService.deleteVectorName, async (message, { headers }) => {
    const parameters = writeParametersOf(message, headers);
    const name = parseVectorName(message.vectorName);
    const outcome = await vectorNames.delete(message.collectionName, name, parameters);
    return (timeSec) => updateResponse(outcome, timeSec);
  });
}

export function hostReads({ names, reader }: GatewayCore, host: HostMethod): void {
  host(pointsService.get, async (message, context) => {
    const parameters = heldParametersOf(message, context);
    const request = retrieveOf(message);
    const records = await names.using(message.collectionName, (collection) =>
      reader.retrieve(collection, request, parameters),
    );
    return (timeSec) => retrieveResponse(records, timeSec);
  });
  host(pointsService.scroll, async (message, context) => {
    const parameters = heldParametersOf(message, context);
    const query = scrollOf(message);
    const page = await names.using(message.collectionName, (collection) =>
      reader.scroll(collection, query, parameters),
    );
    return (timeSec) => scrollResponse(page.points, page.nextPageOffset, timeSec);
  });
  host(pointsService.count, async (message, context) => {
    const parameters = heldParametersOf(message, context);
    const request = countOf(message);
    const count = await names.using(message.collectionName, (collection) =>
      reader.count(collection, request, parameters),
    );
    return (timeSec) => countResponse(count, timeSec);
  });
  host(pointsService.facet, async (message, context) => {
    const parameters = heldParametersOf(message, context);
    const request = facetOf(message);
    const hits = await names.using(message.collectionName, (collection) =>
      reader.facet(collection, request, parameters),
    );
    return (timeSec) => facetResponse(hits, timeSec);
  });
  const matrix = <Response>(
    method: GrpcMethod<Parameters<typeof matrixOf>[0], Response>,
    respond: (
      view: Parameters<typeof matrixPairsResponse>[0],
      timeSec: number,
    ) => InParts<Response>,
  ) =>
    host(method, async (message, context) => {
      const parameters = heldParametersOf(message, context);
      const request = matrixOf(message);
      const found = await names.using(message.collectionName, (collection) =>
        reader.matrix(collection, request, parameters),
      );
      return (timeSec) => respond(found, timeSec);
    });
  matrix(pointsService.searchMatrixPairs, matrixPairsResponse);
  matrix(pointsService.searchMatrixOffsets, matrixOffsetsResponse);
}

export function hostQueries(core: GatewayCore, host: HostMethod): void {
  const { names, reader } = core;
  const query = <Message extends ReadMessage, Response>(
    method: GrpcMethod<Message, Response>,
    parse: (message: Message) => readonly QueryRequest[],
    respond: (results: readonly (readonly ScoredPoint[])[], timeSec: number) => InParts<Response>,
  ) =>
    host(method, async (message, context) => {
      const parameters = heldParametersOf(message, context);
      const requests = parse(message);
      const results = await names.using(message.collectionName, (collection) =>
        reader.query(collection, requests, parameters),
      );
      return (timeSec) => respond(results, timeSec);
    });
  const only = ([points = []]: readonly (readonly ScoredPoint[])[], timeSec: number) =>
    scoredResponse(points, timeSec);
  query(pointsService.search, (message) => [searchOf(message)], only);
  query(pointsService.query, (message) => [queryOf(message)], only);
  query(pointsService.recommend, (message) => [recommendPointsOf(message)], only);
  query(pointsService.discover, (message) => [discoverOf(message)], only);
  const batch = scoredBatchResponse;
  query(pointsService.searchBatch, (message) => message.searchPoints.map(searchOf), batch);
  query(pointsService.queryBatch, (message) => message.queryPoints.map(queryOf), batch);
  query(
    pointsService.recommendBatch,
    (message) => message.recommendPoints.map(recommendPointsOf),
    batch,
  );
  query(pointsService.discoverBatch, (message) => message.discoverPoints.map(discoverOf), batch);
  hostGroups(core, host);
}

function hostGroups({ names, reader }: GatewayCore, host: HostMethod): void {
  const groups = <Message extends ReadMessage>(
    method: GrpcMethod<Message, Exclude<ReturnType<typeof groupsResponse>, MessageParts<unknown>>>,
    parse: (message: Message) => GroupsRequest,
  ) =>
    host(method, async (message, context) => {
      const parameters = heldParametersOf(message, context);
      const request = parse(message);
      const found = await names.using(message.collectionName, (collection) =>
        reader.groups(collection, request, parameters),
      );
      return (timeSec) => groupsResponse(found, timeSec);
    });
  groups(pointsService.searchGroups, searchGroupsOf);
  groups(pointsService.queryGroups, queryGroupsOf);
  groups(pointsService.recommendGroups, recommendGroupsOf);
}

function heldParametersOf(
  message: ReadMessage,
  { headers, hold }: CallContext,
): HeldReadParameters {
  return { ...readParametersOf(message, headers), hold };
}
