// Filters answered from payload indexes, the table of points and what vectors points have: how many points, and which.
//
// Invariant: a selection holds every live offset that the filter holds for, and where it is exact no other. A clause
// that no index knows about narrows nothing and makes the answer inexact.

import {
  type Condition,
  compileRange,
  elementsPath,
  type Filter,
  indexedPath,
  type PointId,
  type PointOffset,
  pointOffset,
  sliceOfId,
  type ValueCondition,
} from '@tributary/model';
import { addOffset, offsetsOf, uniteInto } from '../offset-bits.ts';
import type { PointTable } from '../points/point-table.ts';
import type { AnyVectorIndex, OffsetSet } from '../vector-index.ts';
import { anyOf, type Cardinality, exactly, within } from './cardinality.ts';
import type { Answer, FieldValues } from './field-values.ts';
import { allOf, asSuperset, atLeast, noneOf, type Part, unknown } from './filter-part.ts';

/** By vector name: which points have it. */
export type VectorPresence = ReadonlyMap<string, Pick<AnyVectorIndex, 'has' | 'stats'>>;

export interface SelectorOptions {
  readonly table: PointTable;
  /** By the canonical path of the field. */
  readonly fields: ReadonlyMap<string, FieldValues>;
  readonly vectors: VectorPresence;
}

export class FilterSelector {
  readonly #table: PointTable;
  readonly #fields: ReadonlyMap<string, FieldValues>;
  readonly #vectors: VectorPresence;

  constructor({ table, fields, vectors }: SelectorOptions) {
    this.#table = table;
    this.#fields = fields;
    this.#vectors = vectors;
  }

  estimate(filter: Filter): Cardinality {
    return this.#partOf(filter).estimate;
  }

  /** Undefined where nothing is known that narrows the filter, or only by a walk through all points. */
  select(filter: Filter, isWalking: boolean): Answer | undefined {
    return this.#partOf(filter).select({ among: this.#table.live, isWalking });
  }

  #partOf(filter: Filter): Part {
    const total = this.#table.count;
    const parts = this.#clauses(filter, (condition) => this.#part(condition));
    for (const condition of filter.mustNot ?? []) {
      parts.push(noneOf(this.#part(condition), total));
    }
    return allOf(parts, total);
  }

  /** The clauses that something must hold for. */
  #clauses(filter: Filter, partOf: (condition: Condition) => Part): Part[] {
    const total = this.#table.count;
    const parts = (filter.must ?? []).map(partOf);
    const should = filter.should ?? [];
    if (should.length > 0) parts.push(atLeast(1, should.map(partOf), total));
    const { conditions = [], minCount = 0 } = filter.minShould ?? {};
    if (minCount > 0) {
      parts.push(atLeast(minCount, conditions.map(partOf), total));
    }
    return parts;
  }

  #part(condition: Condition): Part {
    const total = this.#table.count;
    switch (condition.kind) {
      case 'filter':
        return this.#partOf(condition.filter);
      case 'nested':
        return this.#partOfElement(condition.filter, `${elementsPath(condition.key)}.`);
      case 'hasId':
        return this.#partOfIds(condition.ids);
      case 'slice': {
        const { total: slices, index } = condition;
        const isInSlice = (offset: PointOffset) => {
          const id = this.#table.idAt(offset);
          return id !== undefined && sliceOfId(id, slices) === index;
        };
        return walked({ min: 0, expected: total / slices, max: total }, isInSlice);
      }
      case 'hasVector': {
        const index = this.#vectors.get(condition.name);
        const count = index?.stats().vectors ?? 0;
        return walked(exactly(count), (offset) => index?.has(offset) ?? false);
      }
      case 'version': {
        const isWithin = compileRange(condition.range);
        return walked(anyOf(total), (offset) => isWithin(this.#table.versionAt(offset) ?? 0));
      }
      case 'isEmpty':
        return this.#partOfField(condition.key, (values) => ({
          estimate: exactly(values.emptyCount(total)),
          select: () => ({ offsets: values.selectEmpty(this.#table.live), isExact: true }),
        }));
      case 'isNull':
      case 'valuesCount':
        return this.#partOfWhatIsThere(condition, condition.key);
      default:
        return this.#partOfValues(condition, condition.key);
    }
  }

  #partOfIds(ids: readonly PointId[]): Part {
    const offsets = [...new Set(ids)]
      .map((id) => this.#table.resolve(id))
      .filter((offset) => offset !== undefined);
    return {
      estimate: exactly(offsets.length),
      select: () => {
        const set = this.#emptySet();
        for (const offset of offsets) addOffset(set, offset);
        return { offsets: set, isExact: true };
      },
    };
  }

  #partOfValues(condition: ValueCondition, key: string): Part {
    return this.#partOfField(key, (values) => ({
      estimate: within(values.estimate(condition), this.#table.count),
      select: () => values.select(condition, this.#table.live.length),
      addTo: (offsets) => values.addTo(condition, offsets),
    }));
  }

  #partOfWhatIsThere(
    condition: Extract<Condition, { kind: 'isNull' | 'valuesCount' }>,
    key: string,
  ): Part {
    return this.#partOfField(key, ({ nulls, counts }) => {
      if (condition.kind === 'valuesCount') {
        const { range } = condition;
        return {
          estimate: counts.estimate(range, this.#table.count),
          select: () => ({ offsets: counts.select(range, this.#table.live), isExact: true }),
        };
      }
      return {
        estimate: exactly(nulls.count),
        select: () => {
          const offsets = this.#emptySet();
          uniteInto(offsets, nulls.words);
          return { offsets, isExact: true };
        },
      };
    });
  }

  /** One element must meet the whole filter, so some element meets each of its clauses: that much an index can say. */
  #partOfElement(filter: Filter, prefix: string): Part {
    const parts = this.#clauses(filter, (condition) => this.#partWithin(condition, prefix));
    return asSuperset(allOf(parts, this.#table.count));
  }

  #partWithin(condition: Condition, prefix: string): Part {
    switch (condition.kind) {
      case 'filter':
        return this.#partOfElement(condition.filter, prefix);
      case 'nested':
        return this.#partOfElement(condition.filter, `${prefix}${elementsPath(condition.key)}.`);
      case 'hasId':
      case 'hasVector':
      case 'slice':
      case 'version':
        return this.#part(condition);
      case 'isEmpty':
        return unknown(anyOf(this.#table.count));
      case 'valuesCount':
        // An element without the field counts 0, and of those an index of the field knows nothing.
        if (compileRange(condition.range)(0)) return unknown(anyOf(this.#table.count));
        return asSuperset(this.#partOfWhatIsThere(condition, prefix + condition.key));
      case 'isNull':
        return asSuperset(this.#partOfWhatIsThere(condition, prefix + condition.key));
      default:
        return asSuperset(this.#partOfValues(condition, prefix + condition.key));
    }
  }

  #partOfField(key: string, partOf: (values: FieldValues) => Part): Part {
    const path = this.#fields.size === 0 ? undefined : indexedPath(key);
    const values = path === undefined ? undefined : this.#fields.get(path);
    return values === undefined ? unknown(anyOf(this.#table.count)) : partOf(values);
  }

  #emptySet(): OffsetSet {
    return new Uint32Array(this.#table.live.length);
  }
}

/** A condition that is asked of one point after the other. */
function walked(estimate: Cardinality, holds: (offset: PointOffset) => boolean): Part {
  return {
    estimate,
    isWalk: true,
    select: ({ among, isWalking }) => {
      if (!isWalking) return undefined;
      const offsets = new Uint32Array(among.length);
      for (const offset of offsetsOf(among)) {
        if (holds(pointOffset(offset))) addOffset(offsets, offset);
      }
      return { offsets, isExact: true };
    },
  };
}
