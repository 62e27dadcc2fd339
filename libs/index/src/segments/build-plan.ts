// Which segment to build next. Pure.
//
// A graph is extended rather than built again: only what is added costs (about 0.1 ms a vector at
// 128 dimensions, by measurement; loading, saving and taking up a row again 2–3 µs). So one segment
// grows with the tail until copying it would cost as much as adding the tail; then a second one
// begins. A vector is built once in a bulk load, and again only when its segment has too many dead
// rows or is small beside the tail.
//
// A tail that is too small for that is built too once no vector comes any more: into the segment that
// is cheapest to copy, after a time of which the copying takes a twentieth.

/** Rows copied for one row added, at most: where copying costs about as much as adding. */
const COPIED_PER_ADDED_MAX = 32;
/** Other segments are taken in where they are at most this share of the tail. */
const ABSORBED_SHARE_MAX = 0.5;

/** Without new vectors for so long, a load is taken to be over. */
const REST_MS_MIN = 1_000;
const REST_PER_COPYING = 20;
/** Reading, writing and taking up a row again: 2.5 µs at 128 dimensions. */
const COPIED_ROW_MS = 0.001;
const COPIED_VALUE_MS = 0.000_012;

export interface SegmentSize {
  readonly count: number;
  readonly live: number;
}

export interface BuildLimits<Segment extends SegmentSize> {
  readonly tailVectorsMax: number;
  readonly graphVectorsMin: number;
  readonly deletedShareMax: number;
  readonly wornVectorsMin: number;
  /** No vector has come for `restMs`. */
  readonly isAtRest?: boolean;
  /** Built with parameters that are no longer asked for. */
  readonly isOutdated?: (segment: Segment) => boolean;
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
  limits: BuildLimits<Segment>,
): BuildPlan<Segment> {
  const empty = segments.find((segment) => segment.live === 0);
  if (empty !== undefined) return { kind: 'dissolve', segment: empty };
  if (limits.graphVectorsMin === Number.POSITIVE_INFINITY) return { kind: 'none' };
  const vectors = segments.reduce((sum, segment) => sum + segment.live, tail);
  const worn = segments.filter((segment) => isWorn(segment, limits));
  const few = Math.min(limits.tailVectorsMax, limits.graphVectorsMin);
  const dissolved = worn.find((segment) => tail + segment.live < few);
  if (dissolved !== undefined) return { kind: 'dissolve', segment: dissolved };
  const isForAll = limits.isAtRest === true && vectors >= limits.graphVectorsMin;
  const tailMin = Math.max(1, isForAll ? 1 : limits.tailVectorsMax);
  if (worn.length === 0 && tail < tailMin) return { kind: 'none' };

  const sound = segments.filter((segment) => !worn.includes(segment));
  const small = sound.filter((segment) => segment.live <= tail * ABSORBED_SHARE_MAX);
  const added = tail + worn.reduce((sum, segment) => sum + segment.live, 0);
  const worthCopying = sound
    .filter((segment) => segment.count <= added * COPIED_PER_ADDED_MAX)
    .reduce<Segment | undefined>(
      (largest, segment) => (segment.count > (largest?.count ?? 0) ? segment : largest),
      undefined,
    );
  const base = worthCopying ?? (isForAll ? smallest(sound) : undefined);
  const absorbed = [...worn, ...small.filter((segment) => segment !== base)];
  return base === undefined ? { kind: 'build', absorbed } : { kind: 'build', base, absorbed };
}

/** How long no vector must have come before a small tail is built. */
export function restMs(segments: readonly SegmentSize[], size: number): number {
  const copied = smallest(segments)?.count ?? 0;
  const copyingMs = copied * (COPIED_ROW_MS + COPIED_VALUE_MS * size);
  return Math.max(REST_MS_MIN, REST_PER_COPYING * copyingMs);
}

function smallest<Segment extends SegmentSize>(segments: readonly Segment[]): Segment | undefined {
  return segments.reduce<Segment | undefined>(
    (least, segment) => (least === undefined || segment.count < least.count ? segment : least),
    undefined,
  );
}

function isWorn<Segment extends SegmentSize>(
  segment: Segment,
  { deletedShareMax, wornVectorsMin, isOutdated }: BuildLimits<Segment>,
): boolean {
  if (isOutdated?.(segment)) return true;
  const { count, live } = segment;
  return count >= wornVectorsMin && count - live >= count * deletedShareMax;
}
