// Whether a search walks the graphs or scans, by the processor time each takes. Pure; the README has the measurements.

/** A scanned row: reading it at memory speed (20 GB/s), and handling its number and score. */
const SCAN_NS_PER_BYTE = 0.05;
const SCAN_NS_PER_ROW = 2;
/** The rows of a filter lie scattered: they miss the caches where a range is read ahead. */
const SCATTERED_FACTOR = 2;
/** A graph compares about this many rows for each place in its candidate list, each a cache miss. */
const COMPARED_PER_CANDIDATE = 12;
const COMPARE_NS_PER_BYTE = 0.1;
const COMPARE_NS_PER_ROW = 60;
/** hnswlib-node reads the query value by value, in each segment. */
const QUERY_NS_PER_VALUE = 30;
/** A callback from the graph for each row that comes into the candidate list. */
const FILTER_NS_PER_CANDIDATE = 250;

export interface SearchCost {
  readonly size: number;
  /** Vectors in segments. */
  readonly sealed: number;
  readonly segments: number;
  /** Candidate list size. */
  readonly ef: number;
  /** Vectors a filter accepts, in segments and tail; absent without a filter. */
  readonly accepted?: number;
  /** Vectors in the tail. */
  readonly tail: number;
}

/** Whether walking the graphs (and scanning the tail) is cheaper than scanning what could be an answer. */
export function isGraphCheaper(cost: SearchCost): boolean {
  if (cost.segments === 0 || cost.sealed === 0) return false;
  return graphNs(cost) < scanNs(cost);
}

/** Rows of a tail whose scan takes as long as a search through the graph of `vectors` rows. */
export function tailWorthAGraph(size: number, ef: number): number {
  const nothing = { size, sealed: 1, segments: 1, ef, tail: 0 };
  return Math.round(graphNs(nothing) / scanNsPerRow(size));
}

function graphNs(cost: SearchCost): number {
  const { size, ef, segments, sealed, tail } = cost;
  const compareNs = COMPARE_NS_PER_ROW + COMPARE_NS_PER_BYTE * 4 * size;
  const share =
    cost.accepted === undefined ? 1 : Math.min(1, cost.accepted / Math.max(1, sealed + tail));
  // The list fills with accepted rows only, so a filter makes the walk longer by what it refuses.
  const walked = ef / Math.max(share, 1e-6);
  const filterNs = cost.accepted === undefined ? 0 : FILTER_NS_PER_CANDIDATE * walked;
  const walkNs = walked * COMPARED_PER_CANDIDATE * compareNs + filterNs;
  return segments * (walkNs + QUERY_NS_PER_VALUE * size);
}

// The tail is scanned either way, so it is left out on both sides.
function scanNs(cost: SearchCost): number {
  const { size, sealed, tail, accepted } = cost;
  if (accepted === undefined) return sealed * scanNsPerRow(size);
  const share = Math.min(1, accepted / Math.max(1, sealed + tail));
  return sealed * share * scanNsPerRow(size) * SCATTERED_FACTOR;
}

function scanNsPerRow(size: number): number {
  return SCAN_NS_PER_ROW + SCAN_NS_PER_BYTE * 4 * size;
}
