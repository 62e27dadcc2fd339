// The scoring of a vector query by the index of its vector: what a query must be to fit, and which hits it has.

import {
  type AnyVectorIndex,
  examplesOf,
  type IndexHits,
  type IndexSearch,
  SparseIndex,
} from '@tributary/index';
import {
  type CollectionConfig,
  higherIsBetter,
  isDense,
  isFiniteVector,
  isMulti,
  isSparse,
  type SearchExplanation,
  type SearchQuery,
  type TermStatistics,
  type VectorQuery,
  type VectorShape,
  type VectorValue,
} from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import { indexOf } from './projection.ts';
import type { Selection } from './selection.ts';

/**
 * The index a query is for. Errors: `wrong_input` for the name of no vector, a vector of a wrong kind or dimension, a
 * value that is not finite.
 */
export function checkedIndexOf(
  query: VectorQuery,
  indexes: ReadonlyMap<string, AnyVectorIndex>,
  shape: VectorShape | undefined,
): AnyVectorIndex {
  const index = indexOf(indexes, query.using);
  const size = shape?.kind === 'sparse' ? undefined : shape?.size;
  for (const vector of vectorsOf(query)) checkVector(vector, index, size);
  return index;
}

export interface SearchOptions {
  readonly index: AnyVectorIndex;
  readonly config: CollectionConfig;
  readonly limit: number;
  /** Only these points are found. */
  readonly selection?: Selection | undefined;
  readonly tieOrder?: IndexSearch['tieOrder'] | undefined;
}

/** The hits, best first, of a query that was checked. */
export function searchIndex(query: VectorQuery, options: SearchOptions): IndexHits {
  const { scoring } = query;
  const search = indexSearchOf(query, options);
  return scoring.kind === 'nearest'
    ? options.index.search(scoring.vector, search)
    : options.index.searchByExamples(scoring, search);
}

/** How `searchIndex` would go about it. */
export function explainSearch(query: VectorQuery, options: SearchOptions): SearchExplanation {
  const search = indexSearchOf(query, options);
  const isByExamples = query.scoring.kind !== 'nearest';
  const { vectors, indexedVectors, segments } = options.index.stats();
  return {
    method: options.index.explain(isByExamples ? { ...search, exact: true } : search),
    limit: search.limit,
    ef: search.ef,
    exact: search.exact,
    vectors,
    indexed: indexedVectors,
    segments,
  };
}

function indexSearchOf({ params, scoreThreshold, using }: VectorQuery, options: SearchOptions) {
  const { config, limit, selection, tieOrder } = options;
  const ownEf = config.vectors[using]?.hnsw?.efConstruct;
  return {
    limit,
    ef: params.hnswEf ?? ownEf ?? config.hnsw.efConstruct,
    exact: params.exact ?? false,
    indexedOnly: params.indexedOnly ?? false,
    ...(selection && { accept: selection.offsets, acceptCount: selection.count }),
    ...(params.quantization && { quantization: params.quantization }),
    ...(scoreThreshold !== undefined && { scoreThreshold }),
    ...(tieOrder && { tieOrder }),
  } satisfies IndexSearch;
}

/** Whether the larger of two scores of the query is the better. */
export function isHigherBetter(query: SearchQuery, shape: VectorShape | undefined): boolean {
  if (query.scoring.kind !== 'nearest') return true;
  return shape === undefined || shape.kind === 'sparse' || higherIsBetter(shape.distance);
}

/** Errors: `wrong_input` where the index is of no sparse vector. */
export function termStatisticsOf(
  index: AnyVectorIndex,
  indices: Uint32Array,
  selection: Selection | undefined,
): TermStatistics {
  if (!(index instanceof SparseIndex)) {
    throw new TributaryError('wrong_input', 'only sparse vectors have term statistics');
  }
  return {
    points: index.count(selection?.offsets),
    frequencies: index.termFrequencies(indices, selection?.offsets),
  };
}

function vectorsOf({ scoring }: VectorQuery): readonly VectorValue[] {
  return scoring.kind === 'nearest' ? [scoring.vector] : examplesOf(scoring);
}

function checkVector(vector: VectorValue, index: AnyVectorIndex, size: number | undefined): void {
  checkKind(vector, index);
  const dimension = isDense(vector) ? vector.length : isMulti(vector) ? vector.size : undefined;
  if (dimension !== undefined && dimension !== size) {
    throw new TributaryError(
      'wrong_input',
      `Vector dimension error: expected dim: ${size}, got ${dimension}`,
    );
  }
  const values = isDense(vector) ? vector : isMulti(vector) ? vector.rows : vector.values;
  if (!isFiniteVector(values)) {
    throw new TributaryError('wrong_input', 'the query vector has a value that is not finite');
  }
}

/** A dense vector is one row of a multi vector; else the kinds are the same. */
function checkKind(vector: VectorValue, { kind }: AnyVectorIndex): void {
  const given = isDense(vector) ? 'dense' : isSparse(vector) ? 'sparse' : 'multi';
  if (given === kind || (given === 'dense' && kind === 'multi')) return;
  const name = { dense: 'regular', sparse: 'sparse', multi: 'multi' };
  const text = `Conversion between ${name[given]} and ${name[kind]} vectors failed`;
  throw new TributaryError('wrong_input', text);
}
