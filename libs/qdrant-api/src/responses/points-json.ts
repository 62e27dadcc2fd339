// Points as JSON text. Payloads are spliced in as the bytes they are stored as, never parsed.

import type {
  DistanceMatrix,
  FacetHit,
  NamedVectors,
  PayloadBytes,
  PointGroup,
  PointId,
  PointRecord,
  ScoredPoint,
  VectorValue,
  WholeFloat,
} from '@tributary/model';
import { isDense, isMulti, stringifyJson, UNNAMED_VECTOR } from '@tributary/model';
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

/** The result of a query in groups. */
export function writeGroups(groups: readonly PointGroup[]): string {
  return `{"groups":${listText(groups, groupText)}}`;
}

function groupText({ id, hits, lookup }: PointGroup): string {
  const key = typeof id === 'string' ? JSON.stringify(id) : String(id);
  const found = lookup === undefined ? '' : `,"lookup":${writeRecord(lookup)}`;
  return `{"hits":${writeScoredPoints(hits)},"id":${key}${found}}`;
}

/** The result of a facet. */
export function writeFacet(hits: readonly FacetHit[]): string {
  return stringifyJson({ hits: hits.map(({ value, count }) => ({ value, count })) });
}

/** The result of a matrix as pairs of points. */
export function writeMatrixPairs({ ids, rows }: DistanceMatrix): string {
  const pairs = rows.flatMap((row, i) =>
    row.map(({ id, score }) => {
      const ends = `"a":${idText(ids[i] ?? 0)},"b":${idText(id)}`;
      return `{${ends},"score":${float32Text(score)}}`;
    }),
  );
  return `{"pairs":[${pairs.join(',')}]}`;
}

/** The result of a matrix as coordinates into the list of ids. */
export function writeMatrixOffsets({ ids, rows }: DistanceMatrix): string {
  const offsetOf = new Map(ids.map((id, i) => [id, i]));
  const cells = rows.flatMap((row, i) =>
    row.map(({ id, score }) => ({ row: i, column: offsetOf.get(id) ?? 0, score })),
  );
  const rowOffsets = cells.map((cell) => cell.row).join(',');
  const columnOffsets = cells.map((cell) => cell.column).join(',');
  const scores = cells.map((cell) => float32Text(cell.score)).join(',');
  const offsets = `"offsets_row":[${rowOffsets}],"offsets_col":[${columnOffsets}]`;
  return `{${offsets},"scores":[${scores}],"ids":${listText(ids, idText)}}`;
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

function contentText({ payload, vectors, orderValue }: PointRecord): string {
  let text = '';
  if (payload !== undefined) text += `,"payload":${payloadText(payload)}`;
  if (vectors !== undefined) text += `,"vector":${vectorsText(vectors)}`;
  if (orderValue !== undefined) text += `,"order_value":${orderText(orderValue)}`;
  return text;
}

function orderText(value: number | WholeFloat): string {
  return typeof value === 'number' ? String(value) : stringifyJson(value);
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
  if (unnamed !== undefined) return valueText(unnamed);
  const items = names.map((name) => `${JSON.stringify(name)}:${valueText(vectors[name] ?? NONE)}`);
  return `{${items.join(',')}}`;
}

function valueText(vector: VectorValue): string {
  if (isDense(vector)) return vectorText(vector);
  if (!isMulti(vector)) {
    return `{"indices":[${vector.indices.join(',')}],"values":${vectorText(vector.values)}}`;
  }
  const { size, rows } = vector;
  const texts: string[] = [];
  for (let start = 0; start < rows.length; start += size) {
    texts.push(vectorText(rows.subarray(start, start + size)));
  }
  return `[${texts.join(',')}]`;
}

const NONE = new Float32Array(0);

function listText<T>(items: readonly T[], write: (item: T) => string): string {
  if (items.length === 0) return '[]';
  let text = '';
  for (const item of items) text += `,${write(item)}`;
  return `[${text.slice(1)}]`;
}
