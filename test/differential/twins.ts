// Two collections of one peer that differ in the number of shards and in the protocol they are reached by, and in
// nothing that an answer may show: asked the same, both answer the same ids in the same order, with the same bits of
// every score.

import { type Action, type Answer, type Engine, isObject, type Json, type Step } from './case.ts';
import { isSample } from './comparison.ts';

/** The engine with collections of other names, of so many shards. */
export class Twin implements Engine {
  readonly #engine: Engine;
  readonly #shards: number;

  constructor(engine: Engine, shards: number) {
    this.#engine = engine;
    this.#shards = shards;
  }

  async ask(collection: string, { action, body }: Step): Promise<Answer> {
    // A body may name the collection too, and so may an alias.
    const [base = ''] = /^differential-\d+/.exec(collection) ?? [];
    const mine = `${base}-of-${this.#shards}`;
    const text = JSON.stringify(action === 'create' ? this.#sharded(body) : body);
    const renamed = JSON.parse(text.replaceAll(base, mine));
    return await this.#engine.ask(collection.replace(base, mine), { action, body: renamed });
  }

  async drop(collection: string): Promise<void> {
    await this.#engine.drop(`${collection}-of-${this.#shards}`);
  }

  #sharded(body: Step['body']): Step['body'] {
    return { ...body, shard_number: this.#shards };
  }
}

/** Sequences count the entries of a request, of which there are as many as shards. */
const UNLIKE = new Set(['version', 'operation_id', 'status', 'usage']);
export const UPDATES: ReadonlySet<Action> = new Set<Action>([
  ...(['create', 'index', 'upsert', 'delete', 'set_payload', 'overwrite_payload'] as const),
  ...(['delete_payload', 'clear_payload', 'update_vectors', 'delete_vectors'] as const),
  ...(['batch', 'alias'] as const),
]);

/** What differs between the answers of twins, or undefined. */
export function twinDifference(step: Step, left: Answer, right: Answer): string | undefined {
  if ('error' in left || 'error' in right) {
    if ('error' in left && 'error' in right) return undefined;
    return `${JSON.stringify(left).slice(0, 600)}\nand ${JSON.stringify(right).slice(0, 600)}`;
  }
  if (UPDATES.has(step.action)) return undefined;
  if (step.action === 'query' && isSample(step.body)) return undefined;
  return unlike(left.result, right.result, '');
}

/** Where two values first differ. What is null or empty may as well be left out; numbers are float32 or integers. */
function unlike(left: Json | undefined, right: Json | undefined, path: string): string | undefined {
  if (Array.isArray(left) && Array.isArray(right)) {
    if (left.length !== right.length) return `${path}: ${left.length} items, not ${right.length}`;
    return first(left.keys(), (i) => unlike(left[i], right[i], `${path}[${i}]`));
  }
  if (isObject(left) && isObject(right)) {
    const keys = new Set([...Object.keys(left), ...Object.keys(right)].filter(isCompared));
    return first(keys, (key) => unlike(left[key], right[key], `${path}.${key}`));
  }
  if (isNothing(left) && isNothing(right)) return undefined;
  const isSame =
    typeof left === 'number' && typeof right === 'number'
      ? left === right || Math.fround(left) === Math.fround(right)
      : left === right;
  return isSame ? undefined : `${path}: ${shown(left)} and ${shown(right)}`;
}

function isCompared(key: string): boolean {
  return !UNLIKE.has(key);
}

function isNothing(value: Json | undefined): boolean {
  return value === undefined || value === null || (isObject(value) && !Object.keys(value).length);
}

function first<Item>(items: Iterable<Item>, check: (item: Item) => string | undefined) {
  for (const item of items) {
    const what = check(item);
    if (what !== undefined) return what;
  }
  return undefined;
}

function shown(value: Json | undefined): string {
  return JSON.stringify(value)?.slice(0, 300) ?? 'nothing';
}
