// Rounds of cases: a collection, points, and then questions and updates in turns. A round is a function of its seed and
// of the points there are, so a seed that fails does so again.

import { type Random, seededRandom } from '@tributary/runtime';
import { type Answer, type Engine, isObject, type Json, listOf, type Step } from './case.ts';
import { between, chance, times } from './choices.ts';
import {
  type Collection,
  makeCollection,
  makeCornerId,
  makeId,
  makePoint,
  makeQuantization,
  type Oracle,
} from './collection-generator.ts';
import { difference, field, isSample, near } from './comparison.ts';
import { makeQuestion } from './query-generator.ts';
import type { QueryScope } from './query-parts.ts';
import { shrink } from './shrink.ts';
import { twinDifference, UPDATES } from './twins.ts';
import { makeUpdate } from './update-generator.ts';

export interface Engines {
  readonly ours: Engine;
  readonly theirs: Engine;
  /** What `theirs` is; twins must agree wholly, also among equals. */
  readonly oracle: Oracle;
}

export interface Difference {
  readonly seed: number;
  readonly step: Step;
  readonly collection: Collection;
  readonly what: string;
}

export interface RoundReport {
  readonly cases: number;
  /** Among them those that differed where the order among equals decides ranks. */
  readonly undecided: number;
  /** Among them those that both refused. */
  readonly refused: number;
  readonly differences: readonly Difference[];
  /** How many cases of each action there were. */
  readonly actions: ReadonlyMap<string, number>;
}

const LIMIT_MAX = 30;
/** Of twins, so that pages and prefetches go through all shards. */
const MANY_LIMIT_MAX = 500;
const TWIN_POINTS = 2000;
const QUESTIONS_A_TURN = 12;
const TURNS = 4;
const POINTS_MAX = 70;
/** Now and then so many that an index is worth asking. */
const MANY_POINTS = 600;
const MANY_PROBABILITY = 0.05;
const ALL: Step = {
  action: 'scroll',
  body: { limit: 10_000, with_payload: true, with_vector: true },
};

/** Runs one collection's cases. After a difference in an update the round ends: all that follows would differ. */
export async function runRound(engines: Engines, seed: number): Promise<RoundReport> {
  const name = `differential-${seed}`;
  const round = new Round(engines, seed, name);
  try {
    await round.run();
  } finally {
    await Promise.all([engines.ours.drop(name), engines.theirs.drop(name)]);
  }
  return round;
}

class Round implements RoundReport {
  cases = 0;
  undecided = 0;
  refused = 0;
  readonly differences: Difference[] = [];
  readonly actions = new Map<string, number>();
  readonly #engines: Engines;
  readonly #seed: number;
  readonly #name: string;
  readonly #random: Random;
  readonly #collection: Collection;
  readonly #used = new Set<Json>();
  #hasAlias = false;

  constructor(engines: Engines, seed: number, name: string) {
    this.#engines = engines;
    this.#seed = seed;
    this.#name = name;
    this.#random = seededRandom(seed);
    this.#collection = makeCollection(this.#random, engines.oracle);
  }

  async run(): Promise<void> {
    const random = this.#random;
    const { body, indexes } = this.#collection;
    const create = { ...body, ...makeQuantization(random), shard_number: 3 };
    if (!(await this.#agreed({ action: 'create', body: create }))) return;
    const early = chance(random, 0.5);
    const index = async () => {
      for (const [field_name, field_schema] of indexes) {
        await this.#agreed({ action: 'index', body: { field_name, field_schema } });
      }
    };
    if (early) await index();
    const most = this.#pointsMax();
    const ids = new Set(times(between(random, 2, most), () => this.#makeId(most)));
    const points = [...ids].map((id) => makePoint(random, this.#collection, id));
    if (!(await this.#agreed({ action: 'upsert', body: { points } }))) return;
    if (!early) await index();
    if (chance(random, 0.2)) await this.#nameAgain();
    for (let turn = 0; turn < TURNS; turn += 1) {
      const scope = await this.#look();
      if (scope === undefined || scope.ids.length === 0) return;
      for (let asked = 0; asked < QUESTIONS_A_TURN; asked += 1) {
        await this.#agreed(makeQuestion(random, scope));
      }
      for (const id of scope.ids) this.#used.add(id);
      const freshIds = times(6, () => this.#makeId()).filter((id) => !this.#used.has(id));
      const { collection } = scope;
      if (!(await this.#agreed(makeUpdate(random, { collection, ids: scope.ids, freshIds }))))
        return;
    }
    await this.#look();
  }

  #makeId(points = POINTS_MAX): Json {
    const make = this.#engines.oracle === 'edge' ? makeCornerId : makeId;
    return make(this.#random, points);
  }

  #pointsMax(): number {
    if (this.#engines.oracle === 'twin' && chance(this.#random, 0.3)) return TWIN_POINTS;
    return chance(this.#random, MANY_PROBABILITY) ? MANY_POINTS : POINTS_MAX;
  }

  /** What differs, by how exactly the engines have to agree. */
  async #compare(step: Step, ours: Answer, theirs: Answer): Promise<string | undefined> {
    const isMember = () => this.#isMember(step, ours);
    if (this.#engines.oracle === 'twin')
      return twinDifference(step, ours, theirs) ?? (await isMember());
    const isEdge = this.#engines.oracle === 'edge';
    const what = difference(step, ours, theirs, isEdge) ?? (await isMember());
    if (what === undefined || !(await this.#isOrderedByChance(step))) return what;
    this.undecided += 1;
    return undefined;
  }

  /** All points as both have them; undefined where they differ. */
  async #look(): Promise<QueryScope | undefined> {
    const [ours, theirs] = await this.#ask(ALL);
    if (!this.#record(ALL, await this.#compare(ALL, ours, theirs)) || !('result' in ours))
      return undefined;
    const points = listOf(field(ours.result, 'points'));
    const ids = points.map((point) => field(point, 'id') ?? null);
    const idsWith = (name: string) =>
      points
        .filter((point) => hasVector(field(point, 'vector'), name))
        .map((point) => field(point, 'id') ?? null);
    const [name, collection] = [this.#name, this.#collection];
    const limitMax = collection.oracle === 'twin' ? MANY_LIMIT_MAX : LIMIT_MAX;
    return { name, collection, ids, idsWith, limitMax };
  }

  async #agreed(step: Step): Promise<boolean> {
    const [ours, theirs] = await this.#ask(step);
    if ('error' in ours && 'error' in theirs) this.refused += 1;
    const what = await this.#compare(step, ours, theirs);
    if (what === undefined || UPDATES.has(step.action)) return this.#record(step, what);
    return this.#record(...(await this.#smallest(step, what)));
  }

  /** The smallest question that differs in the same way, and how. */
  async #smallest(step: Step, what: string): Promise<[Step, string]> {
    const { ours, theirs } = this.#engines;
    const ask = async (asked: Step) =>
      await Promise.all([ours.ask(this.#name, asked), theirs.ask(this.#name, asked)]);
    const refusals = (answers: readonly Answer[]) =>
      answers.map((answer) => 'error' in answer).join();
    const before = refusals(await ask(step));
    let last = what;
    const smallest = await shrink(step, async (smaller) => {
      const answers = await ask(smaller);
      if (refusals(answers) !== before) return false;
      const difference = await this.#compare(smaller, ...answers);
      last = difference ?? last;
      return difference !== undefined;
    });
    return [smallest, `${last}${await this.#oddOnes(await ask(smallest))}`];
  }

  /** The points that only one of the two answered. */
  async #oddOnes(answers: readonly Answer[]): Promise<string> {
    const [left, right] = answers.map((answer) => JSON.stringify(idsIn(answer)));
    const [mine, others] = [new Set(idsIn(answers[0])), new Set(idsIn(answers[1]))];
    if (left === right) return '';
    const odd = [...mine.symmetricDifference(others)].slice(0, 4);
    const body = { ids: odd, with_payload: true };
    const found = await this.#engines.ours.ask(this.#name, { action: 'retrieve', body });
    return 'error' in found ? '' : `\nonly in one: ${JSON.stringify(found.result).slice(0, 3000)}`;
  }

  async #ask(step: Step): Promise<[Answer, Answer]> {
    const { ours, theirs } = this.#engines;
    // Local mode takes one collection for two where it is looked up by its other name.
    const looksUp = JSON.stringify(step.body).includes('"lookup_from"');
    const isByAlias = this.#hasAlias && !looksUp && chance(this.#random, 0.5);
    const name = isByAlias ? this.#alias : this.#name;
    return await Promise.all([ours.ask(name, step), theirs.ask(name, step)]);
  }

  get #alias(): string {
    return `${this.#name}-alias`;
  }

  async #nameAgain(): Promise<void> {
    const create_alias = { collection_name: this.#name, alias_name: `${this.#name}-first` };
    const rename_alias = {
      old_alias_name: create_alias.alias_name,
      new_alias_name: this.#alias,
    };
    await this.#agreed({ action: 'alias', body: { actions: [{ create_alias }] } });
    await this.#agreed({ action: 'alias', body: { actions: [{ rename_alias }] } });
    this.#hasAlias = true;
  }

  #record(step: Step, what: string | undefined): boolean {
    this.cases += 1;
    this.actions.set(step.action, (this.actions.get(step.action) ?? 0) + 1);
    if (what === undefined) return true;
    this.differences.push({ seed: this.#seed, step, collection: this.#collection, what });
    return false;
  }

  /** That every point of a sample is one that the filter lets through. */
  async #isMember(step: Step, ours: Answer): Promise<string | undefined> {
    if (step.action !== 'query' || !isSample(step.body) || 'error' in ours) return undefined;
    const { filter } = step.body;
    const body = { limit: 10_000, ...(filter !== undefined && { filter }) };
    const whole = await this.#engines.theirs.ask(this.#name, { action: 'scroll', body });
    if ('error' in whole) return undefined;
    const idOf = (hit: Json) => JSON.stringify(field(hit, 'id'));
    const ids = new Set(listOf(field(whole.result, 'points')).map(idOf));
    const strange = listOf(field(ours.result, 'points')).find((hit) => !ids.has(idOf(hit)));
    return strange === undefined
      ? undefined
      : `a sample of what is not there: ${JSON.stringify(strange)}`;
  }

  /** A list whose ranks or whose end depend on the order among equals has no one right answer further up. */
  async #isOrderedByChance({ action, body }: Step): Promise<boolean> {
    if (action === 'query_batch') {
      for (const each of listOf(body.searches)) {
        if (isObject(each) && (await this.#isOrderedByChance({ action: 'query', body: each }))) {
          return true;
        }
      }
    }
    if (action !== 'query' && action !== 'query_groups') return false;
    const mmr = field(body.query, 'mmr');
    if (mmr !== undefined) {
      const { prefetch: _, ...rest } = body;
      return await this.#hasTies({ ...rest, query: field(body.query, 'nearest') ?? null });
    }
    for (const prefetch of listOf(body.prefetch)) {
      if (!isObject(prefetch)) continue;
      if (await this.#isOrderedByChance({ action: 'query', body: prefetch })) return true;
      if (await this.#hasTies(prefetch)) return true;
    }
    return false;
  }

  async #hasTies(body: { readonly [key: string]: Json }): Promise<boolean> {
    const limit = Number(body.limit ?? 10) + 1;
    const answer = await this.#engines.theirs.ask(this.#name, {
      action: 'query',
      body: { ...body, limit },
    });
    if ('error' in answer) return false;
    const scores = listOf(field(answer.result, 'points')).map((hit) => field(hit, 'score'));
    return scores.some((score, index) => index > 0 && near(score, scores[index - 1]));
  }
}

/** Ids of all points in an answer, wherever they are. */
function idsIn(answer: Answer | undefined): Json[] {
  const ids: Json[] = [];
  const walk = (value: Json | undefined): void => {
    if (Array.isArray(value)) value.forEach(walk);
    else if (isObject(value)) {
      if (value.id !== undefined && value.hits === undefined) ids.push(value.id);
      else Object.values(value).forEach(walk);
    }
  };
  if (answer !== undefined && 'result' in answer) walk(answer.result);
  return ids;
}

/** The unnamed vector stands alone, or beside others under an empty name. */
function hasVector(vector: Json | undefined, name: string): boolean {
  return field(vector, name) !== undefined || (name === '' && Array.isArray(vector));
}
