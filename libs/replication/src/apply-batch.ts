// The apply rule: what an entry does to the points of one shard. Deterministic and total: the same entries give the
// same points on every replica, and an entry that breaks a rule is refused whole, on every replica alike, for a reason
// that follows from the entry and the points alone. No clock, no randomness, no locale.
//
// A batch lays the effects of several entries over what the store holds, so that they are committed at once.

import {
  asksForVectors,
  compileFilter,
  type Entry,
  type Filter,
  type FilterPredicate,
  JsonError,
  type JsonObject,
  JsonPathError,
  mergePayload,
  type NamedVectors,
  NO_PAYLOAD,
  overwritePayload,
  type PayloadBytes,
  type PayloadSchema,
  type Point,
  type PointId,
  type PointOperation,
  type PointSelector,
  payloadFromBytes,
  payloadToBytes,
  removePayloadKeys,
  type Sequence,
  type StoredPoint,
  textIndexesOf,
} from '@tributary/model';
import { type CollectionShape, checkOperation, Refusal } from './check-operation.ts';

/** What the rule reads of a store. */
export interface PointReader {
  readonly state: { readonly payloadSchema: PayloadSchema };
  get(ids: readonly PointId[]): (StoredPoint | undefined)[];
  scan(): Iterable<StoredPoint>;
  scanPayloads(): Iterable<{ readonly id: PointId; readonly payload: PayloadBytes }>;
}

export type ApplyOutcome =
  | { readonly kind: 'applied' }
  | { readonly kind: 'refused'; readonly reason: string };

/** What a batch changes; an id stands in at most one of the lists. */
export interface PointChanges {
  readonly puts: readonly StoredPoint[];
  readonly deletes: readonly PointId[];
  /** Ids among `puts` whose vectors are as the store has them. */
  readonly payloadOnly: ReadonlySet<PointId>;
  /** Absent where the payload indexes stay as they are. */
  readonly payloadSchema?: PayloadSchema;
}

/** A point as the batch leaves it; undefined where it is deleted. */
interface Overlaid {
  readonly point: StoredPoint | undefined;
  readonly isPayloadOnly: boolean;
}

type OperationOf<K extends PointOperation['kind']> = Extract<PointOperation, { kind: K }>;
type PayloadOperation = OperationOf<
  'setPayload' | 'overwritePayload' | 'deletePayload' | 'clearPayload'
>;

const APPLIED: ApplyOutcome = { kind: 'applied' };

export class ApplyBatch {
  readonly #reader: PointReader;
  readonly #shape: CollectionShape;
  readonly #overlay = new Map<PointId, Overlaid>();
  /** As the operations so far leave it; what a filter means depends on its text indexes. */
  #schema: PayloadSchema;
  /** What the overlay held before the entry at hand, while that may still be refused. */
  #undo: [PointId, Overlaid | undefined][] | undefined;

  constructor(reader: PointReader, shape: CollectionShape) {
    this.#reader = reader;
    this.#shape = shape;
    this.#schema = reader.state.payloadSchema;
  }

  /** Points changed so far. */
  get size(): number {
    return this.#overlay.size;
  }

  /** Lays the entry over the batch, or leaves the batch as it is where the entry is refused. */
  apply(entry: Entry, at: Sequence): ApplyOutcome {
    this.#undo = undefined;
    const schemaBefore = this.#schema;
    try {
      for (const operation of entry.operations) checkOperation(operation, this.#shape);
      // Checked upserts cannot fail any more; the other kinds meet payloads that only now come to light.
      this.#undo = entry.operations.every(isPlainUpsert) ? undefined : [];
      for (const operation of entry.operations) this.#perform(operation, at);
      return APPLIED;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#rollBack();
      this.#schema = schemaBefore;
      return { kind: 'refused', reason: error.message };
    }
  }

  changes(): PointChanges {
    const puts: StoredPoint[] = [];
    const deletes: PointId[] = [];
    const payloadOnly = new Set<PointId>();
    for (const [id, { point, isPayloadOnly }] of this.#overlay) {
      if (point === undefined) deletes.push(id);
      else {
        puts.push(point);
        if (isPayloadOnly) payloadOnly.add(id);
      }
    }
    const isSame = this.#schema === this.#reader.state.payloadSchema;
    return { puts, deletes, payloadOnly, ...(!isSame && { payloadSchema: this.#schema }) };
  }

  #perform(operation: PointOperation, version: Sequence): void {
    switch (operation.kind) {
      case 'upsert':
        if (isPlainUpsert(operation)) {
          for (const point of operation.points) this.#put(point, version);
        } else this.#upsertWhere(operation, version);
        return;
      case 'updateVectors':
        this.#updateVectors(operation, version);
        return;
      case 'deleteVectors':
        this.#deleteVectors(operation, version);
        return;
      case 'createFieldIndex':
        this.#schema = { ...this.#schema, [operation.field]: operation.index };
        return;
      case 'deleteFieldIndex':
        this.#schema = withoutField(this.#schema, operation.field);
        return;
      case 'delete':
        for (const id of this.#select(operation.selector)) {
          this.#set(id, { point: undefined, isPayloadOnly: false });
        }
        return;
      case 'setPayload':
      case 'overwritePayload':
      case 'deletePayload':
      case 'clearPayload':
        this.#changePayload(operation.selector, version, payloadChange(operation));
        return;
    }
  }

  /** Point by point, so that one that stands twice in the list meets what its first place did. */
  #upsertWhere(operation: OperationOf<'upsert'>, version: Sequence): void {
    const { points, mode, updateFilter } = operation;
    const isReplaced = this.#compile(updateFilter);
    const current = this.#currentOf(points.map(({ id }) => id));
    for (const point of points) {
      const old = current(point.id);
      const isMeant =
        old === undefined
          ? mode !== 'updateOnly'
          : mode !== 'insertOnly' && isReplaced(subjectOf(old));
      if (isMeant) this.#put(point, version);
    }
  }

  #updateVectors(operation: OperationOf<'updateVectors'>, version: Sequence): void {
    const { points, updateFilter } = operation;
    const isMeant = this.#compile(updateFilter);
    const current = this.#currentOf(points.map(({ id }) => id));
    for (const { id, vectors } of points) {
      const old = current(id);
      if (old === undefined || !isMeant(subjectOf(old))) continue;
      this.#put({ ...old, vectors: { ...old.vectors, ...vectors } }, version);
    }
  }

  /** Points that have none of the vectors are passed over. */
  #deleteVectors(operation: OperationOf<'deleteVectors'>, version: Sequence): void {
    const names = new Set(operation.names);
    const ids = this.#select(operation.selector);
    const current = this.#currentOf(ids);
    for (const id of ids) {
      const old = current(id);
      if (old === undefined) continue;
      const kept = Object.entries(old.vectors).filter(([name]) => !names.has(name));
      if (kept.length === Object.keys(old.vectors).length) continue;
      const vectors: NamedVectors = Object.fromEntries(kept);
      this.#put({ ...old, vectors }, version);
    }
  }

  /** Points that are not there are passed over. */
  #changePayload(
    selector: PointSelector,
    version: Sequence,
    change: (old: PayloadBytes) => PayloadBytes,
  ): void {
    const ids = new Set(this.#select(selector));
    const current = this.#currentOf([...ids]);
    for (const id of ids) {
      const point = current(id);
      if (point === undefined) continue;
      const isPayloadOnly = this.#overlay.get(id)?.isPayloadOnly ?? true;
      const changed = { ...point, payload: change(point.payload), version };
      this.#set(id, { point: changed, isPayloadOnly });
    }
  }

  #select(selector: PointSelector): readonly PointId[] {
    return selector.kind === 'ids' ? selector.ids : this.#matching(selector.filter);
  }

  #matching(filter: Filter): PointId[] {
    const matches = this.#compile(filter);
    const ids: PointId[] = [];
    if (asksForVectors(filter)) {
      for (const point of this.#reader.scan()) {
        if (!this.#overlay.has(point.id) && matches(subjectOf(point))) ids.push(point.id);
      }
    } else {
      for (const { id, payload } of this.#reader.scanPayloads()) {
        if (this.#overlay.has(id)) continue;
        if (matches({ id, payload: payloadFromBytes(payload) })) ids.push(id);
      }
    }
    for (const { point } of this.#overlay.values()) {
      if (point !== undefined && matches(subjectOf(point))) ids.push(point.id);
    }
    return ids;
  }

  /** The filter as it is meant at this place of the log; what is not given holds. */
  #compile(filter: Filter | undefined): FilterPredicate {
    if (filter === undefined) return () => true;
    return compileFilter(filter, { textIndexes: textIndexesOf(this.#schema) });
  }

  /** Looks points up as the batch leaves them at the time of the call; those of the store are read at once. */
  #currentOf(ids: readonly PointId[]): (id: PointId) => StoredPoint | undefined {
    const wanted = [...new Set(ids)].filter((id) => !this.#overlay.has(id));
    const stored = new Map<PointId, StoredPoint>();
    for (const point of this.#reader.get(wanted)) {
      if (point !== undefined) stored.set(point.id, point);
    }
    return (id) => {
      const overlaid = this.#overlay.get(id);
      return overlaid === undefined ? stored.get(id) : overlaid.point;
    };
  }

  #put({ id, vectors, payload }: Point, version: Sequence): void {
    this.#set(id, { point: { id, vectors, payload, version }, isPayloadOnly: false });
  }

  #set(id: PointId, overlaid: Overlaid): void {
    this.#undo?.push([id, this.#overlay.get(id)]);
    this.#overlay.set(id, overlaid);
  }

  #rollBack(): void {
    for (const [id, before] of (this.#undo ?? []).reverse()) {
      if (before === undefined) this.#overlay.delete(id);
      else this.#overlay.set(id, before);
    }
    this.#undo = undefined;
  }
}

/** The rule for one entry by itself. */
export function applyEntry(
  entry: Entry,
  at: Sequence,
  reader: PointReader,
  shape: CollectionShape,
): PointChanges | { readonly refused: string } {
  const batch = new ApplyBatch(reader, shape);
  const outcome = batch.apply(entry, at);
  return outcome.kind === 'applied' ? batch.changes() : { refused: outcome.reason };
}

function isPlainUpsert(operation: PointOperation): boolean {
  if (operation.kind !== 'upsert' || operation.updateFilter !== undefined) return false;
  return operation.mode === undefined || operation.mode === 'upsert';
}

function payloadChange(operation: PayloadOperation): (old: PayloadBytes) => PayloadBytes {
  switch (operation.kind) {
    case 'setPayload': {
      const { payload: patch, key } = operation;
      return (old) => readableBytes(mergePayload(payloadFromBytes(old), patch, key));
    }
    case 'overwritePayload': {
      const { payload: replacement, key } = operation;
      if (key !== undefined) {
        return (old) => readableBytes(overwritePayload(payloadFromBytes(old), replacement, key));
      }
      const bytes = readableBytes(replacement);
      return () => bytes;
    }
    case 'deletePayload':
      return (old) => payloadToBytes(removePayloadKeys(payloadFromBytes(old), operation.keys));
    case 'clearPayload':
      return () => NO_PAYLOAD;
  }
}

function subjectOf({ id, payload, vectors }: StoredPoint) {
  return { id, payload: payloadFromBytes(payload), vectorNames: Object.keys(vectors) };
}

function withoutField(schema: PayloadSchema, field: string): PayloadSchema {
  if (!Object.hasOwn(schema, field)) return schema;
  return Object.fromEntries(Object.entries(schema).filter(([name]) => name !== field));
}

/** Refuses a payload that became too deep to be read back. */
function readableBytes(payload: JsonObject): PayloadBytes {
  const bytes = payloadToBytes(payload);
  payloadFromBytes(bytes);
  return bytes;
}

function isRefusal(error: unknown): error is Error {
  return error instanceof Refusal || error instanceof JsonError || error instanceof JsonPathError;
}
