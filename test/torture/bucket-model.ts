// What a bucket of points may hold. A bucket belongs to one writer, which changes it by one request at a time, and
// every request is atomic; so after a request of unknown outcome the bucket as a whole is as before or as after,
// whatever shards its points lie on. Such a bucket is retired: at most one outcome is ever open, however late it takes
// effect.
//
//   live ──(acknowledged | refused)──► live          live ──(unknown)──► retired, with two or more candidates

import { vectorOf } from '../cluster/history.ts';

/** A point's payload and vector follow from these; a point written again has no mark. */
export interface PointState {
  readonly value: number;
  readonly mark?: number;
}

export type BucketState = ReadonlyMap<number, PointState>;

export type Change =
  | { readonly kind: 'upsert'; readonly values: ReadonlyMap<number, number> }
  /** Leaves points that are there as they are. */
  | { readonly kind: 'insertOnly'; readonly values: ReadonlyMap<number, number> }
  /** Of points that are there, changes those whose value is below the bound; inserts the others. */
  | {
      readonly kind: 'updateBelow';
      readonly values: ReadonlyMap<number, number>;
      readonly bound: number;
    }
  | { readonly kind: 'delete'; readonly keys: readonly number[] }
  | { readonly kind: 'deleteBelow'; readonly bound: number }
  | { readonly kind: 'mark'; readonly keys: readonly number[]; readonly mark: number }
  | { readonly kind: 'markBelow'; readonly bound: number; readonly mark: number }
  | { readonly kind: 'unmarkBelow'; readonly bound: number };

export type Outcome = 'acknowledged' | 'refused' | 'unknown';

export function changed(state: BucketState, change: Change): BucketState {
  const next = new Map(state);
  const below = (bound: number) => [...state].filter(([, { value }]) => value < bound);
  switch (change.kind) {
    case 'upsert':
      for (const [key, value] of change.values) next.set(key, { value });
      return next;
    case 'insertOnly':
      for (const [key, value] of change.values) if (!next.has(key)) next.set(key, { value });
      return next;
    case 'updateBelow':
      for (const [key, value] of change.values) {
        const present = state.get(key);
        if (present === undefined || present.value < change.bound) next.set(key, { value });
      }
      return next;
    case 'delete':
      for (const key of change.keys) next.delete(key);
      return next;
    case 'deleteBelow':
      for (const [key] of below(change.bound)) next.delete(key);
      return next;
    case 'mark':
      for (const key of change.keys) {
        const present = state.get(key);
        if (present !== undefined) next.set(key, { ...present, mark: change.mark });
      }
      return next;
    case 'markBelow':
      for (const [key, { value }] of below(change.bound))
        next.set(key, { value, mark: change.mark });
      return next;
    case 'unmarkBelow':
      for (const [key, { value }] of below(change.bound)) next.set(key, { value });
      return next;
  }
}

export class Bucket {
  readonly name: string;
  readonly keys: readonly number[];
  #candidates: readonly BucketState[] = [new Map()];
  #isRetired = false;
  /** Operation id of the last acknowledged request. */
  token: number | undefined;

  constructor(name: string, keys: readonly number[]) {
    this.name = name;
    this.keys = keys;
  }

  get isRetired(): boolean {
    return this.#isRetired;
  }

  /** The one state of a live bucket. */
  get state(): BucketState {
    const [only, ...others] = this.#candidates;
    if (only === undefined || others.length > 0) throw new Error(`${this.name} has no one state`);
    return only;
  }

  /** Requests of a batch take effect one after another, so that of an unknown one any first part may have. */
  record(changes: readonly Change[], outcome: Outcome): void {
    if (this.#isRetired) throw new Error(`${this.name} is retired`);
    if (outcome === 'refused') return;
    const states = [this.state];
    for (const change of changes) states.push(changed(states.at(-1) ?? new Map(), change));
    this.#isRetired = outcome === 'unknown';
    this.#candidates = this.#isRetired ? states : states.slice(-1);
  }

  /** '' where the points read are one of the states the bucket may be in; else what is wrong with them. */
  problemWith(held: BucketState): string {
    const differences = this.#candidates.map((candidate) => differenceOf(candidate, held));
    if (differences.includes('')) return '';
    return `${this.name} (${this.#isRetired ? 'retired' : 'live'}): ${differences.join(' | or ')}`;
  }
}

function differenceOf(expected: BucketState, held: BucketState): string {
  const differences: string[] = [];
  for (const key of new Set([...expected.keys(), ...held.keys()])) {
    const wanted = shown(expected.get(key));
    const found = shown(held.get(key));
    if (wanted !== found) differences.push(`${key}: expected ${wanted}, holds ${found}`);
  }
  const more = differences.length > 4 ? `, and ${differences.length - 4} more` : '';
  return differences.slice(0, 4).join(', ') + more;
}

function shown(state: PointState | undefined): string {
  if (state === undefined) return 'nothing';
  return state.mark === undefined ? `${state.value}` : `${state.value}/${state.mark}`;
}

/** A point as a reader gets it, told apart from a torn or foreign one. */
export function pointStateOf(
  payload: Record<string, unknown>,
  vector: readonly number[],
): PointState {
  const { value, mark } = payload;
  if (typeof value !== 'number') throw new RangeError(`a point without a value: ${value}`);
  const expected = vectorOf(value);
  if (expected.some((x, i) => x !== vector[i])) {
    throw new RangeError(`value ${value} with another vector than was written`);
  }
  return typeof mark === 'number' ? { value, mark } : { value };
}
