// The apply rule: what an entry does to the points of one shard. Deterministic and total: the same entries give the
// same points on every replica, and an entry that breaks a rule is refused whole, on every replica alike, for a reason
// that follows from the entry and the points alone. No clock, no randomness, no locale.
//
// A batch lays the effects of several entries over what the store holds, so that they are committed at once.

import {
  type CollectionConfig,
  compileFilter,
  type Entry,
  type Filter,
  JsonError,
  type JsonObject,
  JsonPathError,
  mergePayload,
  NO_PAYLOAD,
  type PayloadBytes,
  type Point,
  type PointId,
  type PointOperation,
  type PointSelector,
  parseJsonPath,
  payloadFromBytes,
  payloadToBytes,
  removePayloadKeys,
  type Sequence,
  type StoredPoint,
} from '@tributary/model';

/** What the rule reads of a store. */
export interface PointReader {
  get(ids: readonly PointId[]): (StoredPoint | undefined)[];
  scanPayloads(): Iterable<{ readonly id: PointId; readonly payload: PayloadBytes }>;
}

/** What the rule needs to know of a collection. */
export type CollectionShape = Pick<CollectionConfig, 'vectors'>;

export type ApplyOutcome =
  | { readonly kind: 'applied' }
  | { readonly kind: 'refused'; readonly reason: string };

/** What a batch changes; an id stands in at most one of the lists. */
export interface PointChanges {
  readonly puts: readonly StoredPoint[];
  readonly deletes: readonly PointId[];
  /** Ids among `puts` whose vectors are as the store has them. */
  readonly payloadOnly: ReadonlySet<PointId>;
}

/** A point as the batch leaves it; undefined where it is deleted. */
interface Overlaid {
  readonly point: StoredPoint | undefined;
  readonly isPayloadOnly: boolean;
}

/** A rule that an entry breaks; never leaves this file. */
class Refusal extends Error {}

const APPLIED: ApplyOutcome = { kind: 'applied' };

export class ApplyBatch {
  readonly #reader: PointReader;
  readonly #shape: CollectionShape;
  readonly #overlay = new Map<PointId, Overlaid>();
  /** What the overlay held before the entry at hand, while that may still be refused. */
  #undo: [PointId, Overlaid | undefined][] | undefined;

  constructor(reader: PointReader, shape: CollectionShape) {
    this.#reader = reader;
    this.#shape = shape;
  }

  /** Points changed so far. */
  get size(): number {
    return this.#overlay.size;
  }

  /** Lays the entry over the batch, or leaves the batch as it is where the entry is refused. */
  apply(entry: Entry, at: Sequence): ApplyOutcome {
    this.#undo = undefined;
    try {
      for (const operation of entry.operations) this.#check(operation);
      // Checked upserts cannot fail any more; the other kinds meet payloads that only now come to light.
      const canFail = entry.operations.some((operation) => operation.kind !== 'upsert');
      this.#undo = canFail ? [] : undefined;
      for (const operation of entry.operations) this.#perform(operation, at);
      return APPLIED;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#rollBack();
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
    return { puts, deletes, payloadOnly };
  }

  #check(operation: PointOperation): void {
    if (operation.kind === 'upsert') {
      for (const point of operation.points) checkPoint(point, this.#shape);
      return;
    }
    if (operation.selector.kind === 'filter') compileFilter(operation.selector.filter);
    if (operation.kind === 'setPayload' && operation.key !== undefined) {
      parseJsonPath(operation.key);
    }
    if (operation.kind === 'deletePayload') operation.keys.forEach(parseJsonPath);
  }

  #perform(operation: PointOperation, version: Sequence): void {
    switch (operation.kind) {
      case 'upsert':
        for (const { id, vectors, payload } of operation.points) {
          this.#set(id, { point: { id, vectors, payload, version }, isPayloadOnly: false });
        }
        return;
      case 'delete':
        for (const id of this.#select(operation.selector)) {
          this.#set(id, { point: undefined, isPayloadOnly: false });
        }
        return;
      case 'setPayload': {
        const { payload: patch, key } = operation;
        this.#changePayload(operation.selector, version, (old) =>
          readableBytes(mergePayload(payloadFromBytes(old), patch, key)),
        );
        return;
      }
      case 'overwritePayload': {
        const payload = readableBytes(operation.payload);
        this.#changePayload(operation.selector, version, () => payload);
        return;
      }
      case 'deletePayload':
        this.#changePayload(operation.selector, version, (old) =>
          payloadToBytes(removePayloadKeys(payloadFromBytes(old), operation.keys)),
        );
        return;
      case 'clearPayload':
        this.#changePayload(operation.selector, version, () => NO_PAYLOAD);
        return;
    }
  }

  /** Points that are not there are passed over. */
  #changePayload(
    selector: PointSelector,
    version: Sequence,
    change: (old: PayloadBytes) => PayloadBytes,
  ): void {
    const ids = [...new Set(this.#select(selector))];
    const stored = this.#reader.get(ids.filter((id) => !this.#overlay.has(id)));
    let next = 0;
    for (const id of ids) {
      const overlaid = this.#overlay.get(id);
      const point = overlaid === undefined ? stored[next++] : overlaid.point;
      if (point === undefined) continue;
      this.#set(id, {
        point: { ...point, payload: change(point.payload), version },
        isPayloadOnly: overlaid?.isPayloadOnly ?? true,
      });
    }
  }

  #select(selector: PointSelector): readonly PointId[] {
    return selector.kind === 'ids' ? selector.ids : this.#matching(selector.filter);
  }

  #matching(filter: Filter): PointId[] {
    const matches = compileFilter(filter);
    const ids: PointId[] = [];
    const consider = (id: PointId, payload: PayloadBytes) => {
      if (matches({ id, payload: payloadFromBytes(payload) })) ids.push(id);
    };
    for (const { id, payload } of this.#reader.scanPayloads()) {
      if (!this.#overlay.has(id)) consider(id, payload);
    }
    for (const { point } of this.#overlay.values()) {
      if (point !== undefined) consider(point.id, point.payload);
    }
    return ids;
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

function checkPoint(point: Point, shape: CollectionShape): void {
  for (const name of Object.keys(point.vectors)) {
    const vector = point.vectors[name];
    const params = Object.hasOwn(shape.vectors, name) ? shape.vectors[name] : undefined;
    if (params === undefined) throw new Refusal(`unknown vector name '${name}'`);
    if (vector === undefined || vector.length !== params.size) {
      throw new Refusal(`vector '${name}' has ${vector?.length} values, not ${params.size}`);
    }
    if (!isAllFinite(vector)) throw new Refusal(`vector '${name}' has a value that is not finite`);
  }
  // Reads splice the bytes into answers and filters parse them: what is no JSON object must not get in.
  if (point.payload.length > 0) payloadFromBytes(point.payload);
}

/** Zero times a finite value is zero; times anything else it is NaN. */
function isAllFinite(vector: Float32Array): boolean {
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += (vector[i] ?? 0) * 0;
  return sum === 0;
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
