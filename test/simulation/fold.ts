// The state that a log must lead to, by the plainest code there is: no batches, no overlay, one operation at a time.

import {
  type Entry,
  type Filter,
  isDense,
  isSparse,
  matchesFilter,
  mergePayload,
  NO_PAYLOAD,
  overwritePayload,
  type PayloadSchema,
  type PointId,
  type PointOperation,
  type PointSelector,
  payloadFromBytes,
  payloadToBytes,
  removePayloadKeys,
  type Sequence,
  type StoredPoint,
  textIndexesOf,
  type VectorValue,
} from '@tributary/model';
import { ContentHash, pointDigest } from '@tributary/storage';
import type { StreamMessage } from '@tributary/stream';
import { decodeEntry } from '@tributary/wire';

export const DIMENSION = 3;
/** Values of a row of the multi vector. */
export const ROW_SIZE = 2;

export type Points = ReadonlyMap<PointId, StoredPoint>;

interface Content {
  readonly points: Points;
  readonly payloadSchema: PayloadSchema;
}

export interface Folded extends Content {
  readonly contentHash: string;
  /** Entries of the shard up to here. */
  readonly count: number;
}

const NOTHING: Folded = {
  points: new Map(),
  payloadSchema: {},
  contentHash: new ContentHash().toString(),
  count: 0,
};

/** Folds messages of one shard; remembers the state at every sequence and what must be refused. */
export class Fold {
  readonly #history: { readonly at: Sequence; readonly folded: Folded }[] = [];
  readonly refused: Sequence[] = [];
  #last = NOTHING;
  #lastSequence = 0;

  take(message: Pick<StreamMessage, 'sequence' | 'data'>): void {
    const content = foldEntry(this.#last, message);
    if (content === undefined) this.refused.push(message.sequence);
    const { points, payloadSchema } = content ?? this.#last;
    const count = this.#last.count + 1;
    this.#last = { points, payloadSchema, contentHash: hashOf(points), count };
    this.#lastSequence = message.sequence;
    this.#history.push({ at: message.sequence, folded: this.#last });
  }

  get lastSequence(): number {
    return this.#lastSequence;
  }

  /** The state once everything up to `applied` is folded. */
  at(applied: number): Folded {
    return this.#history.findLast(({ at }) => at <= applied)?.folded ?? NOTHING;
  }
}

function foldEntry(
  content: Content,
  message: Pick<StreamMessage, 'sequence' | 'data'>,
): Content | undefined {
  let entry: Entry;
  try {
    entry = decodeEntry(message.data);
  } catch {
    return undefined;
  }
  for (const operation of entry.operations) if (!isSound(operation)) return undefined;
  let next = content;
  for (const operation of entry.operations) next = foldOperation(next, operation, message.sequence);
  return next;
}

function isSound(operation: PointOperation): boolean {
  if (operation.kind === 'deleteVectors') {
    return operation.names.every((name) => ['', 'words', 'rows'].includes(name));
  }
  if (operation.kind !== 'upsert' && operation.kind !== 'updateVectors') return true;
  return operation.points.every(({ vectors }) =>
    Object.entries(vectors).every(([name, vector]) => isSoundVector(name, vector)),
  );
}

function isSoundVector(name: string, vector: VectorValue): boolean {
  if (isDense(vector)) {
    return name === '' && vector.length === DIMENSION && vector.every(Number.isFinite);
  }
  if (isSparse(vector)) {
    const { indices, values } = vector;
    const ascends = indices.every((index, i) => i === 0 || index > (indices[i - 1] ?? 0));
    return name === 'words' && ascends && values.every(Number.isFinite);
  }
  const { size, rows } = vector;
  return name === 'rows' && size === ROW_SIZE && rows.length > 0 && rows.length % size === 0;
}

function foldOperation(content: Content, operation: PointOperation, version: Sequence): Content {
  const next = new Map(content.points);
  const holds = (filter: Filter | undefined, point: StoredPoint) =>
    filter === undefined || isMatch(filter, point, content.payloadSchema);
  switch (operation.kind) {
    case 'createFieldIndex': {
      const payloadSchema = { ...content.payloadSchema, [operation.field]: operation.index };
      return { ...content, payloadSchema };
    }
    case 'deleteFieldIndex': {
      const { [operation.field]: _, ...payloadSchema } = content.payloadSchema;
      return { ...content, payloadSchema };
    }
    case 'upsert':
      for (const point of operation.points) {
        const old = next.get(point.id);
        if (old === undefined && operation.mode === 'updateOnly') continue;
        if (old !== undefined && operation.mode === 'insertOnly') continue;
        if (old !== undefined && !holds(operation.updateFilter, old)) continue;
        next.set(point.id, { ...point, version });
      }
      return { ...content, points: next };
    case 'updateVectors':
      for (const { id, vectors } of operation.points) {
        const old = next.get(id);
        if (old === undefined || !holds(operation.updateFilter, old)) continue;
        next.set(id, { ...old, vectors: { ...old.vectors, ...vectors }, version });
      }
      return { ...content, points: next };
    default:
      break;
  }
  for (const id of selected(content, operation.selector)) {
    const point = next.get(id);
    if (point === undefined) continue;
    const changed = changedPoint(operation, point);
    if (changed === undefined) next.delete(id);
    else if (changed !== point) next.set(id, { ...changed, version });
  }
  return { ...content, points: next };
}

/** The point after the operation, the same one where it changes nothing, undefined where it deletes. */
function changedPoint(
  operation: Extract<PointOperation, { selector: PointSelector }>,
  point: StoredPoint,
): StoredPoint | undefined {
  const old = payloadFromBytes(point.payload);
  const withPayload = (payload: Uint8Array) => ({ ...point, payload });
  switch (operation.kind) {
    case 'delete':
      return undefined;
    case 'deleteVectors': {
      const vectors = { ...point.vectors };
      for (const name of operation.names) delete vectors[name];
      const isSame = Object.keys(vectors).length === Object.keys(point.vectors).length;
      return isSame ? point : { ...point, vectors };
    }
    case 'setPayload':
      return withPayload(payloadToBytes(mergePayload(old, operation.payload, operation.key)));
    case 'overwritePayload':
      return withPayload(payloadToBytes(overwritePayload(old, operation.payload, operation.key)));
    case 'deletePayload':
      return withPayload(payloadToBytes(removePayloadKeys(old, operation.keys)));
    case 'clearPayload':
      return withPayload(NO_PAYLOAD);
  }
}

function selected({ points, payloadSchema }: Content, selector: PointSelector): PointId[] {
  if (selector.kind === 'ids') return [...selector.ids];
  return [...points.values()]
    .filter((point) => isMatch(selector.filter, point, payloadSchema))
    .map(({ id }) => id);
}

function isMatch(filter: Filter, { id, version, payload, vectors }: StoredPoint, schema: PayloadSchema) {
  const vectorNames = Object.keys(vectors);
  const subject = { id, version, payload: payloadFromBytes(payload), vectorNames };
  return matchesFilter(filter, subject, { textIndexes: textIndexesOf(schema) });
}

function hashOf(points: Points): string {
  const hash = new ContentHash();
  for (const point of points.values()) hash.add(pointDigest(point));
  return hash.toString();
}
