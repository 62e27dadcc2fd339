// Benchmark data: points drawn around random centres, the shape that real embeddings have and uniform noise has not.

import { type Random, seededRandom } from '@tributary/runtime';

export interface DataSet {
  readonly name: string;
  readonly size: number;
  readonly count: number;
  /** Row-major, `count` × `size`. */
  readonly vectors: Float32Array;
  /** Row-major; drawn like the vectors, none of them stored. */
  readonly queries: Float32Array;
  readonly queryCount: number;
}

/**
 * `count` vectors of dimension `size` from `clusters` Gaussian clusters of standard deviation `spread` around centres
 * uniform in [-1, 1]; normalised to length 1, so that Cosine and Dot agree.
 */
export function clusteredVectors(options: {
  count: number;
  size: number;
  clusters: number;
  spread: number;
  queryCount: number;
  seed: number;
}): DataSet {
  const { count, size, clusters, spread, queryCount, seed } = options;
  const random = seededRandom(seed);
  const centres = Float32Array.from({ length: clusters * size }, () => 2 * random.next() - 1);
  const draw = (rows: number) => {
    const out = new Float32Array(rows * size);
    for (let row = 0; row < rows; row++) {
      const centre = random.integer(clusters) * size;
      const vector = out.subarray(row * size, (row + 1) * size);
      for (let i = 0; i < size; i++)
        vector[i] = (centres[centre + i] ?? 0) + spread * gaussian(random);
      normalise(vector);
    }
    return out;
  };
  const vectors = draw(count);
  return { name: `${count}x${size}`, size, count, vectors, queries: draw(queryCount), queryCount };
}

/**
 * Indexes of the `limit` rows with the largest dot product, best first; the exact answer that recall is compared with.
 */
export function exactNeighbours(data: DataSet, query: Float32Array, limit: number): number[] {
  const best: { row: number; score: number }[] = [];
  for (let row = 0; row < data.count; row++) {
    const at = row * data.size;
    let score = 0;
    for (let i = 0; i < data.size; i++) score += (data.vectors[at + i] ?? 0) * (query[i] ?? 0);
    const worst = best[best.length - 1];
    if (best.length === limit && worst !== undefined && score <= worst.score) continue;
    const place = best.findIndex((held) => held.score < score);
    best.splice(place === -1 ? best.length : place, 0, { row, score });
    if (best.length > limit) best.pop();
  }
  return best.map((held) => held.row);
}

export function rowOf(matrix: Float32Array, row: number, size: number): Float32Array {
  return matrix.subarray(row * size, (row + 1) * size);
}

function normalise(vector: Float32Array): void {
  let square = 0;
  for (const x of vector) square += x * x;
  const scale = 1 / Math.sqrt(square);
  for (let i = 0; i < vector.length; i++) vector[i] = (vector[i] ?? 0) * scale;
}

/** Standard normal by the Box–Muller transform. */
function gaussian(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.next()));
  return radius * Math.cos(2 * Math.PI * random.next());
}
