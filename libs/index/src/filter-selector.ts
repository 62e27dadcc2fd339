// Filters answered from payload indexes: how many points, and which.
//
// Invariant: a selection holds every live offset that the filter holds for, and where it is exact no other. A clause
// that no index knows about narrows nothing and makes the answer inexact.

import {
  type Condition,
  canonicalJsonPath,
  elementsPath,
  type Filter,
  type ValueCondition,
} from '@tributary/model';
import {
  anyOf,
  type Cardinality,
  exactly,
  ofAll,
  ofNone,
  ofSome,
  upTo,
  within,
} from './cardinality.ts';
import { countOfSet } from './exact-scan.ts';
import type { Answer, FieldValues } from './field-values.ts';
import { addOffset, intersectInto, uniteInto, without } from './offset-bits.ts';
import type { PointTable } from './point-table.ts';
import type { OffsetSet } from './vector-index.ts';

/** Below this many points, looking at their payloads costs less than another index. */
const FEW_POINTS = 64;

/** A part of a filter that must hold. */
interface Part {
  readonly estimate: Cardinality;
  /** Undefined where nothing is known. */
  select(): Answer | undefined;
}

export class FilterSelector {
  readonly #table: PointTable;
  readonly #fields: ReadonlyMap<string, FieldValues>;

  constructor(table: PointTable, fields: ReadonlyMap<string, FieldValues>) {
    this.#table = table;
    this.#fields = fields;
  }

  estimate(filter: Filter): Cardinality {
    const parts = this.#partsOf(filter).map(({ estimate }) => estimate);
    return ofAll(parts, this.#table.count);
  }

  /** Undefined where nothing is known that narrows the filter. */
  select(filter: Filter): Answer | undefined {
    const parts = this.#partsOf(filter).sort((a, b) => a.estimate.expected - b.estimate.expected);
    let offsets: OffsetSet | undefined;
    let isExact = true;
    for (const part of parts) {
      if (offsets !== undefined) {
        const count = countOfSet(offsets);
        if (count === 0) return { offsets, isExact: true };
        if (count <= FEW_POINTS) return { offsets, isExact: false };
      }
      const answer = part.select();
      isExact &&= answer?.isExact ?? false;
      if (answer === undefined) continue;
      if (offsets === undefined) offsets = answer.offsets;
      else intersectInto(offsets, answer.offsets);
    }
    if (offsets !== undefined) return { offsets, isExact };
    return isExact ? { offsets: this.#table.live.slice(), isExact } : undefined;
  }

  #partsOf(filter: Filter): Part[] {
    const parts = (filter.must ?? []).map((condition) => this.#part(condition));
    const should = filter.should ?? [];
    if (should.length > 0) parts.push(this.#partOfSome(should.map((each) => this.#part(each))));
    for (const condition of filter.mustNot ?? []) parts.push(this.#negated(this.#part(condition)));
    const { conditions = [], minCount = 0 } = filter.minShould ?? {};
    if (conditions.length > 0 && minCount > 0) {
      parts.push(
        this.#partOfAtLeast(
          conditions.map((each) => this.#part(each)),
          minCount,
        ),
      );
    }
    return parts;
  }

  #part(condition: Condition): Part {
    const total = this.#table.count;
    switch (condition.kind) {
      case 'filter':
        return {
          estimate: this.estimate(condition.filter),
          select: () => this.select(condition.filter),
        };
      case 'nested':
        return this.#partOfNested(condition.key, condition.filter);
      case 'hasId': {
        const offsets = [...new Set(condition.ids)]
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
      case 'slice':
        return unknown({ min: 0, expected: total / condition.total, max: total });
      case 'hasVector':
      case 'valuesCount':
      case 'version':
        return unknown(anyOf(total));
      case 'isEmpty': {
        const values = this.#fieldAt(condition.key);
        if (values === undefined) return unknown(anyOf(total));
        return {
          estimate: exactly(total - values.filled.count),
          select: () => ({
            offsets: without(this.#table.live, values.filled.words),
            isExact: true,
          }),
        };
      }
      case 'isNull': {
        const values = this.#fieldAt(condition.key);
        if (values === undefined) return unknown(anyOf(total));
        return {
          estimate: exactly(values.nulls.count),
          select: () => {
            const set = this.#emptySet();
            uniteInto(set, values.nulls.words);
            return { offsets: set, isExact: true };
          },
        };
      }
      default:
        return this.#partOfValues(condition, condition.key);
    }
  }

  #partOfValues(condition: ValueCondition, field: string): Part {
    const values = this.#fieldAt(field);
    if (values === undefined) return unknown(anyOf(this.#table.count));
    return {
      estimate: within(values.estimate(condition), this.#table.count),
      select: () => values.select(condition, this.#table.live.length),
    };
  }

  /** One element must meet the whole filter, so some element meets each of its demands: that much an index can say. */
  #partOfNested(key: string, filter: Filter): Part {
    const demands = this.#demandsOf(filter, `${elementsPath(key)}.`);
    const { max, expected } = ofAll(
      demands.map(({ estimate }) => estimate),
      this.#table.count,
    );
    return {
      estimate: { min: 0, expected, max },
      select: () => {
        let offsets: OffsetSet | undefined;
        for (const demand of demands) {
          const answer = demand.select();
          if (answer === undefined) continue;
          if (offsets === undefined) offsets = answer.offsets;
          else intersectInto(offsets, answer.offsets);
        }
        return offsets && { offsets, isExact: false };
      },
    };
  }

  /** What every element that meets the filter has, as far as it is about values. */
  #demandsOf(filter: Filter, prefix: string): Part[] {
    const demands: Part[] = [];
    for (const condition of filter.must ?? []) {
      switch (condition.kind) {
        case 'filter':
          demands.push(...this.#demandsOf(condition.filter, prefix));
          break;
        case 'nested':
          demands.push(
            ...this.#demandsOf(condition.filter, `${prefix}${elementsPath(condition.key)}.`),
          );
          break;
        case 'hasId':
        case 'hasVector':
        case 'slice':
        case 'version':
        case 'isEmpty':
        case 'isNull':
        case 'valuesCount':
          break;
        default:
          demands.push(this.#partOfValues(condition, prefix + condition.key));
      }
    }
    return demands;
  }

  #partOfSome(parts: readonly Part[]): Part {
    return {
      estimate: ofSome(
        parts.map(({ estimate }) => estimate),
        this.#table.count,
      ),
      select: () => {
        const united = this.#emptySet();
        let isExact = true;
        for (const part of parts) {
          const answer = part.select();
          if (answer === undefined) return undefined;
          uniteInto(united, answer.offsets);
          isExact &&= answer.isExact;
        }
        return { offsets: united, isExact };
      },
    };
  }

  #negated(part: Part): Part {
    return {
      estimate: ofNone(part.estimate, this.#table.count),
      select: () => {
        const answer = part.select();
        if (!answer?.isExact) return undefined;
        return { offsets: without(this.#table.live, answer.offsets), isExact: true };
      },
    };
  }

  /** Exact where one is enough; where more must hold, the points that meet any of them. */
  #partOfAtLeast(parts: readonly Part[], minCount: number): Part {
    if (minCount === 1) return this.#partOfSome(parts);
    const some = this.#partOfSome(parts);
    return {
      estimate: upTo(some.estimate.max),
      select: () => {
        const answer = some.select();
        return answer && { offsets: answer.offsets, isExact: false };
      },
    };
  }

  #fieldAt(path: string): FieldValues | undefined {
    return this.#fields.size === 0 ? undefined : this.#fields.get(canonicalJsonPath(path));
  }

  #emptySet(): OffsetSet {
    return new Uint32Array(this.#table.live.length);
  }
}

function unknown(estimate: Cardinality): Part {
  return { estimate, select: () => undefined };
}
