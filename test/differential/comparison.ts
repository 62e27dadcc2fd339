// Whether two answers are the same one. Scores agree to 1e-4 of their size; hits whose scores agree are a set, for the
// order among equals is nobody's promise. At the end of a full page equals may have been cut off on either side.

import { isDeepStrictEqual } from 'node:util';
import {
  type Action,
  type Answer,
  isObject,
  type Json,
  type JsonObject,
  listOf,
  type Step,
} from './case.ts';
import { numberOf, sameNumber } from './exact-json.ts';

const RELATIVE = 1e-4;
/** Sums of scores that cancel each other out keep the error of the largest. */
const ABSOLUTE = 6e-6;

/** What differs, or undefined. */
export function difference(
  step: Step,
  ours: Answer,
  theirs: Answer,
  refusesAlike = false,
): string | undefined {
  if ('error' in ours || 'error' in theirs) {
    if (refusesAlike && 'error' in ours && 'error' in theirs) return undefined;
    return `Tributary: ${summary(ours)}\nthe other: ${summary(theirs)}`;
  }
  return COMPARISONS[step.action]?.(ours.result, theirs.result, step);
}

type Compare = (ours: Json, theirs: Json, step: Step) => string | undefined;

const COMPARISONS: Partial<Record<Action, Compare>> = {
  retrieve: records,
  count: same,
  facet: (ours, theirs) => same(field(ours, 'hits'), field(theirs, 'hits')),
  scroll: (ours, theirs, step) =>
    isObject(step.body.order_by)
      ? hits(listOf(field(ours, 'points')), listOf(field(theirs, 'points')), step)
      : (records(field(ours, 'points'), field(theirs, 'points')) ??
        same(field(ours, 'next_page_offset') ?? null, field(theirs, 'next_page_offset') ?? null)),
  query: (ours, theirs, step) =>
    (isSample(step.body) ? someOf : hits)(
      listOf(field(ours, 'points')),
      listOf(field(theirs, 'points')),
      step,
    ),
  query_batch: (ours, theirs, step) => {
    const searches = listOf(step.body.searches);
    const answers = searches.map((body, index) => [
      body,
      listOf(ours)[index],
      listOf(theirs)[index],
    ]);
    return first(answers, ([body, left, right]) =>
      hits(listOf(field(left, 'points')), listOf(field(right, 'points')), asQuery(body)),
    );
  },
  search: (ours, theirs, step) => hits(listOf(ours), listOf(theirs), step),
  search_batch: (ours, theirs, step) =>
    first([...listOf(step.body.searches).entries()], ([index, body]) =>
      hits(listOf(listOf(ours)[index]), listOf(listOf(theirs)[index]), asQuery(body)),
    ),
  search_groups: groups,
  recommend_groups: groups,
  recommend: (ours, theirs, step) => hits(listOf(ours), listOf(theirs), step),
  discover: (ours, theirs, step) => hits(listOf(ours), listOf(theirs), step),
  matrix_pairs: pairs,
  matrix_offsets: (ours, theirs, step) => pairs(pairsOf(ours), pairsOf(theirs), step),
  query_groups: groups,
};

function asQuery(body: Json | undefined): Step {
  return { action: 'query', body: isObject(body) ? body : {} };
}

function first<Item>(
  items: readonly Item[],
  check: (item: Item) => string | undefined,
): string | undefined {
  for (const item of items) {
    const what = check(item);
    if (what !== undefined) return what;
  }
  return undefined;
}

/** The neighbours of each point are a list of hits. */
function pairs(ours: Json, theirs: Json, step: Step): string | undefined {
  const byPoint = (answer: Json) =>
    Map.groupBy(listOf(field(answer, 'pairs')), (pair) => field(pair, 'a'));
  const [left, right] = [byPoint(ours), byPoint(theirs)];
  if (left.size !== right.size) return `${left.size} points have neighbours, not ${right.size}`;
  const asHits = (list: readonly Json[] = []) =>
    list.map(
      (pair): Json => ({ id: field(pair, 'b') ?? null, score: field(pair, 'score') ?? null }),
    );
  return first([...left], ([id, list]) => hits(asHits(list), asHits(right.get(id)), step));
}

/** The other form of a matrix: rows and columns as positions in a list of ids. */
function pairsOf(offsets: Json): Json {
  const ids = listOf(field(offsets, 'ids'));
  const idAt = (position: Json | undefined): Json => ids[Number(position)] ?? null;
  const [rows, columns] = [field(offsets, 'offsets_row'), field(offsets, 'offsets_col')];
  const scores = listOf(field(offsets, 'scores'));
  const pair = (row: Json, i: number): Json => {
    return { a: idAt(row), b: idAt(listOf(columns)[i]), score: scores[i] ?? null };
  };
  return { pairs: listOf(rows).map(pair) };
}

export function near(left: Json | undefined, right: Json | undefined): boolean {
  const [a, b] = [numberOf(left), numberOf(right)];
  if (a === undefined || b === undefined) return left === right;
  return Math.abs(a - b) <= ABSOLUTE + RELATIVE * Math.max(Math.abs(a), Math.abs(b));
}

/** Equal but for numbers that are merely near; no payload is an empty one, no vectors are no vectors. */
export function alike(left: Json | undefined, right: Json | undefined): boolean {
  if (typeof left === 'number') return near(left, right);
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((each, index) => alike(each, right[index]));
  }
  if (isObject(left) && isObject(right)) {
    const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
    return [...keys].every((key) => alike(left[key], right[key]));
  }
  return left === right;
}

function hits(ours: readonly Json[], theirs: readonly Json[], step: Step): string | undefined {
  if (ours.length !== theirs.length) return `${ours.length} hits, not ${theirs.length}`;
  const place = (index: number) => `hit ${index}: ${show(ours[index])} and ${show(theirs[index])}`;
  const isTie = tieOf(ours);
  const off = ours.findIndex((hit, index) => !isTie(hit, theirs[index]));
  if (off >= 0) return place(off);
  const full = ours.length === step.body.limit;
  let start = 0;
  while (start < ours.length) {
    let end = start + 1;
    while (end < ours.length && isTie(ours[end - 1], ours[end])) end += 1;
    const cut = (full && end === ours.length) || (start === 0 && step.body.offset !== undefined);
    if (!cut && !sameSet(ours.slice(start, end), theirs.slice(start, end))) return place(start);
    start = end;
  }
  return payloads(ours, theirs);
}

/** What orders the hits: the value asked for where there is one, exactly, else the score. */
function tieOf([first]: readonly Json[]): (a: Json | undefined, b: Json | undefined) => boolean {
  const isByValue = (field(first, 'order_value') ?? null) !== null;
  return isByValue
    ? (a, b) => sameNumber(field(a, 'order_value'), field(b, 'order_value'))
    : (a, b) => near(field(a, 'score'), field(b, 'score'));
}

export function isSample({ query }: JsonObject): boolean {
  return field(query, 'sample') !== undefined;
}

/** As many of the same points, whichever. */
function someOf(ours: readonly Json[], theirs: readonly Json[]): string | undefined {
  const ids = new Set(ours.map((hit) => JSON.stringify(field(hit, 'id'))));
  if (ids.size !== ours.length) return `a sample has a point twice: ${show(ours)}`;
  if (ids.size !== theirs.length) return `a sample of ${ids.size}, not ${theirs.length}`;
  return payloads(ours, theirs);
}

function payloads(ours: readonly Json[], theirs: readonly Json[]): string | undefined {
  const byId = new Map(theirs.map((hit) => [field(hit, 'id'), hit]));
  for (const hit of ours) {
    const other = byId.get(field(hit, 'id'));
    if (other === undefined) continue;
    if (!samePayload(hit, other) || !alike(vectorsOf(hit), vectorsOf(other))) {
      return `${show(hit)} and ${show(other)}`;
    }
  }
  return undefined;
}

function samePayload(ours: Json, theirs: Json): boolean {
  return isDeepStrictEqual(field(ours, 'payload') ?? {}, field(theirs, 'payload') ?? {});
}

function records(ours: Json | undefined, theirs: Json | undefined): string | undefined {
  const [left, right] = [listOf(ours), listOf(theirs)];
  const ids = (list: readonly Json[]) => list.map((record) => field(record, 'id') ?? null);
  const order = same(ids(left), ids(right));
  if (order !== undefined) return `ids ${order}`;
  for (const [index, record] of left.entries()) {
    const other = right[index] ?? null;
    if (!samePayload(record, other) || !alike(vectorsOf(record), vectorsOf(other))) {
      return `${show(record)} and ${show(other)}`;
    }
  }
  return undefined;
}

function vectorsOf(record: Json): Json {
  return field(record, 'vector') ?? {};
}

function groups(ours: Json, theirs: Json, step: Step): string | undefined {
  const [left, right] = [listOf(field(ours, 'groups')), listOf(field(theirs, 'groups'))];
  if (left.length !== right.length) return `${left.length} groups, not ${right.length}`;
  const leaders = (list: readonly Json[]) =>
    list.map((group) => field(listOf(field(group, 'hits'))[0], 'score'));
  const [ourBest, theirBest] = [leaders(left), leaders(right)];
  if (!ourBest.every((score, index) => near(score, theirBest[index]))) {
    return `the best of the groups score ${show(ourBest)} and ${show(theirBest)}`;
  }
  // A point with several values opens several groups at once, in no order; of those the last may be cut off.
  const last = ourBest.at(-1);
  const idOf = (group: Json) => JSON.stringify(field(group, 'id'));
  const byId = new Map(right.map((group) => [idOf(group), group]));
  for (const group of left) {
    const other = byId.get(idOf(group));
    const best = field(listOf(field(group, 'hits'))[0], 'score');
    if (other === undefined && near(best, last) && left.length === step.body.limit) continue;
    if (other === undefined) return `group ${show(group)} is in one answer only`;
    const limited: Step = { ...step, body: { limit: step.body.group_size ?? null } };
    const inside = hits(listOf(field(group, 'hits')), listOf(field(other, 'hits')), limited);
    if (inside !== undefined) return `group ${show(field(group, 'id'))}: ${inside}`;
    const [found, their] = [field(group, 'lookup') ?? null, field(other, 'lookup') ?? null];
    if (field(found, 'id') !== field(their, 'id') || !samePayload(found, their))
      return `lookup of ${show(group)} and ${show(other)}`;
  }
  return undefined;
}

function same(ours: unknown, theirs: unknown): string | undefined {
  return isDeepStrictEqual(ours, theirs) ? undefined : `${show(ours)} and ${show(theirs)}`;
}

function sameSet(ours: readonly Json[], theirs: readonly Json[]): boolean {
  const ids = (list: readonly Json[]) => list.map((hit) => JSON.stringify(field(hit, 'id'))).sort();
  return isDeepStrictEqual(ids(ours), ids(theirs));
}

export function field(value: Json | undefined, key: string): Json | undefined {
  return isObject(value) ? value[key] : undefined;
}

function summary(answer: Answer): string {
  return 'error' in answer ? answer.error : `answers ${show(answer.result)}`;
}

function show(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 400) ?? 'nothing';
}
