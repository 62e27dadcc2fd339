// Scores what prefetches found by a formula over their scores and payloads.
//
// A condition holds for the points that a filter finds, and a variable is what the field's index takes for a value:
// both are asked where the points, their versions and their indexes are.

import {
  type Filter,
  type JsonObject,
  type JsonValue,
  ownValue,
  type PointId,
  type PointRecord,
  type Projection,
  payloadFromBytes,
  type Query,
} from '@tributary/model';
import { compareRanked, compileFormula, formulaNeeds, type Ranked } from '@tributary/ranking';
import { mapSteps, type Steps, sortSteps } from '@tributary/runtime';

/** Parsing a payload and evaluating takes some 5 µs. */
const POINTS_PER_STEP = 200;

type FormulaQuery = Extract<Query, { kind: 'formula' }>;

/** Reads of the points that the prefetches found. */
export interface FoundPoints {
  /** The points that are still there. */
  retrieve(projection: Projection): Promise<readonly PointRecord[]>;
  /** Those of them that the filter holds for. */
  matching(filter: Filter): Promise<readonly PointRecord[]>;
}

/**
 * Reads what the formula needs; the steps make its scores of it, best first. Errors: `bad_request` for a formula that
 * is none, or, of the steps, has no finite value for a point.
 */
export async function formulaSteps(
  { formula, defaults }: FormulaQuery,
  lists: readonly (readonly Ranked[])[],
  found: FoundPoints,
): Promise<Steps<Ranked[]>> {
  const { payload, filters } = formulaNeeds(formula);
  const holding = new Map<Filter, ReadonlySet<PointId>>();
  const evaluate = compileFormula(formula, {
    defaults,
    compileCondition: (filter) => (point) => holding.get(filter)?.has(point.id) ?? false,
    compileKey: (key) => (point) => listAt(point.payload, key),
  });
  const prefetched = lists.map((list) => new Map(list.map(({ id, score }) => [id, score])));
  const scoresOf = (id: PointId) => prefetched.map((scores) => scores.get(id));
  const none: JsonObject = {};
  const ask = async (filter: Filter) => {
    const points = await found.matching(filter);
    holding.set(filter, new Set(points.map(({ id }) => id)));
  };
  const [points] = await Promise.all([
    payload.kind === 'none'
      ? [...new Set(prefetched.flatMap((scores) => [...scores.keys()]))].map((id) => ({ id }))
      : found.retrieve({ payload, vectors: { kind: 'none' } }),
    ...filters.map(ask),
  ]);
  return scoreSteps(points, (point) => {
    const { id } = point;
    const read = point.payload === undefined ? none : payloadFromBytes(point.payload);
    return { id, score: evaluate({ id, payload: read, scores: scoresOf(id) }) };
  });
}

type FoundPoint = Pick<PointRecord, 'id' | 'payload'>;

function* scoreSteps(
  points: readonly FoundPoint[],
  score: (point: FoundPoint) => Ranked,
): Steps<Ranked[]> {
  return yield* sortSteps(yield* mapSteps(points, POINTS_PER_STEP, score), compareRanked);
}

function listAt(payload: JsonObject, key: string): readonly JsonValue[] {
  const values = ownValue(payload, key);
  return Array.isArray(values) ? values : [];
}
