// From a filter to the offsets of the points it holds for.
//
//   listed   the filter demands one of some ids      → look at those points only
//   ids      it asks for nothing but ids             → go through the table; no payload is read
//   scan     anything else                           → evaluate it over every payload, and keep the answer
//
// Payload indexes and the choice by estimated cardinality join in `chooseSource`: one more source that narrows `scan`.

import type { PointTable } from '@tributary/index';
import {
  type Condition,
  compileFilter,
  type Filter,
  type FilterPredicate,
  JsonError,
  JsonPathError,
  type PayloadBytes,
  type PointId,
  payloadFromBytes,
} from '@tributary/model';
import { assert, TributaryError } from '@tributary/runtime';
import type { ReplicaStore, StoredPayload } from '@tributary/storage';
import { type Selection, SelectionBuilder } from './selection.ts';
import { SelectionCache } from './selection-cache.ts';

export type FilterSource =
  | { readonly kind: 'listed'; readonly ids: readonly PointId[] }
  | { readonly kind: 'ids' }
  | { readonly kind: 'scan' };

export interface FilterPlannerOptions {
  readonly store: ReplicaStore;
  readonly table: PointTable;
  /** Bytes of selections kept. */
  readonly cacheBytesMax: number;
}

export class FilterPlanner {
  readonly #store: ReplicaStore;
  readonly #table: PointTable;
  readonly #cache: SelectionCache;

  constructor(options: FilterPlannerOptions) {
    this.#store = options.store;
    this.#table = options.table;
    this.#cache = new SelectionCache(options.cacheBytesMax);
  }

  /** The points the filter holds for. Throws `wrong_input` on a key that is no path. */
  select(filter: Filter): Selection {
    const source = chooseSource(filter);
    switch (source.kind) {
      case 'listed':
        return this.#selectListed(filter, source.ids);
      case 'ids':
        return this.#selectIds(filter);
      case 'scan':
        return this.#selectByScan(filter);
    }
  }

  #selectListed(filter: Filter, ids: readonly PointId[]): Selection {
    const holds = createMatcher(filter);
    const builder = new SelectionBuilder(this.#table.offsetsEnd);
    for (const stored of this.#store.getPayloads(ids)) {
      if (stored !== undefined && holds(stored)) builder.add(this.#offsetOf(stored.id));
    }
    return builder.build();
  }

  #selectIds(filter: Filter): Selection {
    const holds = compile(filter);
    const builder = new SelectionBuilder(this.#table.offsetsEnd);
    for (const { id, offset } of this.#table) {
      if (holds({ id, payload: {} })) builder.add(offset);
    }
    return builder.build();
  }

  #selectByScan(filter: Filter): Selection {
    const holds = createMatcher(filter);
    const key = filterKey(filter);
    const { appliedSequence } = this.#store.state;
    const known = this.#cache.get(key, appliedSequence);
    if (known !== undefined) return known;
    const builder = new SelectionBuilder(this.#table.offsetsEnd);
    for (const stored of this.#store.scanPayloads()) {
      if (holds(stored)) builder.add(this.#offsetOf(stored.id));
    }
    const selection = builder.build();
    this.#cache.set(key, appliedSequence, selection);
    return selection;
  }

  #offsetOf(id: PointId) {
    const offset = this.#table.resolve(id);
    assert(offset !== undefined, 'a stored point has an offset');
    return offset;
  }
}

/** What to go through for a filter; each source holds every point the filter can hold for. */
export function chooseSource(filter: Filter): FilterSource {
  const listed = listedIds(filter);
  if (listed !== undefined) return { kind: 'listed', ids: [...listed] };
  return asksForIdsOnly(filter) ? { kind: 'ids' } : { kind: 'scan' };
}

/**
 * The filter as a test of stored points; payloads are parsed only where it looks at them. Throws `wrong_input` on a key
 * that is no path; the test throws `corrupt` where a stored payload is not the text of an object.
 */
export function createMatcher(filter: Filter): (stored: StoredPayload) => boolean {
  const holds = compile(filter);
  if (asksForIdsOnly(filter)) return ({ id }) => holds({ id, payload: {} });
  return ({ id, payload }) => holds({ id, payload: parsePayload(id, payload) });
}

function compile(filter: Filter): FilterPredicate {
  try {
    return compileFilter(filter);
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error;
    throw new TributaryError('wrong_input', error.message, { cause: error });
  }
}

/** Throws `corrupt` where a stored payload is not the text of an object. */
export function parsePayload(id: PointId, payload: PayloadBytes) {
  try {
    return payloadFromBytes(payload);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new TributaryError('corrupt', `the payload of point ${id}: ${error.message}`, {
      cause: error,
    });
  }
}

/** The ids that the filter demands one of; undefined where it demands none. */
function listedIds(filter: Filter): ReadonlySet<PointId> | undefined {
  let listed: ReadonlySet<PointId> | undefined;
  for (const condition of filter.must ?? []) {
    const ids = idsOf(condition);
    if (ids !== undefined) listed = listed === undefined ? ids : listed.intersection(ids);
  }
  return listed;
}

function idsOf(condition: Condition): ReadonlySet<PointId> | undefined {
  if (condition.kind === 'hasId') return new Set(condition.ids);
  return condition.kind === 'filter' ? listedIds(condition.filter) : undefined;
}

function asksForIdsOnly(filter: Filter): boolean {
  const clauses = [filter.must, filter.should, filter.mustNot];
  return clauses.every((clause) => (clause ?? []).every(isAboutIds));
}

function isAboutIds(condition: Condition): boolean {
  if (condition.kind === 'filter') return asksForIdsOnly(condition.filter);
  return condition.kind === 'hasId';
}

/** One text for one filter: what JSON cannot tell apart is marked with an object, which no filter holds. */
function filterKey(filter: Filter): string {
  return JSON.stringify(filter, (_, value: unknown) => {
    if (typeof value === 'bigint') return { bigint: String(value) };
    if (typeof value === 'number' && !Number.isFinite(value)) return { number: String(value) };
    return value;
  });
}
