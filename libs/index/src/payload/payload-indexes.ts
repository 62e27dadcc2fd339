// The payload indexes of one replica, in memory: made again from the payloads when the replica opens.
//
// Invariant: an index knows every live offset and no other, by the payload it has now: who changes a payload
// removes the offset and adds it again. What indexes answer agrees with `compileFilter`.

import type {
  Filter,
  JsonObject,
  PayloadSchema,
  PointOffset,
  TextScoring,
  TextStatistics,
} from '@tributary/model';
import {
  canonicalJsonPath,
  type ExactNumber,
  type FieldIndex,
  indexedPath,
  keepsValues,
  meaningfulIndexesOf,
} from '@tributary/model';
import type { PointTable } from '../points/point-table.ts';
import type { IndexHits, OffsetSet } from '../vector-index.ts';
import type { Cardinality } from './cardinality.ts';
import { FieldValues } from './field-values.ts';
import { FilterSelector, type VectorPresence } from './filter-selector.ts';
import type { OrderedPair } from './ordered-values.ts';
import type { TextSearch } from './text-documents.ts';
import type { IndexedValue } from './value-postings.ts';

/** What indexes can say of a filter. */
export interface IndexSelection {
  /** Every offset the filter holds for. */
  readonly offsets: OffsetSet;
  /** The filter holds for all of them; else for some, which their payloads tell. */
  readonly isExact: boolean;
}

export class PayloadIndexes {
  /** By the canonical path of the field. */
  readonly #fields = new Map<string, FieldValues>();
  readonly #selector: FilterSelector;

  /** `vectors` may come to have other names. */
  constructor(table: PointTable, vectors: VectorPresence) {
    this.#selector = new FilterSelector({ table, fields: this.#fields, vectors });
  }

  get size(): number {
    return this.#fields.size;
  }

  get schema(): PayloadSchema {
    return Object.fromEntries([...this.#fields].map(([field, { index }]) => [field, index]));
  }

  /** What `compileFilter` needs to agree with these indexes. */
  get meaningfulIndexes() {
    return meaningfulIndexesOf(this.schema);
  }

  get memoryBytes(): number {
    let bytes = 0;
    for (const values of this.#fields.values()) bytes += values.memoryBytes;
    return bytes;
  }

  /** Points with a value of the index's type, by field. */
  pointsByField(): Record<string, number> {
    return Object.fromEntries(
      [...this.#fields].map(([field, { pointsCount }]) => [field, pointsCount]),
    );
  }

  /** An index over the points given: all there are. Takes the place of one. Throws a JsonPathError on no path. */
  create(
    field: string,
    index: FieldIndex,
    points: Iterable<{ readonly offset: PointOffset; readonly payload: JsonObject }>,
  ): void {
    const values = new FieldValues(field, index);
    for (const { offset, payload } of points) values.add(offset, payload);
    this.attach(field, values);
  }

  /**
   * Attaches an index that was made elsewhere, over the same field, and knows every point there is. Takes the place of
   * one.
   */
  attach(field: string, values: FieldValues): void {
    this.#fields.set(canonicalJsonPath(field), values);
  }

  drop(field: string): void {
    this.#fields.delete(canonicalJsonPath(field));
  }

  /** The offset must not be there. */
  add(offset: PointOffset, payload: JsonObject): void {
    for (const values of this.#fields.values()) values.add(offset, payload);
  }

  /** Removing what is not there changes nothing. */
  remove(offset: PointOffset): void {
    for (const values of this.#fields.values()) values.remove(offset);
  }

  estimate(filter: Filter): Cardinality {
    return this.#selector.estimate(filter);
  }

  /**
   * Undefined where indexes know nothing that narrows the filter. Which points are in a slice or have a vector takes a
   * walk through those that are left; without it the answer is not exact.
   */
  select(filter: Filter, { isWalking = true } = {}): IndexSelection | undefined {
    return this.#selector.select(filter, isWalking);
  }

  /**
   * How many points have each value of a field, of those in `accept` where given. Undefined where the field has no
   * index that counts values: keyword, integer with lookup, bool, uuid.
   */
  facet(field: string, accept?: OffsetSet): Iterable<readonly [IndexedValue, number]> | undefined {
    const values = this.#at(field);
    if (values?.postings === undefined || !keepsValues(values.index)) return undefined;
    return accept === undefined ? values.postings.counts() : values.postings.countsWithin(accept);
  }

  /**
   * The numbers of a field in their order, each once for each offset that has it, equal ones by offset. Undefined where
   * the field has no index in order: integer with range, float, datetime. Nothing may change meanwhile.
   */
  inOrder(
    field: string,
    direction: 'asc' | 'desc',
    startFrom?: ExactNumber,
  ): Iterable<OrderedPair> | undefined {
    return this.#at(field)?.ordered?.inOrder(direction, startFrom);
  }

  /** What the text index of a field knows of the terms of a text. Undefined where the field has none with scoring. */
  textStatistics(field: string, text: string, accept?: OffsetSet): TextStatistics | undefined {
    const values = this.#at(field);
    return values?.documents?.statistics(values.queryTokens(text), accept);
  }

  /** The points that a text finds, best first. Undefined where the field has no text index with scoring. */
  searchText(field: string, scoring: TextScoring, search: TextSearch): IndexHits | undefined {
    return this.#at(field)?.documents?.search(scoring, search);
  }

  /** Undefined where the field has no index, or is no path. */
  indexOf(field: string): FieldIndex | undefined {
    return this.#at(field)?.index;
  }

  /** Undefined where the field has no index, or is no path. */
  #at(field: string): FieldValues | undefined {
    const path = indexedPath(field);
    return path === undefined ? undefined : this.#fields.get(path);
  }
}
