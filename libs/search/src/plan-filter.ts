// From a filter to the offsets of the points it holds for.
//
//   listed   the filter demands one of some ids       → look at those points only
//   table    it asks for nothing of payloads          → ask the table and the vectors; no payload is read
//   index    payload indexes know the answer          → theirs; no payload is read
//   narrow   they know points it may hold for         → evaluate it over the payloads of those
//   scan     anything else                            → evaluate it over every payload
//
// The answers of the last three are kept until the next commit.

import type { AnyVectorIndex, IndexSelection, PayloadIndexes } from '@tributary/index';
import { countOfSet, hasOffset, offsetsOf, type PointTable } from '@tributary/index';
import {
  asksForPayload,
  asksForVectors,
  compileFilter,
  type Filter,
  type FilterExplanation,
  type FilterPredicate,
  filterKey,
  JsonError,
  type JsonObject,
  JsonPathError,
  listedIds,
  type PayloadBytes,
  type PointId,
  type PointOffset,
  payloadFromBytes,
  pointOffset,
  type Sequence,
} from '@tributary/model';
import { assert, atOnce, type Clock, type Steps, TributaryError } from '@tributary/runtime';
import type { ReplicaStore, StoredPayload } from '@tributary/storage';
import { type Selection, SelectionBuilder } from './selection.ts';
import { SelectionCache } from './selection-cache.ts';
import { unindexedConditions } from './unindexed-conditions.ts';

export type FilterPlan =
  | { readonly kind: 'listed'; readonly ids: readonly PointId[] }
  | { readonly kind: 'table' }
  | { readonly kind: 'index' | 'narrow'; readonly selection: IndexSelection }
  | { readonly kind: 'scan' };

export interface FilterPlannerOptions {
  readonly store: ReplicaStore;
  readonly table: PointTable;
  /** By vector name: what points have which vectors. */
  readonly indexes: ReadonlyMap<string, AnyVectorIndex>;
  readonly payloadIndexes: PayloadIndexes;
  /** Bytes of selections kept. */
  readonly cacheBytesMax: number;
  /** Measures what evaluating a filter takes. */
  readonly clock: Pick<Clock, 'monotonicMs'>;
}

/** How an evaluation of a filter ended; kept beyond the commit that makes its selection worthless. */
interface Evaluation {
  readonly matched: number;
  readonly tookMs: number;
}

interface Selected {
  readonly filter: Filter;
  readonly sequence: Sequence;
  readonly selection: Selection;
}

/** A filter as a test of stored points. Throws `corrupt` where a stored payload is not the text of an object. */
export type Matcher = (stored: StoredPayload) => boolean;

/** Payloads read at once. */
const BATCH_POINTS = 256;
/** Points of a step; a point takes 2 to 10 µs. */
const STEP_POINTS = 64;
/** Beyond this share of all points reading them in the order of the store is faster than one by one. */
const SHARE_BY_ID_MAX = 0.3;
/** Enough for what a log of slow queries asks for soon after; a filter of many ids is not worth its key. */
const EVALUATIONS_MAX = 64;
const EVALUATION_KEY_LENGTH_MAX = 2_048;

export class FilterPlanner {
  readonly #store: ReplicaStore;
  readonly #table: PointTable;
  readonly #indexes: ReadonlyMap<string, AnyVectorIndex>;
  readonly #payloadIndexes: PayloadIndexes;
  readonly #cache: SelectionCache;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  /** By filter, the newest last. */
  readonly #evaluations = new Map<string, Evaluation>();
  /** By the filter itself: a read that evaluates its filter in steps asks for it again, and a key of it takes time. */
  #last: Selected | undefined;

  constructor(options: FilterPlannerOptions) {
    this.#store = options.store;
    this.#table = options.table;
    this.#indexes = options.indexes;
    this.#payloadIndexes = options.payloadIndexes;
    this.#cache = new SelectionCache(options.cacheBytesMax);
    this.#clock = options.clock;
  }

  /** The points the filter holds for. Throws `wrong_input` on a key that is no path. */
  select(filter: Filter): Selection {
    return atOnce(this.selectSteps(filter));
  }

  /** Like `select`, which after these steps gives their result for the same filter until the next commit. */
  *selectSteps(filter: Filter): Steps<Selection> {
    const { appliedSequence } = this.#store.state;
    const last = this.#last;
    if (last?.filter === filter && last.sequence === appliedSequence) return last.selection;
    const selection = yield* this.#evaluate(filter, appliedSequence);
    this.#last = { filter, sequence: appliedSequence, selection };
    return selection;
  }

  *#evaluate(filter: Filter, at: Sequence): Steps<Selection> {
    const holds = this.matcher(filter);
    const ids = listedIds(filter);
    if (ids !== undefined) return yield* this.#selectAmong(this.#payloadsOf(ids), holds);
    if (!asksForPayload(filter)) return this.#selectFromTable(filter);
    const key = filterKey(filter);
    const known = this.#cache.get(key, at);
    if (known !== undefined) return known;
    const startedMs = this.#clock.monotonicMs();
    const selection = yield* this.#selectByPlan(this.plan(filter), holds);
    this.#note(key, { matched: selection.count, tookMs: this.#clock.monotonicMs() - startedMs });
    this.#cache.set(key, at, selection);
    return selection;
  }

  /**
   * What to go through for a filter; each plan has every point the filter can hold for. Without walking, for reads of a
   * page, no index is asked that looks at each point.
   */
  plan(filter: Filter, { isWalking = true } = {}): FilterPlan {
    const ids = listedIds(filter);
    if (ids !== undefined) return { kind: 'listed', ids: [...ids] };
    if (!asksForPayload(filter)) return { kind: 'table' };
    const selection = this.#payloadIndexes.select(filter, { isWalking });
    if (selection === undefined) return { kind: 'scan' };
    return { kind: selection.isExact ? 'index' : 'narrow', selection };
  }

  /** Evaluates nothing. Throws `wrong_input` on a key that is no path. */
  explain(filter: Filter): FilterExplanation {
    this.matcher(filter);
    const plan = this.plan(filter);
    const last = this.#evaluations.get(filterKey(filter));
    const matched = plan.kind === 'index' ? countOfSet(plan.selection.offsets) : last?.matched;
    return {
      plan: plan.kind,
      estimated: this.#payloadIndexes.estimate(filter),
      candidates: this.#candidatesOf(plan),
      ...(matched !== undefined && { matched }),
      ...(last !== undefined && { tookMs: last.tookMs }),
      unindexed: unindexedConditions(filter, this.#payloadIndexes.schema),
    };
  }

  /** Payloads are parsed only where the filter looks at them. Throws `wrong_input` on a key that is no path. */
  matcher(filter: Filter): Matcher {
    const holds = this.#compile(filter);
    const parse = asksForPayload(filter) ? parsePayload : () => ({});
    if (!asksForVectors(filter)) {
      return ({ id, version, payload }) => holds({ id, version, payload: parse(id, payload) });
    }
    return ({ id, version, payload }) =>
      holds({
        id,
        version,
        payload: parse(id, payload),
        vectorNames: this.#vectorNamesAt(this.#offsetOf(id)),
      });
  }

  #compile(filter: Filter): FilterPredicate {
    try {
      return compileFilter(filter, { indexes: this.#payloadIndexes.meaningfulIndexes });
    } catch (error) {
      if (!(error instanceof JsonPathError)) throw error;
      throw new TributaryError('wrong_input', error.message, { cause: error });
    }
  }

  #note(key: string, evaluation: Evaluation): void {
    if (key.length > EVALUATION_KEY_LENGTH_MAX) return;
    this.#evaluations.delete(key);
    this.#evaluations.set(key, evaluation);
    if (this.#evaluations.size <= EVALUATIONS_MAX) return;
    for (const oldest of this.#evaluations.keys()) {
      this.#evaluations.delete(oldest);
      return;
    }
  }

  #candidatesOf(plan: FilterPlan): number {
    switch (plan.kind) {
      case 'listed':
        return plan.ids.length;
      case 'index':
        return 0;
      case 'narrow':
        return countOfSet(plan.selection.offsets);
      case 'table':
      case 'scan':
        return this.#table.count;
    }
  }

  /** Of a filter that asks for nothing of payloads: sets answer it, or leave few points to look at. */
  #selectFromTable(filter: Filter): Selection {
    const known = this.#payloadIndexes.select(filter);
    if (known?.isExact) return { offsets: known.offsets, count: countOfSet(known.offsets) };
    const holds = this.#compile(filter);
    const builder = new SelectionBuilder(this.#table.offsetsEnd);
    for (const each of offsetsOf(known?.offsets ?? this.#table.live)) {
      const offset = pointOffset(each);
      const id = this.#table.idAt(offset);
      const version = this.#table.versionAt(offset);
      assert(id !== undefined && version !== undefined, 'an offset in use stands for a point');
      const vectorNames = this.#vectorNamesAt(offset);
      if (holds({ id, version, payload: {}, vectorNames })) builder.add(offset);
    }
    return builder.build();
  }

  *#selectByPlan(plan: FilterPlan, holds: Matcher): Steps<Selection> {
    if (plan.kind === 'index') {
      const { offsets } = plan.selection;
      return { offsets, count: countOfSet(offsets) };
    }
    if (plan.kind !== 'narrow') return yield* this.#selectAmong(this.#store.scanPayloads(), holds);
    const { offsets } = plan.selection;
    if (countOfSet(offsets) <= SHARE_BY_ID_MAX * this.#table.count) {
      return yield* this.#selectAmong(this.#payloadsOf(this.#idsAt(offsets)), holds);
    }
    const isCandidate = ({ id }: StoredPayload) => hasOffset(offsets, this.#offsetOf(id));
    return yield* this.#selectAmong(
      this.#store.scanPayloads(),
      (stored) => isCandidate(stored) && holds(stored),
    );
  }

  *#selectAmong(candidates: Iterable<StoredPayload | undefined>, holds: Matcher): Steps<Selection> {
    const builder = new SelectionBuilder(this.#table.offsetsEnd);
    let taken = 0;
    for (const stored of candidates) {
      if (stored !== undefined && holds(stored)) builder.add(this.#offsetOf(stored.id));
      taken++;
      if (taken % STEP_POINTS === 0) yield;
    }
    return builder.build();
  }

  *#payloadsOf(all: Iterable<PointId>): Generator<StoredPayload | undefined> {
    let ids: PointId[] = [];
    for (const id of all) {
      ids.push(id);
      if (ids.length < BATCH_POINTS) continue;
      yield* this.#store.getPayloads(ids);
      ids = [];
    }
    yield* this.#store.getPayloads(ids);
  }

  *#idsAt(offsets: Uint32Array): Generator<PointId> {
    for (const offset of offsetsOf(offsets)) {
      const id = this.#table.idAt(pointOffset(offset));
      assert(id !== undefined, 'an offset in an index stands for a point');
      yield id;
    }
  }

  #vectorNamesAt(offset: PointOffset): string[] {
    const names: string[] = [];
    for (const [name, index] of this.#indexes) {
      if (index.has(offset)) names.push(name);
    }
    return names;
  }

  #offsetOf(id: PointId): PointOffset {
    const offset = this.#table.resolve(id);
    assert(offset !== undefined, 'a stored point has an offset');
    return offset;
  }
}

/** Throws `corrupt` where a stored payload is not the text of an object. */
export function parsePayload(id: PointId, payload: PayloadBytes): JsonObject {
  try {
    return payloadFromBytes(payload);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new TributaryError('corrupt', `the payload of point ${id}: ${error.message}`, {
      cause: error,
    });
  }
}
