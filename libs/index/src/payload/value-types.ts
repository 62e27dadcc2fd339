// Which conditions are about the texts, numbers or places of an index.

import {
  canonicalMatchValue,
  type FieldIndex,
  type GeoCondition,
  type RangeBounds,
  type ValueCondition,
} from '@tributary/model';

/** The index is over every string. */
export function isTextual({ type }: FieldIndex): boolean {
  return type === 'keyword' || type === 'text';
}

export function isGeo(condition: ValueCondition): condition is GeoCondition {
  return condition.kind.startsWith('geo');
}

/**
 * The numbers an ordered index is asked for; undefined where the condition is not about its numbers. `areRounded` tells
 * that some of its doubles stand for an integer next to them.
 */
export function numbersOf(
  condition: ValueCondition,
  { type }: FieldIndex,
  areRounded: boolean,
): { readonly range: RangeBounds; readonly isExact: boolean } | undefined {
  if (type === 'datetime') {
    return condition.kind === 'datetimeRange'
      ? { range: condition.range, isExact: true }
      : undefined;
  }
  if (condition.kind === 'range') {
    const range = areRounded ? rounded(condition.range) : condition.range;
    return { range, isExact: !areRounded };
  }
  if (condition.kind !== 'match') return undefined;
  const value = canonicalMatchValue(condition.value);
  if (typeof value !== 'number' && typeof value !== 'bigint') return undefined;
  if (type === 'integer') return { range: { gte: value, lte: value }, isExact: true };
  const number = Number(value);
  // Beyond 2^53 different integers come to the same double.
  return { range: { gte: number, lte: number }, isExact: Number.isSafeInteger(number) };
}

/** A range that holds for the double of every number that the range holds for. */
function rounded({ lt, gt, lte, gte }: RangeBounds): RangeBounds {
  const below = [lt, lte].flatMap((bound) => (bound === undefined ? [] : Number(bound)));
  const above = [gt, gte].flatMap((bound) => (bound === undefined ? [] : Number(bound)));
  return { lte: Math.min(...below), gte: Math.max(...above) };
}
