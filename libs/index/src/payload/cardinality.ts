// How many points a condition or filter holds for, as far as indexes know without looking at points.
//
// Invariant: min ≤ the number ≤ max. What is expected takes conditions to be independent.

export interface Cardinality {
  readonly min: number;
  readonly expected: number;
  readonly max: number;
}

export function exactly(count: number): Cardinality {
  return { min: count, expected: count, max: count };
}

export function upTo(max: number): Cardinality {
  return { min: 0, expected: max, max };
}

/** The same of `total` points in all. */
export function within({ min, expected, max }: Cardinality, total: number): Cardinality {
  return { min, expected: Math.min(expected, total), max: Math.min(max, total) };
}

/** Nothing is known: half of the points. */
export function anyOf(total: number): Cardinality {
  return { min: 0, expected: total / 2, max: total };
}

export function ofNone(part: Cardinality, total: number): Cardinality {
  return {
    min: Math.max(0, total - part.max),
    expected: Math.max(0, total - part.expected),
    max: Math.max(0, total - part.min),
  };
}

/** All of the parts hold; without parts, for every point. */
export function ofAll(parts: readonly Cardinality[], total: number): Cardinality {
  if (total === 0) return exactly(0);
  const missed = parts.reduce((sum, { min }) => sum + total - min, 0);
  const min = Math.max(0, total - missed);
  const max = parts.reduce((most, part) => Math.min(most, part.max), total);
  const expected = parts.reduce((count, part) => (count * part.expected) / total, total);
  return { min, expected: Math.min(max, Math.max(min, expected)), max };
}

/** At least `minCount` of the parts hold, which is 1 or more. */
export function ofAtLeast(
  minCount: number,
  parts: readonly Cardinality[],
  total: number,
): Cardinality {
  if (minCount > parts.length) return exactly(0);
  if (minCount === 1) {
    const misses = parts.map((part) => ofNone(part, total));
    return ofNone(ofAll(misses, total), total);
  }
  const met = parts.reduce((sum, { max }) => sum + max, 0);
  return upTo(Math.min(total, Math.floor(met / minCount)));
}
