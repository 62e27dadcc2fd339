// The parts of requests that strict mode looks at one by one: filters, conditions, expressions.

import type { Condition, Expression, Filter, PointOperation, QueryStage } from '@tributary/model';

export function filtersOfOperation(operation: PointOperation): readonly Filter[] {
  if ('updateFilter' in operation && operation.updateFilter !== undefined) {
    return [operation.updateFilter];
  }
  return selectingFilters(operation);
}

/** Those that choose points out of all; a condition on points that are named needs no index. */
export function selectingFilters(operation: PointOperation): readonly Filter[] {
  if (!('selector' in operation) || operation.selector.kind !== 'filter') return [];
  return [operation.selector.filter];
}

/** The conditions of a filter, one by one, those of filters in it too. */
export function* conditionsOf(filter: Filter): Generator<Condition> {
  const { must = [], should = [], mustNot = [], minShould } = filter;
  for (const condition of [...must, ...should, ...mustNot, ...(minShould?.conditions ?? [])]) {
    if (condition.kind === 'filter') yield* conditionsOf(condition.filter);
    else yield condition;
  }
}

/** Each condition, and where it is nested what is in it. */
export function* flattened(filter: Filter): Generator<Condition> {
  for (const condition of conditionsOf(filter)) {
    yield condition;
    if (condition.kind === 'nested') yield* flattened(condition.filter);
  }
}

/** Those of a formula's conditions too. */
export function filtersOfStage({ filter, params, query }: QueryStage): Filter[] {
  const parts = query?.kind === 'formula' ? [...expressionsOf(query.formula)] : [];
  const asked = parts.flatMap((part) => (part.kind === 'condition' ? [part.filter] : []));
  return [filter, params.idf?.corpus, ...asked].filter((each) => each !== undefined);
}

/** The expression and those in it. */
export function* expressionsOf(expression: Expression): Generator<Expression> {
  yield expression;
  for (const part of partsOf(expression)) yield* expressionsOf(part);
}

function partsOf(expression: Expression): readonly Expression[] {
  if ('operands' in expression) return expression.operands;
  if ('operand' in expression) return [expression.operand];
  switch (expression.kind) {
    case 'div':
      return [expression.left, expression.right];
    case 'pow':
      return [expression.base, expression.exponent];
    case 'linDecay':
    case 'expDecay':
    case 'gaussDecay':
      return [expression.x, ...(expression.target === undefined ? [] : [expression.target])];
    default:
      return [];
  }
}
