// What must hold between the parts of a query, however it came. Errors: `bad_request`, `validation`.

import type { Query, QueryRequest, QueryStage } from '@tributary/model';
import { UNNAMED_VECTOR } from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import { validationError } from '../errors.ts';
import { at, checkRange, readPath } from './json-reader.ts';
import { NESTING_MAX } from './nesting.ts';

/** Items of relevance feedback make pairs, as many as their square. */
const FEEDBACK_MAX = 1_000;

/** The query itself, where it makes sense. `path` is where it stands in the body. */
export function checkQuery(query: QueryRequest, path = ''): QueryRequest {
  checkStage(query, path, 0);
  return query;
}

function checkStage(stage: QueryStage, path: string, depth: number): void {
  if (depth >= NESTING_MAX) {
    throw validationError(path, `prefetches may be nested ${NESTING_MAX} deep`);
  }
  checkThreshold(stage);
  if (stage.query !== undefined) checkVariant(stage.query, stage, at(path, 'query'));
  else if (stage.prefetch.length > 0) {
    throw badRequest(
      "A query is needed to merge the prefetches. Can't have prefetches without defining a query.",
    );
  }
  stage.prefetch.forEach((each, i) => {
    checkStage(each, `${at(path, 'prefetch')}[${i}]`, depth + 1);
  });
}

function checkThreshold({ query, scoreThreshold }: QueryStage): void {
  if (scoreThreshold === undefined) return;
  if (query === undefined) {
    throw badRequest(
      "A query is needed to use the score_threshold. Can't have score_threshold without defining a query.",
    );
  }
  if (query.kind === 'orderBy') {
    throw badRequest("Can't use score_threshold with an order_by query.");
  }
}

function checkVariant(query: Query, stage: QueryStage, path: string): void {
  switch (query.kind) {
    case 'rrf':
    case 'dbsf':
      checkFusion(query, stage, path);
      return;
    case 'relevanceFeedback':
      checkFeedback(query, at(path, 'relevance_feedback'));
      return;
    case 'text':
      checkText(stage, path);
      return;
    case 'formula':
      if (stage.prefetch.length > 0) return;
      throw badRequest('cannot apply Formula without prefetches');
    case 'recommend':
      if (query.positives.length > 0) return;
      if (query.strategy === 'average_vector') {
        const rule = 'At least one positive example is required with the average_vector strategy';
        throw validationError(at(path, 'recommend.positive'), rule);
      }
      if (query.negatives.length > 0) return;
      throw validationError(at(path, 'recommend'), 'At least one example is required');
    default:
  }
}

function checkText({ using, prefetch }: QueryStage, path: string): void {
  if (using === UNNAMED_VECTOR) {
    throw badRequest('A text query needs `using` to name the payload field to search');
  }
  readPath(using, at(path.slice(0, -'query'.length).replace(/\.$/, ''), 'using'));
  if (prefetch.length === 0) return;
  throw badRequest('A text query cannot rescore prefetches: make it one of them, and fuse them');
}

function checkFeedback(
  { feedback, strategy }: Extract<Query, { kind: 'relevanceFeedback' }>,
  path: string,
): void {
  if (feedback.length === 0) {
    throw validationError(at(path, 'feedback'), 'at least one example with its score is required');
  }
  if (feedback.length > FEEDBACK_MAX) {
    const rule = `${feedback.length} items, at most ${FEEDBACK_MAX} are compared with one another`;
    throw validationError(at(path, 'feedback'), rule);
  }
  checkRange(strategy.b, at(path, 'strategy.naive.b'), 0);
}

function checkFusion(query: Query, stage: QueryStage, path: string): void {
  if (stage.prefetch.length === 0) throw badRequest('cannot apply Fusion without prefetches');
  if (stage.using !== UNNAMED_VECTOR) {
    throw badRequest("Fusion queries cannot be combined with the 'using' field.");
  }
  if (query.kind !== 'rrf' || query.weights === undefined) return;
  const where = at(path, 'rrf.weights');
  if (query.weights.length !== stage.prefetch.length) {
    const counts = `${query.weights.length} weights for ${stage.prefetch.length} prefetches`;
    throw validationError(where, `${counts}, their number must be the same`);
  }
  const wrong = query.weights.find((weight) => !(weight >= 0));
  if (wrong === undefined) return;
  throw validationError(where, `value ${wrong} invalid, must be 0 or larger`);
}

function badRequest(message: string): TributaryError {
  return new TributaryError('bad_request', message);
}
