// Which segment to build next. Pure.
//
// A graph is extended rather than built again: only what is added costs (about 0.1 ms a vector at
// 128 dimensions, by measurement; loading, saving and taking up a row again 2–3 µs). So one segment
// grows with the tail until copying it would cost as much as adding the tail; then a second one
// begins. A vector is built once in a bulk load, and again only when its segment has too many dead
// rows or is small beside the tail.

/** Rows copied for one row added, at most: where copying costs about as much as adding. */
const COPIED_PER_ADDED_MAX = 32;
/** Other segments are taken in where they are at most this share of the tail. */
const ABSORBED_SHARE_MAX = 0.5;

export interface SegmentSize {
  readonly count: number;
  readonly live: number;
}

export interface BuildLimits {
  readonly tailVectorsMax: number;
  readonly deletedShareMax: number;
}

export type BuildPlan<Segment extends SegmentSize> =
  /** Nothing is worth a build. */
  | { readonly kind: 'none' }
  /** Give the segment up: what lives in it is few enough for the tail. */
  | { readonly kind: 'dissolve'; readonly segment: Segment }
  /** Build the tail and the live rows of `absorbed`, on top of `base` where there is one. */
  | { readonly kind: 'build'; readonly base?: Segment; readonly absorbed: readonly Segment[] };

export function planBuild<Segment extends SegmentSize>(
  segments: readonly Segment[],
  tail: number,
  limits: BuildLimits,
): BuildPlan<Segment> {
  const worn = segments.filter((segment) => isWorn(segment, limits.deletedShareMax));
  const dissolved = worn.find((segment) => tail + segment.live < limits.tailVectorsMax);
  const empty = segments.find((segment) => segment.live === 0) ?? dissolved;
  if (empty !== undefined) return { kind: 'dissolve', segment: empty };
  if (worn.length === 0 && tail < Math.max(1, limits.tailVectorsMax)) return { kind: 'none' };

  const sound = segments.filter((segment) => !worn.includes(segment));
  const small = sound.filter((segment) => segment.live <= tail * ABSORBED_SHARE_MAX);
  const added = tail + worn.reduce((sum, segment) => sum + segment.live, 0);
  const base = sound
    .filter((segment) => segment.count <= added * COPIED_PER_ADDED_MAX)
    .reduce<Segment | undefined>(
      (largest, segment) => (segment.count > (largest?.count ?? 0) ? segment : largest),
      undefined,
    );
  const absorbed = [...worn, ...small.filter((segment) => segment !== base)];
  return base === undefined ? { kind: 'build', absorbed } : { kind: 'build', base, absorbed };
}

function isWorn(segment: SegmentSize, deletedShareMax: number): boolean {
  return segment.count - segment.live >= segment.count * deletedShareMax;
}
