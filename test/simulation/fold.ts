// The state that a log must lead to, by the plainest code there is: no batches, no overlay, one operation at a time.

import {
  type Entry,
  type Filter,
  matchesFilter,
  meaningfulIndexesOf,
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
  stamp,
  type Tombstone,
} from '@tributary/model';
import { contentDigest, DigestSum, pointDigest, tombstoneDigest } from '@tributary/storage';
import type { StreamMessage } from '@tributary/stream';
import { decodeEntry } from '@tributary/wire';
import { FIRST_NAMES, namesAfter, timelyOperation, type VectorNames } from './fold-names.ts';

export type Points = ReadonlyMap<PointId, StoredPoint>;
type Tombstones = ReadonlyMap<PointId, Tombstone>;

interface Content {
  readonly points: Points;
  readonly tombstones: Tombstones;
  readonly payloadSchema: PayloadSchema;
  readonly names: VectorNames;
  /** Of the last entry that was not refused: of its time, or the one after the last one's. */
  readonly lastStamp: number;
}

type Mark = Pick<StoredPoint, 'version' | 'stamp'>;

/** Levels of objects and arrays that a payload may have. */
const PAYLOAD_DEPTH_MAX = 128;

export interface Folded extends Content {
  readonly contentHash: string;
  readonly stateHash: string;
  /** Entries of the shard up to here. */
  readonly count: number;
}

const NOTHING: Folded = {
  points: new Map(),
  tombstones: new Map(),
  payloadSchema: {},
  names: FIRST_NAMES,
  lastStamp: 0,
  ...hashesOf(new Map(), new Map()),
  count: 0,
};

/** Folds messages of one shard; remembers the state at every sequence and what must be refused. */
export class Fold {
  readonly #history: { readonly at: Sequence; readonly folded: Folded }[] = [];
  readonly refused: Sequence[] = [];
  #last = NOTHING;
  #lastSequence = 0;

  /** An entry that took `messages` of the shard's messages, the last one at its sequence. */
  take(message: Pick<StreamMessage, 'sequence' | 'data'>, messages = 1): void {
    const content = foldEntry(this.#last, message);
    if (content === undefined) this.refused.push(message.sequence);
    const { points, tombstones, payloadSchema, names, lastStamp } = content ?? this.#last;
    const count = this.#last.count + messages;
    const hashes = hashesOf(points, tombstones);
    this.#last = { points, tombstones, payloadSchema, names, lastStamp, ...hashes, count };
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
  const sound: PointOperation[] = [];
  let { names } = content;
  for (const operation of entry.operations) {
    const timely = timelyOperation(operation, names);
    if (timely === undefined) return undefined;
    sound.push(timely);
    names = namesAfter(names, operation);
  }
  const lastStamp = Math.max(content.lastStamp + 1, 1_024 * entry.timeMs);
  const mark = { version: message.sequence, stamp: stamp(lastStamp) };
  let next: Content | undefined = { ...content, lastStamp };
  for (const operation of sound) next = next && foldOperation(next, operation, mark);
  return next;
}

/** Whether a merge made a payload deeper than one may be. */
function isTooDeep({ payload }: StoredPoint): boolean {
  let depth = 0;
  // No text of the workload has a bracket.
  for (const byte of payload) {
    if (byte === 0x7b || byte === 0x5b) depth++;
    if (byte === 0x7d || byte === 0x5d) depth--;
    if (depth > PAYLOAD_DEPTH_MAX) return true;
  }
  return false;
}

/** Undefined where a point would become one that cannot be read back. */
function foldOperation(
  content: Content,
  operation: PointOperation,
  mark: Mark,
): Content | undefined {
  const folded = foldPoints(content, operation, mark);
  if (folded === undefined) return undefined;
  const tombstones = new Map(content.tombstones);
  for (const id of folded.points.keys()) tombstones.delete(id);
  if (operation.kind === 'delete') {
    for (const id of selected(content, operation.selector)) tombstones.set(id, { id, ...mark });
  }
  return { ...folded, tombstones };
}

function foldPoints(content: Content, operation: PointOperation, mark: Mark): Content | undefined {
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
    case 'createVectorName':
    case 'deleteVectorName': {
      const names = namesAfter(content.names, operation);
      if (names === content.names) return content;
      for (const point of content.points.values()) {
        const vectors = { ...point.vectors };
        if (!Object.hasOwn(vectors, operation.name)) continue;
        delete vectors[operation.name];
        next.set(point.id, { ...point, vectors, ...mark });
      }
      return { ...content, names, points: next };
    }
    case 'upsert':
      for (const point of operation.points) {
        const old = next.get(point.id);
        if (old === undefined && operation.mode === 'updateOnly') continue;
        if (old !== undefined && operation.mode === 'insertOnly') continue;
        if (old !== undefined && !holds(operation.updateFilter, old)) continue;
        next.set(point.id, { ...point, ...mark });
      }
      return { ...content, points: next };
    case 'updateVectors':
      for (const { id, vectors } of operation.points) {
        const old = next.get(id);
        if (old === undefined || !holds(operation.updateFilter, old)) continue;
        next.set(id, { ...old, vectors: { ...old.vectors, ...vectors }, ...mark });
      }
      return { ...content, points: next };
    default:
      break;
  }
  for (const id of selected(content, operation.selector)) {
    const point = next.get(id);
    if (point === undefined) continue;
    const changed = changedPoint(operation, point);
    if (changed !== undefined && isTooDeep(changed)) return undefined;
    if (changed === undefined) next.delete(id);
    else if (changed !== point) next.set(id, { ...changed, ...mark });
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

function isMatch(
  filter: Filter,
  { id, version, payload, vectors }: StoredPoint,
  schema: PayloadSchema,
) {
  const vectorNames = Object.keys(vectors);
  const subject = { id, version, payload: payloadFromBytes(payload), vectorNames };
  return matchesFilter(filter, subject, { indexes: meaningfulIndexesOf(schema) });
}

function hashesOf(
  points: Points,
  tombstones: Tombstones,
): Pick<Folded, 'contentHash' | 'stateHash'> {
  const [content, state] = [new DigestSum(), new DigestSum()];
  const add = (digest: Uint8Array, version: Sequence) => {
    state.add(digest);
    content.add(contentDigest(digest, version));
  };
  for (const point of points.values()) add(pointDigest(point), point.version);
  for (const each of tombstones.values()) add(tombstoneDigest(each), each.version);
  return { contentHash: content.toString(), stateHash: state.toString() };
}
