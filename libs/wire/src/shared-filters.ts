// The filters of a call's queries, each written once, however many of the queries have it: a matrix is thousands of
// searches among the same points, and their ids are its filter.
//
// Invariant: queries whose filters are equal have one and the same filter where they are read, so that a replica
// evaluates it once for all of them.

import type { Filter } from '@tributary/model';
import { corrupt } from './field.ts';
import { filterToText } from './filter-text.ts';
import { filterFromBytes } from './json-field.ts';

export class SharedFilters {
  readonly #byFilter = new Map<Filter, number>();
  readonly #byText = new Map<string, number>();

  /** From 1. Throws `bad_request` on a filter nested deeper than a reader accepts. */
  numberOf(filter: Filter): number {
    const known = this.#byFilter.get(filter);
    if (known !== undefined) return known;
    const text = filterToText(filter);
    const number = this.#byText.get(text) ?? this.#byText.size + 1;
    this.#byText.set(text, number);
    this.#byFilter.set(filter, number);
    return number;
  }

  /** In the order of their numbers. */
  get texts(): Iterable<string> {
    return this.#byText.keys();
  }
}

export class ReadFilters {
  readonly #filters: Filter[] = [];

  /** Errors: `corrupt`. */
  take(bytes: Uint8Array): void {
    this.#filters.push(filterFromBytes(bytes));
  }

  /** Errors: `corrupt`. */
  at(number: number): Filter {
    const filter = this.#filters[number - 1];
    if (filter === undefined) throw corrupt(`a call has no filter ${number}`);
    return filter;
  }
}
