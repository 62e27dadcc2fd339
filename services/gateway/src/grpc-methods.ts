// The gRPC methods: what each parses, calls and answers.

import type { PointOperation, ScoredPoint } from '@tributary/model';
import {
  clearPayloadOf,
  collectionClusterResponse,
  collectionExistsResponse,
  collectionInfoResponse,
  collectionOperationResponse,
  collectionsService,
  countOf,
  countResponse,
  createCollectionOf,
  deletePayloadOf,
  deletePointsOf,
  type GrpcMethod,
  healthService,
  listCollectionsResponse,
  overwritePayloadOf,
  pointsService,
  type QueryRequest,
  qdrantService,
  queryOf,
  readParametersOf,
  retrieveOf,
  retrieveResponse,
  scoredBatchResponse,
  scoredResponse,
  scrollOf,
  scrollResponse,
  searchOf,
  setPayloadOf,
  timeoutMsOfMessage,
  updateCollectionOf,
  updateResponse,
  upsertOf,
  versionReply,
  writeParametersOf,
} from '@tributary/qdrant-api';
import type { GatewayCore } from './gateway-core.ts';

/** Makes the answer when told how long it took, in seconds. */
export type Answer<Response> = (timeSec: number) => Response;

/** Takes up one method; how the bytes travel is the server's. */
export type HostMethod = <Request, Response>(
  method: GrpcMethod<Request, Response>,
  handle: (request: Request) => Promise<Answer<Response>>,
) => void;

type Addressed = { readonly collectionName: string };
type ReadMessage = Parameters<typeof readParametersOf>[0] & Addressed;
type WriteMessage = Parameters<typeof writeParametersOf>[0] & Addressed;

const SERVING = 1 as const;

export function hostMethods(core: GatewayCore, host: HostMethod): void {
  host(qdrantService.healthCheck, async () => () => versionReply(core.version));
  host(healthService.check, async () => () => ({ status: SERVING }));
  hostCollections(core, host);
  hostUpdates(core, host);
  hostReads(core, host);
  hostQueries(core, host);
}

function hostCollections({ names, collections, views }: GatewayCore, host: HostMethod): void {
  host(collectionsService.list, async () => {
    const found = await collections.list();
    return (timeSec) => listCollectionsResponse(found, timeSec);
  });
  host(collectionsService.get, async ({ collectionName }) => {
    const view = await views.info(await names.resolve(collectionName));
    return (timeSec) => collectionInfoResponse(view, timeSec);
  });
  host(collectionsService.collectionExists, async ({ collectionName }) => {
    const isThere = (await names.find(collectionName)) !== undefined;
    return (timeSec) => collectionExistsResponse(isThere, timeSec);
  });
  host(collectionsService.collectionClusterInfo, async ({ collectionName }) => {
    const view = await views.cluster(await names.resolve(collectionName));
    return () => collectionClusterResponse(view);
  });
  host(collectionsService.create, async (message) => {
    const config = createCollectionOf(message, collections.defaults());
    await collections.create(message.collectionName, config, timeoutMsOfMessage(message));
    return (timeSec) => collectionOperationResponse(true, timeSec);
  });
  host(collectionsService.update, async (message) => {
    const patch = updateCollectionOf(message);
    await collections.update(message.collectionName, patch, timeoutMsOfMessage(message));
    return (timeSec) => collectionOperationResponse(true, timeSec);
  });
  host(collectionsService.delete, async (message) => {
    const { collectionName } = message;
    const wasThere = await collections.delete(collectionName, timeoutMsOfMessage(message));
    return (timeSec) => collectionOperationResponse(wasThere, timeSec);
  });
}

function hostUpdates({ names, writer }: GatewayCore, host: HostMethod): void {
  const update = <Message extends WriteMessage>(
    method: GrpcMethod<Message, ReturnType<typeof updateResponse>>,
    parse: (message: Message) => PointOperation,
  ) =>
    host(method, async (message) => {
      const parameters = writeParametersOf(message);
      const operation = parse(message);
      const collection = await names.resolve(message.collectionName);
      const outcome = await writer.write(collection, operation, parameters);
      return (timeSec) => updateResponse(outcome, timeSec);
    });
  update(pointsService.upsert, upsertOf);
  update(pointsService.delete, deletePointsOf);
  update(pointsService.setPayload, setPayloadOf);
  update(pointsService.overwritePayload, overwritePayloadOf);
  update(pointsService.deletePayload, deletePayloadOf);
  update(pointsService.clearPayload, clearPayloadOf);
}

function hostReads({ names, reader }: GatewayCore, host: HostMethod): void {
  host(pointsService.get, async (message) => {
    const parameters = readParametersOf(message);
    const request = retrieveOf(message);
    const collection = await names.resolve(message.collectionName);
    const records = await reader.retrieve(collection, request, parameters);
    return (timeSec) => retrieveResponse(records, timeSec);
  });
  host(pointsService.scroll, async (message) => {
    const parameters = readParametersOf(message);
    const query = scrollOf(message);
    const collection = await names.resolve(message.collectionName);
    const page = await reader.scroll(collection, query, parameters);
    return (timeSec) => scrollResponse(page.points, page.nextPageOffset, timeSec);
  });
  host(pointsService.count, async (message) => {
    const parameters = readParametersOf(message);
    const request = countOf(message);
    const collection = await names.resolve(message.collectionName);
    const count = await reader.count(collection, request, parameters);
    return (timeSec) => countResponse(count, timeSec);
  });
}

function hostQueries({ names, reader }: GatewayCore, host: HostMethod): void {
  const query = <Message extends ReadMessage, Response>(
    method: GrpcMethod<Message, Response>,
    parse: (message: Message) => readonly QueryRequest[],
    respond: (results: readonly (readonly ScoredPoint[])[], timeSec: number) => Response,
  ) =>
    host(method, async (message) => {
      const parameters = readParametersOf(message);
      const requests = parse(message);
      const collection = await names.resolve(message.collectionName);
      const results = await reader.query(collection, requests, parameters);
      return (timeSec) => respond(results, timeSec);
    });
  query(
    pointsService.search,
    (message) => [searchOf(message)],
    ([points = []], timeSec) => scoredResponse(points, timeSec),
  );
  query(
    pointsService.searchBatch,
    (message) => message.searchPoints.map(searchOf),
    scoredBatchResponse,
  );
  query(
    pointsService.query,
    (message) => [queryOf(message)],
    ([points = []], timeSec) => scoredResponse(points, timeSec),
  );
  query(
    pointsService.queryBatch,
    (message) => message.queryPoints.map(queryOf),
    scoredBatchResponse,
  );
}
