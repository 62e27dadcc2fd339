// What a request counts for by the rates of strict mode: a request that is as much work as several counts as several.
//
//   read    1 a search, an id, an example, a vector of a multivector; 1 more a condition of a filter
//   matrix  sample x limit
//   write   1 a point or id, 5 where a filter chooses the points, 1 otherwise

import {
  type Filter,
  isMulti,
  type PointOperation,
  type QueryStage,
  type VectorExample,
} from '@tributary/model';
import { examplesOf } from '../reads/query-examples.ts';
import { filtersOfStage, flattened } from './request-parts.ts';

const UPDATE_BY_FILTER = 5;

/** Of a read that is no search. */
export function costOfFiltered(filter: Filter | undefined): number {
  return 1 + (filter === undefined ? 0 : conditionCount(filter));
}

/** Of the stages of all searches of a request. */
export function costOfStages(stages: readonly QueryStage[]): number {
  return Math.max(
    1,
    stages.reduce((sum, stage) => sum + costOfStage(stage), 0),
  );
}

export function costOfOperation(operation: PointOperation): number {
  if ('points' in operation) return operation.points.length;
  if (!('selector' in operation)) return 1;
  const { selector } = operation;
  return selector.kind === 'ids' ? Math.max(1, selector.ids.length) : UPDATE_BY_FILTER;
}

function costOfStage(stage: QueryStage): number {
  const { query, prefetch } = stage;
  const examples = examplesOf(query).reduce((sum, each) => sum + costOfExample(each), 0);
  // A stage that only ranks what its prefetches found is no search.
  const own = prefetch.length > 0 && examples === 0 ? 0 : Math.max(1, examples);
  return filtersOfStage(stage).reduce((sum, filter) => sum + conditionCount(filter), own);
}

function costOfExample(example: VectorExample): number {
  if (example.kind !== 'vector' || !isMulti(example.vector)) return 1;
  return example.vector.rows.length / example.vector.size;
}

function conditionCount(filter: Filter): number {
  return [...flattened(filter)].length;
}
