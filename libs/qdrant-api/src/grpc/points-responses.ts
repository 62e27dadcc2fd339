// What the model answers about points, as protobuf messages, in parts where they are large. Times are in seconds.

import type {
  DistanceMatrix,
  FacetHit,
  OrderValue,
  PointGroup,
  PointId,
  PointRecord,
  ScoredPoint,
} from '@tributary/model';
import { WholeFloat } from '@tributary/model';
import {
  BatchResult,
  type CountResponse,
  type FacetResponse,
  type FacetValue,
  type GetResponse,
  type GroupId,
  GroupsResult,
  PointGroup as PointGroupMessage,
  type PointsOperationResponse,
  type QueryGroupsResponse,
  type RetrievedPoint,
  type ScoredPoint as ScoredPointMessage,
  type ScrollResponse,
  SearchMatrixOffsets,
  type SearchMatrixOffsetsResponse,
  SearchMatrixPairs,
  type SearchMatrixPairsResponse,
  type UpdateBatchResponse,
  type UpdateResult,
  UpdateStatus,
} from '../gen/points.ts';
import type { UpdateView } from '../responses/view.ts';
import { pointIdMessage } from './ids.ts';
import {
  type InParts,
  isSmall,
  MessageParts,
  nested,
  partsOfPoints,
  thousands,
} from './message-parts.ts';
import { entriesOfPayload } from './payload-writer.ts';
import { bytesOf, vectorsMessage } from './vectors.ts';

const STATUSES = {
  acknowledged: UpdateStatus.Acknowledged,
  completed: UpdateStatus.Completed,
  wait_timeout: UpdateStatus.WaitTimeout,
} as const;

/** Numbers of fields: what an answer is about, and the groups of a result in groups. */
const RESULT = 1;
const GROUPS = 1;

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

interface ScoredResponse {
  readonly result: ScoredPointMessage[];
  readonly time: number;
}

/** The answer to Search, Query, Recommend and Discover. */
export function scoredResponse(
  points: readonly ScoredPoint[],
  timeSec: number,
): InParts<ScoredResponse> {
  if (isSmall(points)) return { result: points.map(scoredPointMessage), time: timeSec };
  return new MessageParts(scoredParts(points, timeSec));
}

function* scoredParts(points: readonly ScoredPoint[], time: number): Generator<ScoredResponse> {
  for (const part of partsOfPoints(points)) {
    yield { result: part.map(scoredPointMessage), time: 0 };
  }
  yield { result: [], time };
}

interface BatchResponse {
  readonly result: BatchResult[];
  readonly time: number;
}

/** The answer to the batches of these. */
export function scoredBatchResponse(
  batch: readonly (readonly ScoredPoint[])[],
  timeSec: number,
): InParts<BatchResponse> {
  if (isSmall(batch.flat())) {
    const result = batch.map((points) => ({ result: points.map(scoredPointMessage) }));
    return { result, time: timeSec };
  }
  return new MessageParts(batchParts(batch, timeSec));
}

function* batchParts(
  batch: readonly (readonly ScoredPoint[])[],
  time: number,
): Generator<BatchResponse | Uint8Array> {
  for (const points of batch) {
    if (isSmall(points)) yield { result: [{ result: points.map(scoredPointMessage) }], time: 0 };
    else
      yield* nested(
        RESULT,
        encodedHits(points, (result) => BatchResult.encode({ result })),
      );
  }
  yield { result: [], time };
}

/** The answer to SearchGroups, QueryGroups and RecommendGroups. */
export function groupsResponse(
  groups: readonly PointGroup[],
  timeSec: number,
): InParts<QueryGroupsResponse> {
  const points = groups.flatMap(({ hits, lookup }): readonly PointRecord[] => {
    return lookup === undefined ? hits : [...hits, lookup];
  });
  if (isSmall(points)) return { result: { groups: groups.map(groupMessage) }, time: timeSec };
  return new MessageParts(groupsParts(groups, timeSec));
}

function* groupsParts(
  groups: readonly PointGroup[],
  time: number,
): Generator<QueryGroupsResponse | Uint8Array> {
  yield* nested(RESULT, encodedGroups(groups));
  yield { result: undefined, time };
}

function* encodedGroups(groups: readonly PointGroup[]): Generator<Uint8Array> {
  for (const group of groups) {
    const { id, hits, lookup } = group;
    if (isSmall(hits)) {
      yield GroupsResult.encode({ groups: [groupMessage(group)] }).finish();
    } else yield* nested(GROUPS, encodedGroup(groupIdMessage(id), hits, lookup));
  }
}

function* encodedGroup(
  id: GroupId,
  hits: readonly ScoredPoint[],
  lookup: PointRecord | undefined,
): Generator<Uint8Array> {
  yield PointGroupMessage.encode({ id, hits: [], lookup: undefined }).finish();
  yield* encodedHits(hits, (part) =>
    PointGroupMessage.encode({ id: undefined, hits: part, lookup: undefined }),
  );
  if (lookup === undefined) return;
  const last = { id: undefined, hits: [], lookup: recordMessage(lookup) };
  yield PointGroupMessage.encode(last).finish();
}

function* encodedHits(
  points: readonly ScoredPoint[],
  encode: (hits: ScoredPointMessage[]) => { finish(): Uint8Array },
): Generator<Uint8Array> {
  for (const part of partsOfPoints(points)) yield encode(part.map(scoredPointMessage)).finish();
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

export function facetResponse(hits: readonly FacetHit[], timeSec: number): InParts<FacetResponse> {
  return new MessageParts(facetParts(hits, timeSec));
}

function* facetParts(hits: readonly FacetHit[], time: number): Generator<FacetResponse> {
  for (const part of thousands(hits)) {
    const messages = part.map(({ value, count }) => ({
      value: facetValueMessage(value),
      count: BigInt(count),
    }));
    yield { hits: messages, time: 0 };
  }
  yield { hits: [], time };
}

function facetValueMessage(value: FacetHit['value']): FacetValue {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  const isInteger64 = value >= -I64_LIMIT && value < I64_LIMIT;
  return isInteger64 ? { integerValue: BigInt(value) } : { stringValue: String(value) };
}

export function matrixPairsResponse(
  matrix: DistanceMatrix,
  timeSec: number,
): InParts<SearchMatrixPairsResponse> {
  return new MessageParts(pairsParts(matrix, timeSec));
}

function* pairsParts(
  { ids, rows }: DistanceMatrix,
  time: number,
): Generator<SearchMatrixPairsResponse | Uint8Array> {
  yield* nested(RESULT, encodedPairs(ids, rows));
  yield { result: undefined, time };
}

function* encodedPairs(
  ids: DistanceMatrix['ids'],
  rows: DistanceMatrix['rows'],
): Generator<Uint8Array> {
  for (const [row, a] of ids.entries()) {
    const pairs = (rows[row] ?? []).map(({ id, score }) => {
      return { a: pointIdMessage(a), b: pointIdMessage(id), score };
    });
    yield SearchMatrixPairs.encode({ pairs }).finish();
  }
}

export function matrixOffsetsResponse(
  matrix: DistanceMatrix,
  timeSec: number,
): InParts<SearchMatrixOffsetsResponse> {
  return new MessageParts(offsetsParts(matrix, timeSec));
}

function* offsetsParts(
  { ids, rows }: DistanceMatrix,
  time: number,
): Generator<SearchMatrixOffsetsResponse | Uint8Array> {
  yield* nested(RESULT, encodedOffsets(ids, rows));
  yield { result: undefined, time };
}

/** Lists of numbers may come in several pieces, as other repeated fields do. */
function* encodedOffsets(
  ids: DistanceMatrix['ids'],
  rows: DistanceMatrix['rows'],
): Generator<Uint8Array> {
  const offsets = new Map(ids.map((id, offset) => [id, BigInt(offset)]));
  for (const [i, row] of rows.entries()) {
    yield SearchMatrixOffsets.encode({
      offsetsRow: row.map(() => BigInt(i)),
      offsetsCol: row.map(({ id }) => offsets.get(id) ?? 0n),
      scores: bytesOf(Float32Array.from(row, ({ score }) => score)),
      ids: [],
    }).finish();
  }
  const none = { offsetsRow: [], offsetsCol: [], scores: new Uint8Array(0) };
  for (const part of thousands(ids)) {
    yield SearchMatrixOffsets.encode({ ...none, ids: part.map(pointIdMessage) }).finish();
  }
}

export function retrieveResponse(
  records: readonly PointRecord[],
  timeSec: number,
): InParts<GetResponse> {
  if (isSmall(records)) return { result: records.map(recordMessage), time: timeSec };
  return new MessageParts(recordParts(records, timeSec));
}

function* recordParts(records: readonly PointRecord[], time: number): Generator<GetResponse> {
  for (const part of partsOfPoints(records)) yield { result: part.map(recordMessage), time: 0 };
  yield { result: [], time };
}

/** `next` is the first id of the page after this one, undefined after the last. */
export function scrollResponse(
  records: readonly PointRecord[],
  next: PointId | undefined,
  timeSec: number,
): InParts<ScrollResponse> {
  const nextPageOffset = next === undefined ? undefined : pointIdMessage(next);
  if (isSmall(records)) {
    return { nextPageOffset, result: records.map(recordMessage), time: timeSec };
  }
  return new MessageParts(scrollParts(records, nextPageOffset, timeSec));
}

function* scrollParts(
  records: readonly PointRecord[],
  nextPageOffset: ScrollResponse['nextPageOffset'],
  time: number,
): Generator<ScrollResponse> {
  for (const part of partsOfPoints(records)) {
    yield { nextPageOffset: undefined, result: part.map(recordMessage), time: 0 };
  }
  yield { nextPageOffset, result: [], time };
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

function orderValueMessage(value: OrderValue) {
  if (typeof value === 'bigint') return { int: value };
  if (value instanceof WholeFloat) return { float: value.value };
  return Number.isSafeInteger(value) ? { int: BigInt(value) } : { float: value };
}
