// The JSON text of a filter. One of very many values (some 100,000 ids) is written in steps before it is sent, and its
// text kept as long as the filter is: every shard gets it, and a write is measured before it is encoded.

import { type Condition, type Filter, listedCount, stringifyJson } from '@tributary/model';
import { atOnce, type Steps, TributaryError } from '@tributary/runtime';

/** How deep filters may nest: one level takes three of JSON, of which parseJson reads 128. */
export const FILTER_DEPTH_MAX = 40;

/** Values and conditions, of which a thousand take some 0.1 ms. */
const SMALL_SIZE_MAX = 5_000;
const VALUES_PER_STEP = 5_000;
const CONDITIONS_PER_STEP = 500;

const kept = new WeakMap<Filter, string>();

/** Throws `bad_request` on a filter nested deeper than a reader accepts. */
export function filterToText(filter: Filter): string {
  return kept.get(filter) ?? atOnce(textSteps(filter, 0));
}

/** Writes the text of a large filter and keeps it; there are no steps where it is small. Errors: as `filterToText`. */
export function* keepTextSteps(filter: Filter): Steps<void> {
  if (sizeOf(filter) <= SMALL_SIZE_MAX || kept.has(filter)) return;
  kept.set(filter, yield* textSteps(filter, 0));
}

function sizeOf(filter: Filter): number {
  let size = 0;
  const { must = [], should = [], mustNot = [], minShould } = filter;
  for (const clause of [must, should, mustNot, minShould?.conditions ?? []]) {
    for (const condition of clause) size += 1 + valuesOf(condition);
  }
  return size;
}

function valuesOf(condition: Condition): number {
  if (condition.kind === 'nested' || condition.kind === 'filter') return sizeOf(condition.filter);
  return listedCount(condition) ?? 0;
}

function* textSteps(filter: Filter, depth: number): Steps<string> {
  if (depth > FILTER_DEPTH_MAX) {
    throw new TributaryError('bad_request', `a filter nests deeper than ${FILTER_DEPTH_MAX}`);
  }
  const clauses: string[] = [];
  for (const name of ['must', 'should', 'mustNot'] as const) {
    const conditions = filter[name];
    if (conditions) clauses.push(`"${name}":${yield* clauseText(conditions, depth)}`);
  }
  if (filter.minShould) {
    const { conditions, minCount } = filter.minShould;
    const text = yield* clauseText(conditions, depth);
    clauses.push(`"minShould":{"conditions":${text},"minCount":${minCount}}`);
  }
  return `{${clauses.join(',')}}`;
}

function* clauseText(conditions: readonly Condition[], depth: number): Steps<string> {
  const texts: string[] = [];
  for (const [i, condition] of conditions.entries()) {
    if (i % CONDITIONS_PER_STEP === CONDITIONS_PER_STEP - 1) yield;
    texts.push(yield* conditionText(condition, depth));
  }
  return `[${texts.join(',')}]`;
}

function* conditionText(condition: Condition, depth: number): Steps<string> {
  switch (condition.kind) {
    case 'matchAny': {
      const { any, ...rest } = condition;
      return withField(rest, 'any', yield* listText(any));
    }
    case 'matchExcept': {
      const { except, ...rest } = condition;
      return withField(rest, 'except', yield* listText(except));
    }
    case 'hasId': {
      const { ids, ...rest } = condition;
      return withField(rest, 'ids', yield* listText(ids));
    }
    case 'nested':
    case 'filter': {
      const { filter, ...rest } = condition;
      return withField(rest, 'filter', yield* textSteps(filter, depth + 1));
    }
    default:
      return stringifyJson(condition);
  }
}

function withField(rest: object, name: string, text: string): string {
  return `${stringifyJson(rest).slice(0, -1)},"${name}":${text}}`;
}

function* listText(values: readonly (string | number | bigint | boolean)[]): Steps<string> {
  if (values.length <= VALUES_PER_STEP) return stringifyJson(values);
  const texts: string[] = [];
  for (let from = 0; from < values.length; from += VALUES_PER_STEP) {
    texts.push(stringifyJson(values.slice(from, from + VALUES_PER_STEP)).slice(1, -1));
    yield;
  }
  return `[${texts.join(',')}]`;
}
