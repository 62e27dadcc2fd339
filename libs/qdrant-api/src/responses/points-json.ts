// Points as JSON text. Payloads are spliced in as the bytes they are stored as, never parsed.

import type {
  NamedVectors,
  PayloadBytes,
  PointId,
  PointRecord,
  ScoredPoint,
} from '@tributary/model';
import { UNNAMED_VECTOR } from '@tributary/model';
import { float32Text, vectorText } from './float-text.ts';

/** The result of a search. */
export function writeScoredPoints(points: readonly ScoredPoint[]): string {
  return listText(points, scoredPointText);
}

/** The result of a batch of searches. */
export function writeScoredBatch(batch: readonly (readonly ScoredPoint[])[]): string {
  return listText(batch, writeScoredPoints);
}

/** The result of a query. */
export function writeQueryResult(points: readonly ScoredPoint[]): string {
  return `{"points":${writeScoredPoints(points)}}`;
}

/** The result of a batch of queries. */
export function writeQueryBatch(batch: readonly (readonly ScoredPoint[])[]): string {
  return listText(batch, writeQueryResult);
}

/** The result of a GET of one point. */
export function writeRecord(record: PointRecord): string {
  return `{"id":${idText(record.id)}${contentText(record)}}`;
}

/** The result of retrieving points by id. */
export function writeRecords(records: readonly PointRecord[]): string {
  return listText(records, writeRecord);
}

/** One page of a scroll; `next` is the first id of the page after it, undefined after the last. */
export function writeScrollPage(records: readonly PointRecord[], next?: PointId): string {
  const offset = next === undefined ? 'null' : idText(next);
  return `{"points":${writeRecords(records)},"next_page_offset":${offset}}`;
}

function scoredPointText(point: ScoredPoint): string {
  const { id, version, score } = point;
  const head = `{"id":${idText(id)},"version":${version},"score":${float32Text(score)}`;
  return `${head}${contentText(point)}}`;
}

function contentText({ payload, vectors }: PointRecord): string {
  let text = '';
  if (payload !== undefined) text += `,"payload":${payloadText(payload)}`;
  if (vectors !== undefined) text += `,"vector":${vectorsText(vectors)}`;
  return text;
}

function idText(id: PointId): string {
  return typeof id === 'string' ? `"${id}"` : String(id);
}

function payloadText(payload: PayloadBytes): string {
  if (payload.length === 0) return '{}';
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8');
}

/** The vector itself where it has no name, else an object by name. */
function vectorsText(vectors: NamedVectors): string {
  const names = Object.keys(vectors);
  const unnamed = names.length === 1 ? vectors[UNNAMED_VECTOR] : undefined;
  if (unnamed !== undefined) return vectorText(unnamed);
  const items = names.map((name) => `${JSON.stringify(name)}:${vectorText(vectors[name] ?? NONE)}`);
  return `{${items.join(',')}}`;
}

const NONE = new Float32Array(0);

function listText<T>(items: readonly T[], write: (item: T) => string): string {
  if (items.length === 0) return '[]';
  let text = '';
  for (const item of items) text += `,${write(item)}`;
  return `[${text.slice(1)}]`;
}
