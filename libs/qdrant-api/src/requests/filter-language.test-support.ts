// Sentences of the filter language as tables: what clients write, and the payloads it holds for.

import {
  compileFilter,
  type FieldIndex,
  type FilterSubject,
  payloadFromBytes,
} from '@tributary/model';
import { readFilter } from './filter.ts';
import { parseBody } from './json-reader.ts';

/** A condition, payloads it holds for, payloads it does not hold for. */
export type Row = readonly [
  sentence: string,
  condition: string,
  holds: readonly string[],
  fails: readonly string[],
];

/** What the rows say otherwise. Text indexes are by field, where texts are to match by tokens. */
export function contradictions(
  rows: readonly Row[],
  indexes?: ReadonlyMap<string, FieldIndex>,
): string[] {
  return rows.flatMap(([sentence, condition, holding, failing]) => {
    const holds = compiled(condition, indexes);
    const missed = holding.filter((each) => !holds(subject(each)));
    const wrong = failing.filter((each) => holds(subject(each)));
    return [
      ...missed.map((each) => `${sentence}: ${each}`),
      ...wrong.map((each) => `${sentence}: not ${each}`),
    ];
  });
}

export function compiled(condition: string, indexes?: ReadonlyMap<string, FieldIndex>) {
  const filter = readFilter(parseBody(`{"must":[${condition}]}`), 'filter');
  return compileFilter(filter, indexes && { indexes });
}

export function subject(payload: string): FilterSubject {
  return { id: 1, payload: payloadFromBytes(new TextEncoder().encode(payload)) };
}
