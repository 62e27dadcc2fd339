// Real data: the passages of the installed packages' documentation as `npm start` embeds them. Every hundredth passage
// or so is kept out of the set and asked for instead, so that the queries are real text nobody stored.

import { join } from 'node:path';
import { embeddedText, extractPassages } from '@tributary/docs-search';
import { train } from '@tributary/lsa';
import type { DataSet } from './clustered-vectors.ts';

const MODULES = join(import.meta.dirname, '../../node_modules');
const SIZE = 256;

export async function docsVectors(queryCount: number): Promise<DataSet> {
  const texts = extractPassages(MODULES).map(embeddedText);
  const model = train(texts, { dimensions: SIZE, seed: 1 });
  const every = Math.floor(texts.length / queryCount);
  const isQuery = (index: number) => index % every === 0 && index / every < queryCount;
  const stored = texts.filter((_, index) => !isQuery(index));
  const asked = texts.filter((_, index) => isQuery(index));
  return {
    name: 'docs',
    size: SIZE,
    count: stored.length,
    vectors: embedAll(stored),
    queries: embedAll(asked),
    queryCount: asked.length,
  };

  function embedAll(list: readonly string[]): Float32Array {
    const matrix = new Float32Array(list.length * SIZE);
    for (const [row, text] of list.entries()) matrix.set(model.embed(text), row * SIZE);
    return matrix;
  }
}
