// The first step of a scan with codes: the codes of all rows choose candidates, whose vectors then
// give the scores.

import { TopK } from '../top-k.ts';
import type { IndexSearch } from '../vector-index.ts';
import { ExactScan, type RowScorer } from './exact-scan.ts';
import { type FlatVectors, NONE } from './flat-vectors.ts';
import type { RowCodes } from './row-codes.ts';
import type { ScanKernel } from './scan-kernel.ts';

/**
 * Candidates for each hit wanted where the search does not say: recall first. Recall@10 with 1, 2, 4 and 8 of them is
 * 0.968, 1, 1, 1 by bytes and 0.710, 0.980, 1, 1 by bits (20,000 × 768, `bench/src/vector-kinds-bench.ts`), while a
 * scan takes 0.6–0.7 and 0.19–0.25 ms; the exact one takes 3.7–4.4.
 */
const OVERSAMPLING = { scalar: 4, binary: 8 };
/** Below so many rows for each candidate, choosing them costs more than it saves. */
const ROWS_PER_CANDIDATE_MIN = 16;
const ROWS_MIN = 2_048;

/** The codes to use and how many candidates to take; undefined where a plain scan is better. */
export function candidateLimit(
  vectors: FlatVectors,
  search: IndexSearch,
  rows: number,
): { readonly codes: RowCodes; readonly candidates: number } | undefined {
  const { codes } = vectors;
  const { quantization, limit } = search;
  if (codes === undefined || !codes.isReady || search.exact || quantization?.ignore) {
    return undefined;
  }
  const usual = quantization?.rescore === false ? 1 : OVERSAMPLING[codes.kind];
  const candidates = Math.ceil(limit * Math.max(1, quantization?.oversampling ?? usual));
  if (rows < Math.max(ROWS_MIN, ROWS_PER_CANDIDATE_MIN * candidates)) return undefined;
  return { codes, candidates };
}

export interface CodedScanOptions {
  readonly vectors: FlatVectors;
  readonly codes: RowCodes;
  readonly candidates: number;
  readonly query: Float32Array;
  /** Gives the scan its rows. */
  readonly give: (scan: ExactScan) => void;
}

/** The best rows of those given, by their codes. */
export function chooseByCodes(options: CodedScanOptions): Uint32Array {
  const { vectors, codes } = options;
  codes.setQuery(options.query);
  const chosen = new TopK(options.candidates);
  const scan = new ExactScan(vectors, new CodeScorer(vectors, codes, chosen));
  options.give(scan);
  scan.finish();
  return chosen.drain().offsets;
}

/** Offers rows, where `NearestScorer` offers offsets. */
class CodeScorer implements RowScorer {
  readonly #vectors: FlatVectors;
  readonly #codes: RowCodes;
  readonly #chosen: TopK;

  constructor(vectors: FlatVectors, codes: RowCodes, chosen: TopK) {
    this.#vectors = vectors;
    this.#codes = codes;
    this.#chosen = chosen;
  }

  score({ list }: ScanKernel, firstRow: number, count: number): void {
    const { scores, positions } = this.#codes;
    // Whole numbers: what only equals the worst candidate need not be looked at.
    const threshold = this.#chosen.threshold + 0.5;
    const selected = this.#codes.score(list, firstRow, count, threshold);
    for (let i = 0; i < selected; i++) {
      const position = positions[i] ?? 0;
      if (position >= count) continue;
      const row = firstRow + (list[position] ?? 0);
      if (this.#vectors.offsetOf(row) !== NONE) this.#chosen.offer(scores[position] ?? 0, row);
    }
  }
}
