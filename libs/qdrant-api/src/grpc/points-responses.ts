// What the model answers about points, as protobuf messages. Times are in seconds.

import type {
  DistanceMatrix,
  FacetHit,
  PointGroup,
  PointId,
  PointRecord,
  ScoredPoint,
} from '@tributary/model';
import { WholeFloat } from '@tributary/model';
import {
  type BatchResult,
  type CountResponse,
  type FacetResponse,
  type FacetValue,
  type GetResponse,
  type GroupId,
  type PointGroup as PointGroupMessage,
  type PointsOperationResponse,
  type QueryGroupsResponse,
  type RetrievedPoint,
  type ScoredPoint as ScoredPointMessage,
  type ScrollResponse,
  type SearchMatrixOffsetsResponse,
  type SearchMatrixPairsResponse,
  type UpdateBatchResponse,
  type UpdateResult,
  UpdateStatus,
} from '../gen/points.ts';
import type { UpdateView } from '../responses/view.ts';
import { pointIdMessage } from './ids.ts';
import { entriesOfPayload } from './payload-writer.ts';
import { bytesOf, vectorsMessage } from './vectors.ts';

const STATUSES = {
  acknowledged: UpdateStatus.Acknowledged,
  completed: UpdateStatus.Completed,
  wait_timeout: UpdateStatus.WaitTimeout,
} as const;

const I64_LIMIT = 2n ** 63n;
const U64_LIMIT = 2n ** 64n;

export function updateResponse(view: UpdateView, timeSec: number): PointsOperationResponse {
  return { result: updateResult(view), time: timeSec };
}

/** One result an operation. */
export function updateBatchResponse(
  views: readonly UpdateView[],
  timeSec: number,
): UpdateBatchResponse {
  return { result: views.map(updateResult), time: timeSec };
}

function updateResult({ status, operationId }: UpdateView): UpdateResult {
  const id = operationId === undefined ? undefined : BigInt(operationId);
  return { operationId: id, status: STATUSES[status] };
}

/** The answer to Search, Query, Recommend and Discover. */
export function scoredResponse(
  points: readonly ScoredPoint[],
  timeSec: number,
): { result: ScoredPointMessage[]; time: number } {
  return { result: points.map(scoredPointMessage), time: timeSec };
}

/** The answer to the batches of these. */
export function scoredBatchResponse(
  batch: readonly (readonly ScoredPoint[])[],
  timeSec: number,
): { result: BatchResult[]; time: number } {
  const result = batch.map((points) => ({ result: points.map(scoredPointMessage) }));
  return { result, time: timeSec };
}

/** The answer to SearchGroups, QueryGroups and RecommendGroups. */
export function groupsResponse(
  groups: readonly PointGroup[],
  timeSec: number,
): QueryGroupsResponse {
  return { result: { groups: groups.map(groupMessage) }, time: timeSec };
}

function groupMessage({ id, hits, lookup }: PointGroup): PointGroupMessage {
  return {
    id: groupIdMessage(id),
    hits: hits.map(scoredPointMessage),
    lookup: lookup && recordMessage(lookup),
  };
}

function groupIdMessage(id: PointGroup['id']): GroupId {
  if (typeof id === 'string') return { stringValue: id };
  if (id >= 0 && id < U64_LIMIT) return { unsignedValue: BigInt(id) };
  if (id < 0 && id >= -I64_LIMIT) return { integerValue: BigInt(id) };
  // A payload may hold whole numbers that no integer of protobuf does.
  return { stringValue: String(id) };
}

export function facetResponse(hits: readonly FacetHit[], timeSec: number): FacetResponse {
  const messages = hits.map(({ value, count }) => ({
    value: facetValueMessage(value),
    count: BigInt(count),
  }));
  return { hits: messages, time: timeSec };
}

function facetValueMessage(value: FacetHit['value']): FacetValue {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  const isInteger64 = value >= -I64_LIMIT && value < I64_LIMIT;
  return isInteger64 ? { integerValue: BigInt(value) } : { stringValue: String(value) };
}

export function matrixPairsResponse(
  { ids, rows }: DistanceMatrix,
  timeSec: number,
): SearchMatrixPairsResponse {
  const pairs = ids.flatMap((a, row) =>
    (rows[row] ?? []).map(({ id, score }) => ({
      a: pointIdMessage(a),
      b: pointIdMessage(id),
      score,
    })),
  );
  return { result: { pairs }, time: timeSec };
}

export function matrixOffsetsResponse(
  { ids, rows }: DistanceMatrix,
  timeSec: number,
): SearchMatrixOffsetsResponse {
  const offsets = new Map(ids.map((id, offset) => [id, BigInt(offset)]));
  const cells = rows.flatMap((row, i) =>
    row.map(({ id, score }) => ({ row: BigInt(i), column: offsets.get(id) ?? 0n, score })),
  );
  return {
    result: {
      offsetsRow: cells.map(({ row }) => row),
      offsetsCol: cells.map(({ column }) => column),
      scores: bytesOf(Float32Array.from(cells, ({ score }) => score)),
      ids: ids.map(pointIdMessage),
    },
    time: timeSec,
  };
}

export function retrieveResponse(records: readonly PointRecord[], timeSec: number): GetResponse {
  return { result: records.map(recordMessage), time: timeSec };
}

/** `next` is the first id of the page after this one, undefined after the last. */
export function scrollResponse(
  records: readonly PointRecord[],
  next: PointId | undefined,
  timeSec: number,
): ScrollResponse {
  const nextPageOffset = next === undefined ? undefined : pointIdMessage(next);
  return { nextPageOffset, result: records.map(recordMessage), time: timeSec };
}

export function countResponse(count: number, timeSec: number): CountResponse {
  return { result: { count: BigInt(count) }, time: timeSec };
}

function scoredPointMessage(point: ScoredPoint): ScoredPointMessage {
  return { ...recordMessage(point), score: point.score, version: BigInt(point.version) };
}

function recordMessage({ id, payload, vectors, orderValue }: PointRecord): RetrievedPoint {
  return {
    id: pointIdMessage(id),
    payload: payload === undefined ? [] : entriesOfPayload(payload),
    vectors: vectors === undefined ? undefined : vectorsMessage(vectors),
    orderValue: orderValue === undefined ? undefined : orderValueMessage(orderValue),
  };
}

function orderValueMessage(value: number | WholeFloat) {
  if (value instanceof WholeFloat) return { float: value.value };
  return Number.isSafeInteger(value) ? { int: BigInt(value) } : { float: value };
}
