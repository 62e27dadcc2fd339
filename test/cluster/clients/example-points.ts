// The points that every official client writes and reads back, and what a brute-force reader finds among them.
//
// Nothing here uses the product's code: what it computes is what the product's answers are compared with.

export type ExampleId = number | bigint | string;
export type Payload = { readonly [key: string]: unknown };
export type ExampleDistance = 'Cosine' | 'Dot' | 'Euclid' | 'Manhattan';

export interface ExamplePoint {
  /** A UUID is in lower case, as it comes back. */
  readonly id: ExampleId;
  readonly vector: readonly number[];
  readonly payload: Payload;
}

export interface ExampleHit {
  readonly id: ExampleId;
  readonly score: number;
}

export const DIMENSION = 8;
/** The vector names of a collection with named vectors, each with its distance. */
export const NAMED_DISTANCES: Readonly<Record<string, ExampleDistance>> = {
  angle: 'Cosine',
  product: 'Dot',
  straight: 'Euclid',
  'city block': 'Manhattan',
};
/** Beyond 2^53 no number is exact. */
export const BIG_INTEGER = 9_007_199_254_740_993n;

const POINTS = 240;
const CITIES = ['Berlin', 'Lisboa', 'Kraków', 'São Paulo', '東京'];
const TAGS = ['red', 'green', 'blue', 'black'];

/** Ids of all kinds: small, beyond 2^53, the largest, UUIDs. */
function idAt(index: number): ExampleId {
  if (index === 0) return 18_446_744_073_709_551_615n;
  if (index % 8 === 1) return BIG_INTEGER + BigInt(index);
  if (index % 8 === 2)
    return `5c56c793-69f3-4fbf-87e6-${(index * 7_919).toString(16).padStart(12, '0')}`;
  return index;
}

export const EXAMPLE_POINTS: readonly ExamplePoint[] = Array.from(
  { length: POINTS },
  (_, index) => ({
    id: idAt(index),
    vector: Array.from({ length: DIMENSION }, (_unused, i) => waveAt(index * DIMENSION + i)),
    payload: payloadAt(index),
  }),
);

/** A pseudo-random float32 in (-1, 1), the same in every run. */
export function waveAt(n: number): number {
  const x = Math.sin(n * 12.9898 + 4.1414) * 43_758.5453;
  return Math.fround(2 * (x - Math.floor(x)) - 1);
}

/** Every point lacks some of the keys, so that absence, null and emptiness occur. */
function payloadAt(index: number): Payload {
  const payload: Record<string, unknown> = { index };
  if (index % 6 < 5) payload.city = index % 11 === 0 ? null : CITIES[index % 5];
  if (index % 4 > 0)
    payload.tags = TAGS.filter((_, i) => (index >> i) % 2 === 0).slice(0, index % 4);
  if (index % 7 > 0) payload.price = (index % 50) + 0.25;
  if (index % 3 > 0) payload.sold = index % 2 === 0;
  if (index % 5 > 0) payload.meta = { lang: index % 2 === 0 ? 'de' : 'pt', 'page.no': index % 9 };
  payload.parts = Array.from({ length: index % 4 }, (_, i) => ({
    kind: TAGS[(index + i) % 4],
    size: (index * (i + 3)) % 13,
  }));
  if (index % 10 === 0) payload.serial = BIG_INTEGER + BigInt(index % 20);
  return payload;
}

/** Best first; what is not above the threshold, read as the distance reads it, is left out. */
export function nearestTo(
  query: readonly number[],
  distance: ExampleDistance,
  among: readonly ExamplePoint[] = EXAMPLE_POINTS,
): ExampleHit[] {
  const sign = distance === 'Euclid' || distance === 'Manhattan' ? 1 : -1;
  return among
    .map(({ id, vector }) => ({ id, score: scoreOf(query, vector, distance) }))
    .sort((a, b) => sign * (a.score - b.score));
}

function scoreOf(a: readonly number[], b: readonly number[], distance: ExampleDistance): number {
  const pairs = a.map((x, i) => [x, b[i] ?? Number.NaN] as const);
  const sum = (term: (x: number, y: number) => number) =>
    pairs.reduce((total, [x, y]) => total + term(x, y), 0);
  switch (distance) {
    case 'Dot':
      return sum((x, y) => x * y);
    case 'Cosine':
      return sum((x, y) => x * y) / Math.sqrt(sum((x) => x * x) * sum((_, y) => y * y));
    case 'Euclid':
      return Math.sqrt(sum((x, y) => (x - y) ** 2));
    case 'Manhattan':
      return sum((x, y) => Math.abs(x - y));
  }
}

/** In the order in which points are scrolled: numbers first, then UUIDs. */
export function inIdOrder<T extends { readonly id: ExampleId }>(points: readonly T[]): T[] {
  return [...points].sort(({ id: a }, { id: b }) => {
    if (typeof a === 'string' || typeof b === 'string') {
      return typeof a === typeof b ? (a < b ? -1 : 1) : typeof a === 'string' ? 1 : -1;
    }
    return a < b ? -1 : 1;
  });
}

/** A JSON text in which integers of any size are exact. */
export function exactJson(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    typeof each === 'bigint' ? rawJson(each) : each,
  );
}

function rawJson(value: bigint): unknown {
  if (JSON.rawJSON === undefined) throw new TypeError('JSON.rawJSON is missing: Node 24 has it');
  return JSON.rawJSON(value.toString());
}
