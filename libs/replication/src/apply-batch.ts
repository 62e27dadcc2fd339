// The apply rule: what an entry does to the points of one shard. Deterministic and total: the same entries give the
// same points on every replica, and an entry that breaks a rule is refused whole, on every replica alike, for a reason
// that follows from the entry and the points alone. No clock, no randomness, no locale.
//
// A batch lays the effects of several entries over what the store holds, so that they are committed at once.

import {
  asksForVectors,
  type CreatedCollection,
  canonicalJsonPath,
  compileFilter,
  type Entry,
  type Filter,
  type FilterPredicate,
  JsonError,
  JsonPathError,
  meaningfulIndexesOf,
  type NamedVectors,
  nextStamp,
  type PayloadBytes,
  type PayloadSchema,
  type Point,
  type PointId,
  type PointOperation,
  type PointSelector,
  type Sequence,
  type Stamp,
  type StoredPoint,
  type Tombstone,
  type VectorSchema,
  vectorEntryOf,
  vectorSchemaOf,
} from '@tributary/model';
import { BatchOverlay, type Effect, type Mark, type MergedEffects } from './batch-overlay.ts';
import { checkOperations, Refusal, vectorSchemaAfter } from './check-operation.ts';
import { payloadChange } from './payload-change.ts';
import {
  type CandidateFinder,
  chunksOf,
  type MatchReader,
  storedMatches,
  subjectOf,
} from './stored-matches.ts';

/** What the rule reads of a store. */
export interface PointReader extends MatchReader {
  readonly state: {
    readonly payloadSchema: PayloadSchema;
    /** Absent while it is that of the collection as it was created. */
    readonly vectorSchema?: VectorSchema;
    /** Of the last entry applied. */
    readonly lastStamp: Stamp;
  };
}

export type ApplyOutcome =
  | { readonly kind: 'applied' }
  | { readonly kind: 'refused'; readonly reason: string };

/** What a batch changes; an id stands in at most one of the lists. */
export interface PointChanges extends MergedEffects {
  /** Absent where the payload indexes stay as they are. */
  readonly payloadSchema?: PayloadSchema;
  /** Absent where the names of vectors stay as they are. */
  readonly vectorSchema?: VectorSchema;
  /** Absent where no entry was applied. */
  readonly lastStamp?: Stamp;
  /** Of all `deletes`; absent where the collection keeps none. */
  readonly tombstones?: readonly Tombstone[];
}

type OperationOf<K extends PointOperation['kind']> = Extract<PointOperation, { kind: K }>;

/** What an operation does, with pauses on its way. */
type Steps<T = void> = Generator<void, T>;

const APPLIED: ApplyOutcome = { kind: 'applied' };
/** Points read and changed between two pauses. */
const STEP_POINTS = 500;

export class ApplyBatch {
  readonly #reader: PointReader;
  readonly #finder: CandidateFinder | undefined;
  readonly #leavesTombstones: boolean;
  readonly #overlay = new BatchOverlay();
  /** As the operations so far leave it; what a filter means depends on its text indexes. */
  #schema: PayloadSchema;
  readonly #vectorSchemaBefore: VectorSchema;
  #vectorSchema: VectorSchema;
  #lastStamp: Stamp;
  /** Made once, as a commit asks for them twice; undefined after an entry was laid over them. */
  #changes: PointChanges | undefined;

  /**
   * `created` is what the collection was created with. Without a finder a filter is evaluated over every stored point.
   */
  constructor(reader: PointReader, created: CreatedCollection, finder?: CandidateFinder) {
    this.#reader = reader;
    this.#leavesTombstones = created.tombstones === true;
    this.#vectorSchemaBefore = reader.state.vectorSchema ?? vectorSchemaOf(created);
    this.#vectorSchema = this.#vectorSchemaBefore;
    this.#finder = finder;
    this.#schema = reader.state.payloadSchema;
    this.#lastStamp = reader.state.lastStamp;
  }

  /** Points changed so far. */
  get size(): number {
    return this.#overlay.size;
  }

  /** Lays the entry over the batch, or leaves the batch as it is where the entry is refused. */
  apply(entry: Entry, at: Sequence): ApplyOutcome {
    const steps = this.applySteps(entry, at);
    for (let step = steps.next(); ; step = steps.next()) if (step.done) return step.value;
  }

  /**
   * The same with pauses, in which the reader must stay as it is: a filter update may look at every point there is. A
   * batch whose steps are not taken to their end is good for nothing.
   */
  *applySteps(entry: Entry, at: Sequence): Steps<ApplyOutcome> {
    this.#changes = undefined;
    const schemaBefore = this.#schema;
    const vectorSchemaBefore = this.#vectorSchema;
    const mark: Mark = { version: at, stamp: nextStamp(this.#lastStamp, entry.timeMs) };
    this.#overlay.beginEntry(at);
    try {
      const operations = checkOperations(entry.operations, vectorSchemaBefore);
      // Checked upserts cannot fail any more; the other kinds meet payloads that only now come to light.
      if (!operations.every(isPlainUpsert)) this.#overlay.keepUndo();
      for (const [place, operation] of operations.entries()) {
        this.#overlay.beginOperation(place);
        yield* this.#perform(operation, mark);
      }
      this.#lastStamp = mark.stamp;
      return APPLIED;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#overlay.rollBack();
      this.#schema = schemaBefore;
      this.#vectorSchema = vectorSchemaBefore;
      return { kind: 'refused', reason: error.message };
    }
  }

  /** The effects of all entries so far, merged. */
  changes(): PointChanges {
    this.#changes ??= this.#merge();
    return this.#changes;
  }

  /** Which entry changed which point, for a feed of changes; merged they are the batch's `changes`. */
  effects(): readonly Effect[] {
    return this.#overlay.effects();
  }

  #merge(): PointChanges {
    const isSame = this.#schema === this.#reader.state.payloadSchema;
    const hasSameVectors = this.#vectorSchema === this.#vectorSchemaBefore;
    return {
      ...this.#overlay.merged(),
      ...(this.#leavesTombstones && { tombstones: this.#overlay.tombstones() }),
      ...(!isSame && { payloadSchema: this.#schema }),
      ...(!hasSameVectors && { vectorSchema: this.#vectorSchema }),
      ...(this.#lastStamp !== this.#reader.state.lastStamp && { lastStamp: this.#lastStamp }),
    };
  }

  *#perform(operation: PointOperation, mark: Mark): Steps {
    switch (operation.kind) {
      case 'upsert':
        if (isPlainUpsert(operation)) {
          for (const point of operation.points) this.#put(point, mark);
        } else this.#upsertWhere(operation, mark);
        return;
      case 'updateVectors':
        this.#updateVectors(operation, mark);
        return;
      case 'deleteVectors':
        yield* this.#deleteVectors(operation, mark);
        return;
      case 'createFieldIndex':
        this.#schema = { ...this.#schema, [canonicalJsonPath(operation.field)]: operation.index };
        return;
      case 'deleteFieldIndex':
        this.#schema = withoutField(this.#schema, canonicalJsonPath(operation.field));
        return;
      case 'createVectorName':
      case 'deleteVectorName':
        yield* this.#changeVectorName(operation, mark);
        return;
      case 'delete':
        for (const id of yield* this.#select(operation.selector)) {
          this.#overlay.delete(id, mark);
        }
        return;
      case 'setPayload':
      case 'overwritePayload':
      case 'deletePayload':
      case 'clearPayload':
        yield* this.#changePayload(operation.selector, mark, payloadChange(operation));
        return;
    }
  }

  /** Point by point, so that one that stands twice in the list meets what its first place did. */
  #upsertWhere(operation: OperationOf<'upsert'>, mark: Mark): void {
    const { points, mode, updateFilter } = operation;
    const isReplaced = this.#compile(updateFilter);
    const current = this.#currentOf(points.map(({ id }) => id));
    for (const point of points) {
      const old = current(point.id);
      const isMeant =
        old === undefined
          ? mode !== 'updateOnly'
          : mode !== 'insertOnly' && isReplaced(subjectOf(old));
      if (isMeant) this.#put(point, mark);
    }
  }

  #updateVectors(operation: OperationOf<'updateVectors'>, mark: Mark): void {
    const { points, updateFilter } = operation;
    const isMeant = this.#compile(updateFilter);
    const current = this.#currentOf(points.map(({ id }) => id));
    for (const { id, vectors } of points) {
      const old = current(id);
      if (old === undefined || !isMeant(subjectOf(old))) continue;
      this.#put({ ...old, vectors: { ...old.vectors, ...vectors } }, mark);
    }
  }

  /** Points that have none of the vectors are passed over. */
  *#deleteVectors(operation: OperationOf<'deleteVectors'>, mark: Mark): Steps {
    const names = new Set(operation.names);
    const ids = yield* this.#select(operation.selector);
    yield* this.#changeEach(ids, (old) => {
      const kept = Object.entries(old.vectors).filter(([name]) => !names.has(name));
      if (kept.length === Object.keys(old.vectors).length) return;
      const vectors: NamedVectors = Object.fromEntries(kept);
      this.#put({ ...old, vectors }, mark);
    });
  }

  /** What had been there under a name that is deleted, or recreated, goes with it. */
  *#changeVectorName(
    operation: OperationOf<'createVectorName' | 'deleteVectorName'>,
    mark: Mark,
  ): Steps {
    const { name } = operation;
    const before = this.#vectorSchema;
    this.#vectorSchema = vectorSchemaAfter(before, operation);
    if (this.#vectorSchema === before) return;
    if (vectorEntryOf(before, name)?.shape === undefined) return;
    const ids = yield* this.#matching({ must: [{ kind: 'hasVector', name }] });
    yield* this.#changeEach(ids, (old) => {
      const { [name]: _gone, ...vectors } = old.vectors;
      this.#overlay.put({ id: old.id, vectors, payload: old.payload, ...mark }, 'narrowed');
    });
  }

  *#changePayload(
    selector: PointSelector,
    mark: Mark,
    change: (old: PayloadBytes) => PayloadBytes,
  ): Steps {
    const ids = new Set(yield* this.#select(selector));
    yield* this.#changeEach(ids, (old) => {
      const { id, vectors } = old;
      this.#overlay.put({ id, vectors, payload: change(old.payload), ...mark }, 'same');
    });
  }

  /** In the order of the ids; those without a point are passed over. */
  *#changeEach(ids: Iterable<PointId>, change: (old: StoredPoint) => void): Steps {
    for (const chunk of chunksOf(ids, STEP_POINTS)) {
      const current = this.#currentOf(chunk);
      for (const id of chunk) {
        const old = current(id);
        if (old !== undefined) change(old);
      }
      if (chunk.length === STEP_POINTS) yield;
    }
  }

  *#select(selector: PointSelector): Steps<readonly PointId[]> {
    return selector.kind === 'ids' ? selector.ids : yield* this.#matching(selector.filter);
  }

  /** As the batch has it so far: what it changed, it knows itself; the others are as the store has them. */
  *#matching(filter: Filter): Steps<PointId[]> {
    const holds = this.#compile(filter);
    const ids = yield* storedMatches({
      reader: this.#reader,
      holds,
      candidates: this.#finder?.find(filter, this.#schema),
      needsVectors: asksForVectors(filter),
      isPassed: (id) => this.#overlay.has(id),
    });
    let looked = 0;
    for (const { point } of this.#overlay.values()) {
      if (point !== undefined && holds(subjectOf(point))) ids.push(point.id);
      looked++;
      if (looked % STEP_POINTS === 0) yield;
    }
    return ids;
  }

  /** The filter as it is meant at this place of the log; what is not given holds. */
  #compile(filter: Filter | undefined): FilterPredicate {
    if (filter === undefined) return () => true;
    return compileFilter(filter, { indexes: meaningfulIndexesOf(this.#schema) });
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

  #put({ id, vectors, payload }: Point, mark: Mark): void {
    const { version, stamp } = mark;
    this.#overlay.put({ id, vectors, payload, version, stamp }, 'changed');
  }
}

function isPlainUpsert(operation: PointOperation): boolean {
  if (operation.kind !== 'upsert' || operation.updateFilter !== undefined) return false;
  return operation.mode === undefined || operation.mode === 'upsert';
}

function withoutField(schema: PayloadSchema, field: string): PayloadSchema {
  if (!Object.hasOwn(schema, field)) return schema;
  return Object.fromEntries(Object.entries(schema).filter(([name]) => name !== field));
}

function isRefusal(error: unknown): error is Error {
  return error instanceof Refusal || error instanceof JsonError || error instanceof JsonPathError;
}
