// What the checks of every client have in common: how answers are compared with brute force.

import assert from 'node:assert/strict';
import {
  EXAMPLE_POINTS,
  type ExampleHit,
  type ExampleId,
  type ExamplePoint,
} from './example-points.ts';

/** One thing a client does, and what must come of it. */
export interface ClientCheck {
  readonly name: string;
  readonly run: () => Promise<void>;
}

const SCORE_TOLERANCE = 1e-5;

/** The same ids in the same order, with scores that are equal but for the rounding of float32. */
export function assertHits(actual: readonly ExampleHit[], expected: readonly ExampleHit[]): void {
  assert.deepEqual(
    actual.map(({ id }) => id),
    expected.map(({ id }) => id),
  );
  for (const [i, { score }] of actual.entries()) {
    const wanted = expected[i]?.score ?? Number.NaN;
    const isNear = Math.abs(score - wanted) <= SCORE_TOLERANCE * Math.max(1, Math.abs(wanted));
    assert.ok(isNear, `score ${score} of point ${expected[i]?.id}, expected ${wanted}`);
  }
}

export function assertVector(actual: unknown, expected: readonly number[]): void {
  assert.ok(Array.isArray(actual), 'there is a vector');
  assert.equal(actual.length, expected.length);
  for (const [i, x] of expected.entries()) {
    assert.ok(
      Math.abs(actual[i] - x) < SCORE_TOLERANCE,
      `component ${i} is ${actual[i]}, not ${x}`,
    );
  }
}

/** The vector as a collection with Cosine stores it. */
export function normalised(vector: readonly number[]): number[] {
  const length = Math.hypot(...vector);
  return vector.map((x) => x / length);
}

export function pointAt(index: number): ExamplePoint {
  const point = EXAMPLE_POINTS[index];
  assert.ok(point !== undefined);
  return point;
}

export function idsOf(points: readonly { readonly id: ExampleId }[]): ExampleId[] {
  return points.map(({ id }) => id);
}

/** The reason a call was refused with; fails where it was not. */
export async function reasonOf(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
  } catch (error) {
    return error;
  }
  return assert.fail('the call was not refused');
}
