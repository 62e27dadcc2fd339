export * from './errors.ts';
export { ServingStatus } from './gen/health.ts';
export * from './grpc/collection-requests.ts';
export * from './grpc/collection-responses.ts';
export * from './grpc/parameters.ts';
export * from './grpc/points-requests.ts';
export * from './grpc/points-responses.ts';
export * from './grpc/services.ts';
export * from './prepare.ts';
export * from './query-parameters.ts';
export { checkCollectionName } from './requests/collection-parts.ts';
export { parseCreateCollection } from './requests/create-collection.ts';
export { parseBody } from './requests/json-reader.ts';
export { parseQuery, parseQueryBatch, parseSearch, parseSearchBatch } from './requests/query.ts';
export { parseCount, parsePointIdText, parseRetrieve, parseScroll } from './requests/read.ts';
export type * from './requests/request.ts';
export {
  parseClearPayload,
  parseDeletePayload,
  parseDeletePoints,
  parseOverwritePayload,
  parseSetPayload,
} from './requests/update.ts';
export { applyCollectionPatch, parseUpdateCollection } from './requests/update-collection.ts';
export { parseUpsert } from './requests/upsert.ts';
export { writeClusterStatus, writeCollectionCluster } from './responses/cluster-json.ts';
export { collectionConfigJson, writeCollectionInfo } from './responses/collection-json.ts';
export * from './responses/envelope.ts';
export { float32Text } from './responses/float-text.ts';
export * from './responses/points-json.ts';
export * from './responses/view.ts';
export * from './unsupported.ts';
