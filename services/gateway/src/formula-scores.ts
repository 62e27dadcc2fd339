// Scores what prefetches found by a formula over their scores and payloads.

import {
  type JsonObject,
  type PointId,
  type PointRecord,
  type Projection,
  payloadFromBytes,
  type Query,
} from '@tributary/model';
import { compareRanked, compileFormula, formulaNeeds, type Ranked } from '@tributary/ranking';

type FormulaQuery = Extract<Query, { kind: 'formula' }>;

/** Best first. Errors: `bad_request` for a formula that is none, or has no finite value for a point. */
export async function formulaScores(
  { formula, defaults }: FormulaQuery,
  lists: readonly (readonly Ranked[])[],
  fetch: (projection: Projection) => Promise<readonly PointRecord[]>,
): Promise<Ranked[]> {
  const evaluate = compileFormula(formula, defaults);
  const { payload, vectorNames } = formulaNeeds(formula);
  const prefetched = lists.map((list) => new Map(list.map(({ id, score }) => [id, score])));
  const scoresOf = (id: PointId) => prefetched.map((scores) => scores.get(id));
  const none: JsonObject = {};
  if (payload.kind === 'none' && !vectorNames) {
    const ids = new Set(prefetched.flatMap((scores) => [...scores.keys()]));
    return [...ids]
      .map((id) => ({ id, score: evaluate({ id, payload: none, scores: scoresOf(id) }) }))
      .sort(compareRanked);
  }
  const vectors = { kind: vectorNames ? 'all' : 'none' } as const;
  const records = await fetch({ payload, vectors });
  return records
    .map((record) => {
      const score = evaluate({
        id: record.id,
        payload: record.payload === undefined ? none : payloadFromBytes(record.payload),
        vectorNames: Object.keys(record.vectors ?? {}),
        scores: scoresOf(record.id),
      });
      return { id: record.id, score };
    })
    .sort(compareRanked);
}
