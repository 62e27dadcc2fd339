// A collection with a vector of every form and payloads of every kind.

import assert from 'node:assert/strict';

const COLOURS = ['red', 'green', 'blue'];

/**
 * Collection `docs`: points 0 to 11 on a quarter circle under `text` (Cosine), the same and [0, 1] under `rows`
 * (MaxSim), sparse ones under `words` (idf); payload n, colour, place, at, note, with indexes on n, colour and at.
 */
export async function createDocs(url: string): Promise<void> {
  const collection = `${url}/collections/docs`;
  await put(collection, {
    vectors: {
      text: { size: 2, distance: 'Cosine' },
      rows: { size: 2, distance: 'Dot', multivector_config: { comparator: 'max_sim' } },
    },
    sparse_vectors: { words: { modifier: 'idf', index: { on_disk: true } } },
    shard_number: 3,
  });
  const points = Array.from({ length: 12 }, (_, n) => {
    const angle = (n / 11) * (Math.PI / 2);
    const text = [Math.cos(angle), Math.sin(angle)];
    const words = { indices: [n % 4, 100], values: [1, 0.5] };
    const vector = { text, words, rows: [text, [0, 1]] };
    const payload = {
      n,
      colour: COLOURS[n % 3],
      place: { lon: n, lat: n },
      at: `2024-01-${String(n + 1).padStart(2, '0')}T00:00:00Z`,
      note: `note number ${n}`,
    };
    return { id: n, vector, payload };
  });
  await put(`${collection}/points?wait=true`, { points });
  for (const [field_name, field_schema] of [
    ['n', 'integer'],
    ['at', 'datetime'],
    ['colour', 'keyword'],
  ] as const) {
    await put(`${collection}/index?wait=true`, { field_name, field_schema });
  }
}

async function put(url: string, body: object): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(url, { method: 'PUT', body: JSON.stringify(body), headers });
  assert.equal(answer.status, 200, await answer.text());
}

export function idsOf(points: readonly { readonly id: string | number }[]): (string | number)[] {
  return points.map(({ id }) => id);
}
