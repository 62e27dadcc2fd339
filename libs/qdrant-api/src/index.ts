export * from './errors.ts';
export { ServingStatus } from './gen/health.ts';
export * from './grpc/collection-requests.ts';
export * from './grpc/collection-responses.ts';
export * from './grpc/descriptors.ts';
export { createFieldIndexOf, deleteFieldIndexOf } from './grpc/field-index.ts';
export type { InParts, MessageParts } from './grpc/message-parts.ts';
export * from './grpc/parameters.ts';
export * from './grpc/points-responses.ts';
export { queryOf } from './grpc/query-requests.ts';
export * from './grpc/read-requests.ts';
export * from './grpc/search-requests.ts';
export * from './grpc/services.ts';
export {
  clearPayloadMessageSteps,
  deletePayloadMessageSteps,
  deletePointsMessageSteps,
  deleteVectorsMessageSteps,
  overwritePayloadMessageSteps,
  setPayloadMessageSteps,
  updateBatchMessageSteps,
  updateVectorsMessageSteps,
  upsertMessageSteps,
} from './grpc/write-requests.ts';
export * from './prepare.ts';
export * from './query-parameters.ts';
export { parseAliasActions } from './requests/aliases.ts';
export { type Bm25Options, parseBm25Options } from './requests/bm25-options.ts';
export { checkCollectionName } from './requests/collection-parts.ts';
export { parseCreateCollection } from './requests/create-collection.ts';
export { parseFacet, parseMatrix } from './requests/facet.ts';
export { parseCreateFieldIndex, parseFieldName } from './requests/field-index.ts';
export { bodySteps, parseBody } from './requests/json-reader.ts';
export {
  parseDiscover,
  parseDiscoverBatch,
  parseRecommend,
  parseRecommendBatch,
  parseRecommendGroups,
  parseSearch,
  parseSearchBatch,
  parseSearchGroups,
} from './requests/legacy-query.ts';
export { parseQuery, parseQueryBatch, parseQueryGroups } from './requests/query.ts';
export { parseQuotas } from './requests/quotas.ts';
export { parseCount, parsePointIdText, parseRetrieve, parseScroll } from './requests/read.ts';
export type * from './requests/request.ts';
export {
  clearPayloadSteps,
  deletePayloadSteps,
  deletePointsSteps,
  deleteVectorsSteps,
  overwritePayloadSteps,
  setPayloadSteps,
  updateVectorsSteps,
} from './requests/update.ts';
export { updateBatchSteps } from './requests/update-batch.ts';
export { applyCollectionPatch, parseUpdateCollection } from './requests/update-collection.ts';
export { upsertSteps } from './requests/upsert.ts';
export { unknownVectorName } from './requests/vector.ts';
export {
  isSameVector,
  parseCreateVectorName,
  parseVectorName,
  vectorExists,
} from './requests/vector-name.ts';
export { writeClusterStatus, writeCollectionCluster } from './responses/cluster-json.ts';
export { writeAliases, writeCollectionInfo } from './responses/collection-json.ts';
export * from './responses/envelope.ts';
export * from './responses/issues-json.ts';
export * from './responses/memory-json.ts';
export * from './responses/optimizations-json.ts';
export * from './responses/points-json.ts';
export { isExceeded, type QuotasView, writeQuotas } from './responses/quotas-json.ts';
export { writeClusterTelemetry, writeTelemetry } from './responses/telemetry-json.ts';
export * from './responses/view.ts';
export * from './unsupported.ts';
