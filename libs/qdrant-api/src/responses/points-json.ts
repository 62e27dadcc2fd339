// Points as JSON text, piece by piece: an answer of a hundred megabytes is never one string, and its writer may
// do other work between two pieces. A piece takes well below a millisecond. Payloads are spliced in as the bytes they
// are stored as, never parsed.

import type {
  DistanceMatrix,
  FacetHit,
  NamedVectors,
  OrderValue,
  PayloadBytes,
  PointGroup,
  PointId,
  PointRecord,
  ScoredPoint,
  VectorValue,
} from '@tributary/model';
import { isDense, isMulti, stringifyJson, UNNAMED_VECTOR } from '@tributary/model';
import { float32Text, vectorText } from './float-text.ts';

/** Joined they are the text. */
export type JsonPieces = Iterable<string>;

/** Numbers whose text makes one piece; a float takes about 0.3 µs. */
const NUMBERS_PER_PIECE = 2_048;
const PIECE_LENGTH = 16 * 1024;

/** The result of a search. */
export function writeScoredPoints(points: readonly ScoredPoint[]): JsonPieces {
  return bracketed(listedPieces(points, scoredPointHead));
}

/** The result of a batch of searches. */
export function writeScoredBatch(batch: readonly (readonly ScoredPoint[])[]): JsonPieces {
  return listPieces(batch, writeScoredPoints);
}

/** The result of a query. */
export function* writeQueryResult(points: readonly ScoredPoint[]): JsonPieces {
  yield '{"points":';
  yield* writeScoredPoints(points);
  yield '}';
}

/** The result of a batch of queries. */
export function writeQueryBatch(batch: readonly (readonly ScoredPoint[])[]): JsonPieces {
  return listPieces(batch, writeQueryResult);
}

/** The result of a query in groups. */
export function* writeGroups(groups: readonly PointGroup[]): JsonPieces {
  yield '{"groups":';
  yield* listPieces(groups, groupPieces);
  yield '}';
}

function* groupPieces({ id, hits, lookup }: PointGroup): JsonPieces {
  yield '{"hits":';
  yield* writeScoredPoints(hits);
  yield `,"id":${typeof id === 'string' ? JSON.stringify(id) : String(id)}`;
  if (lookup !== undefined) {
    yield ',"lookup":';
    yield* writeRecord(lookup);
  }
  yield '}';
}

/** The result of a facet. */
export function* writeFacet(hits: readonly FacetHit[]): JsonPieces {
  yield '{"hits":';
  yield* listPieces(hits, ({ value, count }) => [stringifyJson({ value, count })]);
  yield '}';
}

/** The result of a matrix as pairs of points. */
export function* writeMatrixPairs({ ids, rows }: DistanceMatrix): JsonPieces {
  yield '{"pairs":[';
  let isFirst = true;
  for (const [i, row] of rows.entries()) {
    if (row.length === 0) continue;
    const a = idText(ids[i] ?? 0);
    const pairs = row.map(
      ({ id, score }) => `{"a":${a},"b":${idText(id)},"score":${float32Text(score)}}`,
    );
    yield `${isFirst ? '' : ','}${pairs.join(',')}`;
    isFirst = false;
  }
  yield ']}';
}

/** The result of a matrix as coordinates into the list of ids. */
export function* writeMatrixOffsets({ ids, rows }: DistanceMatrix): JsonPieces {
  const offsetOf = new Map(ids.map((id, i) => [id, i]));
  const lists: readonly (readonly [
    string,
    (cell: DistanceMatrix['rows'][0][0], row: number) => string,
  ])[] = [
    ['{"offsets_row":[', (_, row) => String(row)],
    ['],"offsets_col":[', ({ id }) => String(offsetOf.get(id) ?? 0)],
    ['],"scores":[', ({ score }) => float32Text(score)],
  ];
  for (const [head, write] of lists) {
    yield head;
    let isFirst = true;
    for (const [i, row] of rows.entries()) {
      if (row.length === 0) continue;
      yield `${isFirst ? '' : ','}${row.map((cell) => write(cell, i)).join(',')}`;
      isFirst = false;
    }
  }
  yield '],"ids":';
  yield* listPieces(ids, (id) => [idText(id)]);
  yield '}';
}

/** The result of a GET of one point. */
export function writeRecord(record: PointRecord): JsonPieces {
  return listedPieces([record], recordHead);
}

/** The result of retrieving points by id. */
export function writeRecords(records: readonly PointRecord[]): JsonPieces {
  return bracketed(listedPieces(records, recordHead));
}

/** One page of a scroll; `next` is the first id of the page after it, undefined after the last. */
export function* writeScrollPage(records: readonly PointRecord[], next?: PointId): JsonPieces {
  yield '{"points":';
  yield* writeRecords(records);
  yield `,"next_page_offset":${next === undefined ? 'null' : idText(next)}}`;
}

function recordHead({ id }: PointRecord): string {
  return `{"id":${idText(id)}`;
}

function scoredPointHead({ id, version, score }: ScoredPoint): string {
  return `{"id":${idText(id)},"version":${version},"score":${float32Text(score)}`;
}

/** Points with commas between them. Those that make little text share a piece: most answers are one. */
function* listedPieces<T extends PointRecord>(
  points: readonly T[],
  head: (point: T) => string,
): JsonPieces {
  let text = '';
  let isFirst = true;
  for (const point of points) {
    text += isFirst ? head(point) : `,${head(point)}`;
    isFirst = false;
    const { payload, vectors, orderValue } = point;
    if (payload !== undefined) text += `,"payload":${payloadText(payload)}`;
    if (vectors !== undefined) {
      yield `${text},"vector":`;
      text = '';
      yield* vectorsPieces(vectors);
    }
    text += orderValue === undefined ? '}' : `,"order_value":${orderText(orderValue)}}`;
    if (text.length < PIECE_LENGTH) continue;
    yield text;
    text = '';
  }
  if (text !== '') yield text;
}

function* bracketed(pieces: JsonPieces): JsonPieces {
  yield '[';
  yield* pieces;
  yield ']';
}

function orderText(value: OrderValue): string {
  return typeof value === 'bigint' ? String(value) : stringifyJson(value);
}

function idText(id: PointId): string {
  return typeof id === 'string' ? `"${id}"` : String(id);
}

function payloadText(payload: PayloadBytes): string {
  if (payload.length === 0) return '{}';
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8');
}

/** The vector itself where it has no name, else an object by name. */
function* vectorsPieces(vectors: NamedVectors): JsonPieces {
  const names = Object.keys(vectors);
  const unnamed = names.length === 1 ? vectors[UNNAMED_VECTOR] : undefined;
  if (unnamed !== undefined) return yield* valuePieces(unnamed);
  yield '{';
  for (const [i, name] of names.entries()) {
    yield `${i === 0 ? '' : ','}${JSON.stringify(name)}:`;
    yield* valuePieces(vectors[name] ?? NONE);
  }
  yield '}';
}

function* valuePieces(vector: VectorValue): JsonPieces {
  if (isDense(vector)) yield* numberPieces(vector, vectorText);
  else if (isMulti(vector)) {
    const { size, rows } = vector;
    for (let start = 0; start < rows.length; start += size) {
      yield start === 0 ? '[' : ',';
      yield* numberPieces(rows.subarray(start, start + size), vectorText);
    }
    yield rows.length === 0 ? '[]' : ']';
  } else {
    yield '{"indices":';
    yield* numberPieces(vector.indices, (indices) => `[${indices.join(',')}]`);
    yield ',"values":';
    yield* numberPieces(vector.values, vectorText);
    yield '}';
  }
}

/** A list of numbers, whose text `write` makes of part of them. */
function* numberPieces<T extends Float32Array | Uint32Array>(
  numbers: T,
  write: (part: T) => string,
): JsonPieces {
  if (numbers.length <= NUMBERS_PER_PIECE) return yield write(numbers);
  for (let from = 0; from < numbers.length; from += NUMBERS_PER_PIECE) {
    const to = Math.min(from + NUMBERS_PER_PIECE, numbers.length);
    const inner = write(numbers.subarray(from, to) as T).slice(1, -1);
    yield `${from === 0 ? '[' : ','}${inner}${to === numbers.length ? ']' : ''}`;
  }
}

const NONE = new Float32Array(0);

function* listPieces<T>(items: readonly T[], write: (item: T) => JsonPieces): JsonPieces {
  let isFirst = true;
  for (const item of items) {
    yield isFirst ? '[' : ',';
    isFirst = false;
    yield* write(item);
  }
  yield isFirst ? '[]' : ']';
}
