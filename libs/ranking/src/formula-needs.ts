// What of a point a formula looks at, so that no more than that is fetched.

import type { Condition, Expression, Filter, PayloadSelector } from '@tributary/model';

export interface FormulaNeeds {
  readonly payload: PayloadSelector;
  /** Whether a condition asks which vectors the point has. */
  readonly vectorNames: boolean;
}

export function formulaNeeds(formula: Expression): FormulaNeeds {
  const keys = new Set<string>();
  const filters: Filter[] = [];
  visit(formula, (expression) => {
    if (expression.kind === 'variable' && !expression.name.startsWith('$'))
      keys.add(expression.name);
    if (expression.kind === 'geoDistance') keys.add(expression.to);
    if (expression.kind === 'datetimeKey') keys.add(expression.path);
    if (expression.kind === 'condition') filters.push(expression.filter);
  });
  const vectorNames = filters.some(asksForVectors);
  // A condition may look anywhere, and at what is not there.
  if (filters.length > 0) return { payload: { kind: 'all' }, vectorNames };
  if (keys.size === 0) return { payload: { kind: 'none' }, vectorNames };
  return { payload: { kind: 'include', keys: [...keys] }, vectorNames };
}

function visit(expression: Expression, see: (expression: Expression) => void): void {
  see(expression);
  for (const operand of operandsOf(expression)) visit(operand, see);
}

function operandsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'sum':
    case 'mult':
      return expression.operands;
    case 'div':
      return [expression.left, expression.right];
    case 'pow':
      return [expression.base, expression.exponent];
    case 'neg':
    case 'abs':
    case 'sqrt':
    case 'exp':
    case 'ln':
    case 'log10':
      return [expression.operand];
    case 'linDecay':
    case 'expDecay':
    case 'gaussDecay':
      return expression.target === undefined ? [expression.x] : [expression.x, expression.target];
    case 'constant':
    case 'variable':
    case 'condition':
    case 'geoDistance':
    case 'datetime':
    case 'datetimeKey':
      return [];
  }
}

function asksForVectors(filter: Filter): boolean {
  const { must = [], should = [], mustNot = [], minShould } = filter;
  const conditions = [...must, ...should, ...mustNot, ...(minShould?.conditions ?? [])];
  return conditions.some(
    (condition: Condition) =>
      condition.kind === 'hasVector' ||
      (condition.kind === 'filter' && asksForVectors(condition.filter)),
  );
}
