// Parts of a filter and what becomes of them together: sets and estimates of all, of some, of none.
//
// Invariant: an answer holds every offset of `among` that its part holds for, and where it is exact no other of them.
// Where nothing is known the part may hold for any.

import { countOfSet, intersectInto, intersection, uniteInto, without } from '../offset-bits.ts';
import type { OffsetSet } from '../vector-index.ts';
import { type Cardinality, ofAll, ofAtLeast, ofNone } from './cardinality.ts';
import type { Answer } from './field-values.ts';

/** Where a part is asked. */
export interface Scope {
  /** What lies beyond does not matter. */
  readonly among: OffsetSet;
  /** Whether to look at one offset after the other where only that gives an answer. */
  readonly isWalking: boolean;
  /** Evaluate exactly even if few points are left: an inexact answer makes the caller load payloads. */
  readonly isExactWanted?: boolean;
}

export interface Part {
  readonly estimate: Cardinality;
  /** Answers are found by walking, so few offsets should be asked for. */
  readonly isWalk?: boolean;
  /** A set of its own. Undefined where nothing is known. */
  select(scope: Scope): Answer | undefined;
  /** Adds what `select` gives to a set; whether it is exact. Where there is one, it costs no set of its own. */
  addTo?(offsets: OffsetSet): boolean;
}

/** Below this many points, looking at their payloads costs less than another index. */
const FEW_POINTS = 64;
/** Beyond this, how many of some parts must hold is only answered for the first so many. */
const LAYERS_MAX = 16;

export function unknown(estimate: Cardinality): Part {
  return { estimate, select: () => undefined };
}

/** All of the parts hold, of points of which there are `total`. */
export function allOf(parts: readonly Part[], total: number): Part {
  const estimates = parts.map(({ estimate }) => estimate);
  return { estimate: ofAll(estimates, total), select: (scope) => selectAll(parts, scope) };
}

function selectAll(parts: readonly Part[], scope: Scope): Answer | undefined {
  const cheapestFirst = parts.toSorted(
    (a, b) =>
      Number(a.isWalk ?? false) - Number(b.isWalk ?? false) ||
      a.estimate.expected - b.estimate.expected,
  );
  let offsets: OffsetSet | undefined;
  let isExact = true;
  for (const part of cheapestFirst) {
    const count = offsets === undefined ? Infinity : countOfSet(offsets);
    if (offsets !== undefined && count === 0) return { offsets, isExact: true };
    if (count <= FEW_POINTS && part.isWalk !== true && scope.isExactWanted !== true) {
      isExact = false;
      continue;
    }
    const answer = part.select({ ...scope, among: offsets ?? scope.among });
    isExact &&= answer?.isExact ?? false;
    if (answer === undefined) continue;
    if (offsets !== undefined) intersectInto(answer.offsets, offsets);
    offsets = answer.offsets;
  }
  if (offsets !== undefined) return { offsets, isExact };
  return isExact ? { offsets: scope.among.slice(), isExact } : undefined;
}

/** The part does not hold. */
export function noneOf(part: Part, total: number): Part {
  return {
    estimate: ofNone(part.estimate, total),
    ...(part.isWalk === true && { isWalk: true }),
    select: (scope) => {
      const answer = part.select({ ...scope, isExactWanted: true });
      if (!answer?.isExact) return undefined;
      return { offsets: without(scope.among, answer.offsets), isExact: true };
    },
  };
}

/** At least `minCount` of the parts hold, which is 1 or more. */
export function atLeast(minCount: number, parts: readonly Part[], total: number): Part {
  const estimates = parts.map(({ estimate }) => estimate);
  return {
    estimate: ofAtLeast(minCount, estimates, total),
    isWalk: parts.some(({ isWalk }) => isWalk === true),
    select: (scope) => selectAtLeast(minCount, parts, scope),
  };
}

function selectAtLeast(minCount: number, parts: readonly Part[], scope: Scope): Answer | undefined {
  const { among } = scope;
  const levels = Math.min(minCount, LAYERS_MAX);
  // What meets at least so many of the parts gone through; the last layer is the answer.
  const layers = Array.from({ length: levels }, () => new Uint32Array(among.length));
  let isExact = levels === minCount;
  let unknowns = 0;
  const [only] = levels === 1 ? layers : [];
  for (const part of parts) {
    if (only !== undefined && part.addTo !== undefined) {
      isExact = part.addTo(only) && isExact;
      continue;
    }
    const answer = part.select({ ...scope, isExactWanted: true });
    isExact &&= answer?.isExact ?? false;
    if (answer === undefined) {
      unknowns++;
      if (unknowns >= levels) return undefined;
    }
    const met = answer?.offsets ?? among;
    for (let level = levels - 1; level >= 0; level--) {
      const below = layers[level - 1];
      const layer = layers[level];
      if (layer !== undefined)
        uniteInto(layer, below === undefined ? met : intersection(met, below));
    }
  }
  const offsets = layers.at(-1);
  return offsets && { offsets, isExact };
}

/** The same part as far as it narrows: nothing is sure of its answers. */
export function asSuperset({ estimate: { expected, max }, isWalk, select }: Part): Part {
  return {
    estimate: { min: 0, expected, max },
    ...(isWalk === true && { isWalk }),
    select: (scope) => {
      const answer = select({ ...scope, isExactWanted: false });
      return answer && { offsets: answer.offsets, isExact: false };
    },
  };
}
