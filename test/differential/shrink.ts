// The smallest question that still shows a difference: parts are left out for as long as there is one.

import { isObject, type Json, type JsonObject, listOf, type Step } from './case.ts';
import { isExactNumber } from './exact-json.ts';

const TRIES_MAX = 200;
/** Without them there is no such question, or another one. */
const KEPT = new Set([
  ...['limit', 'query', 'using', 'vector', 'key', 'group_by', 'group_size', 'exact'],
  ...['context', 'target', 'strategy'],
]);
const CLAUSES = new Set(['must', 'should', 'must_not', 'min_should']);

/** Asks again and again; `differs` says whether a question still shows a difference. */
export async function shrink(step: Step, differs: (step: Step) => Promise<boolean>): Promise<Step> {
  let smallest = step;
  let tries = 0;
  for (;;) {
    let smaller: Step | undefined;
    for (const body of bodies(smallest.body)) {
      tries += 1;
      if (tries > TRIES_MAX) return smallest;
      const candidate = { ...smallest, body };
      if (!(await differs(candidate))) continue;
      smaller = candidate;
      break;
    }
    if (smaller === undefined) return smallest;
    smallest = smaller;
  }
}

function* bodies(body: JsonObject): Generator<JsonObject> {
  for (const [key, value] of Object.entries(body)) {
    if (!KEPT.has(key)) yield without(body, key);
    for (const part of key === 'filter' ? filters(value) : parts(value)) {
      yield { ...body, [key]: part };
    }
  }
}

/** The same value with one thing less in it, the largest things first. */
function* parts(value: Json | undefined): Generator<Json> {
  if (Array.isArray(value)) {
    const items = listOf(value);
    if (typeof items[0] === 'number') return;
    for (const index of items.keys()) {
      if (items.length > 1) yield items.filter((_, at) => at !== index);
    }
    for (const [index, item] of items.entries()) {
      for (const part of parts(item)) yield items.with(index, part);
    }
  } else if (isObject(value) && !isExactNumber(value) && value.indices === undefined) {
    yield* inner(value);
    for (const [key, each] of Object.entries(value)) {
      if (!KEPT.has(key)) yield without(value, key);
      for (const part of key === 'filter' ? filters(each) : parts(each)) {
        yield { ...value, [key]: part };
      }
    }
  }
}

/** A filter in the place of one that has it as a condition. */
function* inner(filter: JsonObject): Generator<Json> {
  for (const clause of ['must', 'should', 'must_not']) {
    const conditions = filter[clause];
    for (const each of Array.isArray(conditions) ? listOf(conditions) : [conditions ?? null]) {
      if (isObject(each)) yield each;
    }
  }
  if (isObject(filter.min_should)) {
    for (const each of listOf(filter.min_should.conditions)) yield each;
  }
}

/** As parts, but never a condition by itself. */
function* filters(filter: Json): Generator<Json> {
  for (const part of parts(filter)) yield isFilter(part) ? part : { must: [part] };
}

function isFilter(value: Json): boolean {
  return isObject(value) && Object.keys(value).every((key) => CLAUSES.has(key));
}

function without(value: JsonObject, key: string): JsonObject {
  const { [key]: _, ...rest } = value;
  return rest;
}
