// What float16 and uint8 save of a vector, and what a search over them costs and loses.
//
// Napkin: rows are half and a quarter. A scan of float32 runs at memory speed, so bytes could be four times as fast;
// half floats have to be widened, seven instructions for four values instead of three, which takes what reading less
// saves.
// Recall is that of the answers over the float32 that were given: a half float keeps 11 bits of a value, a byte 7 here.

import type { IndexSearch, VectorIndex } from '@tributary/index';
import {
  type Distance,
  NO_PAYLOAD,
  type PointOperation,
  pointOffset,
  type StoredDatatype,
  toDatatype,
} from '@tributary/model';
import { encodeEntry } from '@tributary/wire';
import { clusteredVectors, rowOf } from './clustered-vectors.ts';

const SETS = [
  { size: 128, count: 100_000 },
  { size: 768, count: 20_000 },
];
const DATATYPES: readonly (StoredDatatype | undefined)[] = [undefined, 'float16', 'uint8'];
const DISTANCES: readonly Distance[] = ['Dot', 'Euclid'];
const QUERIES = 50;
const LOGGED_POINTS = 100;
const EXACT: IndexSearch = { limit: 10, ef: 100, exact: true, indexedOnly: false };

export interface DatatypeBench {
  readonly seed: number;
  readonly open: (options: {
    readonly size: number;
    readonly distance: Distance;
    readonly datatype?: StoredDatatype;
  }) => Promise<VectorIndex>;
  /** Processor time of this thread, in milliseconds a call. */
  readonly cpuMs: (run: (call: number) => void) => number;
}

export async function benchDatatypes(bench: DatatypeBench) {
  const rows: Record<string, string | number>[] = [];
  for (const set of SETS) {
    const shape = { clusters: 1_000, spread: 0.8, queryCount: QUERIES, seed: bench.seed };
    const data = clusteredVectors({ ...set, ...shape });
    const largest = data.vectors.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const vectors = Array.from({ length: set.count }, (_, i) => rowOf(data.vectors, i, set.size));
    const queries = Array.from({ length: QUERIES }, (_, i) => rowOf(data.queries, i, set.size));
    let truth: Uint32Array[] | undefined;
    for (const datatype of DATATYPES) {
      const stored = (vector: Float32Array) => {
        if (datatype === undefined) return vector;
        const isBytes = datatype === 'uint8';
        const given = isBytes ? vector.map((v) => 128 + (127 * v) / largest) : vector;
        return toDatatype(given, datatype);
      };
      const asked = queries.map(stored);
      for (const distance of DISTANCES) {
        const options = { size: set.size, distance, ...(datatype && { datatype }) };
        await using index = await bench.open(options);
        const memory = fill(index, vectors, stored);
        const ms = bench.cpuMs((i) => void index.search(asked[i % QUERIES] ?? fail(), EXACT));
        const found = asked.map((query) => index.search(query, EXACT).offsets);
        // Of vectors of length 1 the nearest are those of the largest product.
        truth ??= found;
        rows.push({
          data: data.name,
          datatype: datatype ?? 'float32',
          distance,
          'memory bytes': memory,
          'log bytes': Math.round(loggedBytes(vectors.slice(0, LOGGED_POINTS).map(stored))),
          'search ms': ms,
          // The product of bytes that stand for shifted values is not that of the values.
          recall: datatype === 'uint8' && distance === 'Dot' ? '' : recallOf(found, truth),
        });
      }
    }
  }
  return rows;
}

/** Resident bytes a vector of the second half: what the process takes for other things cancels out. */
function fill(
  index: VectorIndex,
  vectors: readonly Float32Array[],
  stored: (vector: Float32Array) => Float32Array,
): number {
  const half = vectors.length / 2;
  let halfBytes = 0;
  for (const [i, vector] of vectors.entries()) {
    if (i === half) halfBytes = process.memoryUsage.rss();
    index.add(pointOffset(i), stored(vector));
  }
  return Math.round((process.memoryUsage.rss() - halfBytes) / half);
}

function loggedBytes(vectors: readonly Float32Array[]): number {
  const points = vectors.map((vector, id) => ({
    id,
    vectors: { '': vector },
    payload: NO_PAYLOAD,
  }));
  const operations: PointOperation[] = [{ kind: 'upsert', points }];
  return encodeEntry({ operationId: 'bench', timeMs: 1, operations }).length / vectors.length;
}

function recallOf(found: readonly Uint32Array[], truth: readonly Uint32Array[]): number {
  let hits = 0;
  let wanted = 0;
  truth.forEach((offsets, i) => {
    const given = new Set(found[i]);
    wanted += offsets.length;
    for (const offset of offsets) if (given.has(offset)) hits++;
  });
  return Number((hits / wanted).toFixed(4));
}

function fail(): never {
  throw new RangeError('no such query');
}
