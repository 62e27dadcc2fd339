// What the model answers about points, as protobuf messages. Times are in seconds.

import type { PointId, PointRecord, ScoredPoint } from '@tributary/model';
import {
  type BatchResult,
  type CountResponse,
  type GetResponse,
  type PointsOperationResponse,
  type RetrievedPoint,
  type ScoredPoint as ScoredPointMessage,
  type ScrollResponse,
  UpdateStatus,
} from '../gen/points.ts';
import type { UpdateView } from '../responses/view.ts';
import { pointIdMessage } from './ids.ts';
import { entriesOfPayload } from './payload-writer.ts';
import { vectorsMessage } from './vectors.ts';

const STATUSES = {
  acknowledged: UpdateStatus.Acknowledged,
  completed: UpdateStatus.Completed,
  wait_timeout: UpdateStatus.WaitTimeout,
} as const;

export function updateResponse(view: UpdateView, timeSec: number): PointsOperationResponse {
  const { status, operationId } = view;
  const id = operationId === undefined ? undefined : BigInt(operationId);
  return { result: { operationId: id, status: STATUSES[status] }, time: timeSec };
}

/** The answer to Search and Query. */
export function scoredResponse(
  points: readonly ScoredPoint[],
  timeSec: number,
): { result: ScoredPointMessage[]; time: number } {
  return { result: points.map(scoredPointMessage), time: timeSec };
}

/** The answer to SearchBatch and QueryBatch. */
export function scoredBatchResponse(
  batch: readonly (readonly ScoredPoint[])[],
  timeSec: number,
): { result: BatchResult[]; time: number } {
  const result = batch.map((points) => ({ result: points.map(scoredPointMessage) }));
  return { result, time: timeSec };
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

function recordMessage({ id, payload, vectors }: PointRecord): RetrievedPoint {
  return {
    id: pointIdMessage(id),
    payload: payload === undefined ? [] : entriesOfPayload(payload),
    vectors: vectors === undefined ? undefined : vectorsMessage(vectors),
  };
}
