// Makes one ranking of several lists of the same points, each sorted best first. The score of a result says where it
// stands in the fusion and nothing else; higher is better, for lists of any distance.

import type { PointId } from '@tributary/model';
import { mapSteps, type Steps, sortSteps, TributaryError, visitSteps } from '@tributary/runtime';
import { compareRanked, type Ranked } from './ranked.ts';

const POINTS_PER_STEP = 1_000;

export interface ReciprocalRankOptions {
  readonly k: number;
  /** One a list; default 1. A list of weight 0 adds points, and nothing to their scores. */
  readonly weights?: readonly number[] | undefined;
}

/**
 * Reciprocal rank fusion: score = sum over lists of 1 / ((position + 1) / weight + k - 1), position from 0; with weight
 * 1 that is the 1 / (k + position) of Cormack, Clarke and Büttcher (2009). Errors: `bad_request` where the weights are
 * not as many as the lists.
 */
export function* reciprocalRankFusionSteps(
  lists: readonly (readonly Ranked[])[],
  { k, weights }: ReciprocalRankOptions,
): Steps<Ranked[]> {
  if (weights !== undefined && weights.length !== lists.length) {
    throw new TributaryError(
      'bad_request',
      `RRF weights length (${weights.length}) must match the number of prefetches (${lists.length})`,
    );
  }
  const scores = new Map<PointId, number>();
  for (const [i, list] of lists.entries()) {
    const weight = weights?.[i] ?? 1;
    yield* visitSteps(list, POINTS_PER_STEP, ({ id }, position) => {
      const score = weight > 0 ? 1 / ((position + 1) / weight + k - 1) : 0;
      scores.set(id, (scores.get(id) ?? 0) + score);
    });
  }
  return yield* sorted(scores);
}

/**
 * Distribution-based score fusion: each list is scaled so that its mean less three standard deviations (of the sample)
 * becomes 0 and its mean plus three becomes 1; the scaled scores of a point are added. A list of one point, or of equal
 * scores, gives 0.5 to each.
 */
export function* distributionBasedScoreFusionSteps(
  lists: readonly (readonly Ranked[])[],
): Steps<Ranked[]> {
  const scores = new Map<PointId, number>();
  for (const list of lists) {
    const scale = scaleOf(list);
    yield* visitSteps(list, POINTS_PER_STEP, ({ id, score }) => {
      scores.set(id, (scores.get(id) ?? 0) + scale(score));
    });
  }
  return yield* sorted(scores);
}

function scaleOf(list: readonly Ranked[]): (score: number) => number {
  const mean = list.reduce((sum, { score }) => sum + score, 0) / list.length;
  const squares = list.reduce((sum, { score }) => sum + (score - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / (list.length - 1));
  // NaN for a list of one.
  if (!(deviation > 0)) return () => 0.5;
  const low = mean - 3 * deviation;
  return (score) => (score - low) / (6 * deviation);
}

function* sorted(scores: ReadonlyMap<PointId, number>): Steps<Ranked[]> {
  const ranked = yield* mapSteps([...scores], POINTS_PER_STEP, ([id, score]) => {
    return { id, score: Math.fround(score) };
  });
  return yield* sortSteps(ranked, compareRanked);
}
