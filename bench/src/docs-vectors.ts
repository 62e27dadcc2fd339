// Real data: the passages of the installed packages' documentation as `npm start` embeds them. Every hundredth passage
// or so is kept out of the set and asked for instead, so that the queries are real text no one stored.

import { join } from 'node:path';
import {
  DIMENSIONS,
  extractPassages,
  type Passage,
  passageVector,
  trainOnPassages,
} from '@tributary/docs-search';
import type { DataSet } from './clustered-vectors.ts';

const MODULES = join(import.meta.dirname, '../../node_modules');

export async function docsVectors(queryCount: number): Promise<DataSet> {
  const passages = extractPassages(MODULES);
  const model = trainOnPassages(passages);
  const every = Math.floor(passages.length / queryCount);
  const isQuery = (index: number) => index % every === 0 && index / every < queryCount;
  const stored = passages.filter((_, index) => !isQuery(index));
  const asked = passages.filter((_, index) => isQuery(index));
  return {
    name: 'docs',
    size: DIMENSIONS,
    count: stored.length,
    vectors: embedAll(stored),
    queries: embedAll(asked),
    queryCount: asked.length,
  };

  function embedAll(list: readonly Passage[]): Float32Array {
    const matrix = new Float32Array(list.length * DIMENSIONS);
    for (const [row, passage] of list.entries()) {
      matrix.set(passageVector(model, passage), row * DIMENSIONS);
    }
    return matrix;
  }
}
