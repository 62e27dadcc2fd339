// Whether a search walks the graphs or scans, by the processor time each takes. Pure. The constants
// are fitted to measurements at 32 to 1,536 dimensions (see the README) and hold within about a
// third there.

import type { StoredDatatype } from '@tributary/model';

/**
 * A scanned row: its values, and handling its number and score. Float32 are read at memory speed (20 GB/s); to widen
 * half floats takes what reading half as much saves.
 */
const SCAN_NS_PER_VALUE = { float32: 0.2, float16: 0.2, uint8: 0.05 };
const SCAN_NS_PER_ROW = 2;
/** A value of a row by its code, in addition to the row's number: a byte is read and widened, or a bit. */
const SCAN_NS_PER_CODED_VALUE = { scalar: 0.04, binary: 0.014 };
/** The rows of a filter lie scattered, which the processor reads ahead less well. */
const SCATTERED_FACTOR = 1.5;
/** Rows that a graph compares for each place in its candidate list, most of them cache misses. */
const COMPARED_PER_CANDIDATE = 14;
const COMPARE_NS_PER_BYTE = 0.11;
const COMPARE_NS_PER_ROW = 30;
/** hnswlib-node reads the query value by value, in each segment. */
const QUERY_NS_PER_VALUE = 30;
/**
 * Callbacks from the graph, 250 ns each: it asks for every row that comes near enough for the
 * candidate list, 2.4 to 2.9 for each place at 15 to 50 % accepted, and ef 32 to 128.
 */
const FILTER_NS_PER_CANDIDATE = 650;
/**
 * With a filter the graph must be cheaper by the third that is not known for sure, and a walk takes
 * longer still where the accepted rows lie far from the query. What a scan costs is certain. Both
 * take as long at 21, 27, 35 % accepted with ef 32, 64, 128 (50,000 × 128, measured); the model
 * walks from 20, 28, 39 %.
 */
const FILTERED_WALK_MARGIN = 4 / 3;

export interface SearchCost {
  readonly size: number;
  /** Of the rows; graphs have float32 of their own. Absent for float32. */
  readonly datatype?: StoredDatatype;
  readonly segments: number;
  /** Vectors in segments. */
  readonly sealed: number;
  /** Vectors in the tail. */
  readonly tail: number;
  /** Candidate list size. */
  readonly ef: number;
  /** Vectors a filter accepts, in segments and tail; absent without a filter. */
  readonly accepted?: number;
  /** The codes by which a scan would choose candidates; absent where it reads the vectors. */
  readonly codes?: keyof typeof SCAN_NS_PER_CODED_VALUE;
}

/**
 * Whether walking the graphs (and scanning the tail) is cheaper than scanning what could be an
 * answer.
 */
export function isGraphCheaper(cost: SearchCost): boolean {
  if (cost.segments === 0 || cost.sealed === 0) return false;
  const margin = cost.accepted === undefined ? 1 : FILTERED_WALK_MARGIN;
  return margin * graphNs(cost) < scanNs(cost);
}

/** Rows whose scan takes as long as one search through a graph. */
export function rowsWorthAGraph(size: number, ef: number, datatype?: StoredDatatype): number {
  const rows = { size, ...(datatype && { datatype }) };
  const large = { ...rows, segments: 1, sealed: Number.MAX_SAFE_INTEGER, tail: 0, ef };
  return Math.round(graphNs(large) / scanNsPerRow(rows));
}

function graphNs(cost: SearchCost): number {
  const { size, ef, segments, sealed, accepted } = cost;
  const compareNs = COMPARE_NS_PER_ROW + COMPARE_NS_PER_BYTE * 4 * size;
  // The list fills with accepted rows only, so a filter makes the walk longer by what it refuses.
  const walked = Math.min(ef / Math.max(acceptedShare(cost), 1e-9), sealed / segments);
  const filterNs = accepted === undefined ? 0 : FILTER_NS_PER_CANDIDATE * walked;
  const walkNs = walked * COMPARED_PER_CANDIDATE * compareNs + filterNs;
  return segments * (walkNs + QUERY_NS_PER_VALUE * size);
}

// The tail is scanned either way, so it is left out on both sides.
function scanNs(cost: SearchCost): number {
  const { sealed, accepted } = cost;
  // Scattered rows take long to reach, no matter how much of them is then read.
  const { codes: _, ...plain } = cost;
  const rowNs =
    accepted === undefined ? scanNsPerRow(cost) : scanNsPerRow(plain) * SCATTERED_FACTOR;
  return sealed * acceptedShare(cost) * rowNs;
}

function acceptedShare({ accepted, sealed, tail }: SearchCost): number {
  return accepted === undefined ? 1 : Math.min(1, accepted / Math.max(1, sealed + tail));
}

function scanNsPerRow({ size, datatype, codes }: Pick<SearchCost, 'size' | 'datatype' | 'codes'>) {
  const valueNs =
    codes === undefined ? SCAN_NS_PER_VALUE[datatype ?? 'float32'] : SCAN_NS_PER_CODED_VALUE[codes];
  return SCAN_NS_PER_ROW + valueNs * size;
}
