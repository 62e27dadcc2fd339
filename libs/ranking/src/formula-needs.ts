// What of a point a formula looks at, so that no more than that is fetched.

import type { Expression, Filter, PayloadSelector } from '@tributary/model';

export interface FormulaNeeds {
  /** What its variables look at. */
  readonly payload: PayloadSelector;
  /** Of its conditions. */
  readonly filters: readonly Filter[];
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
  if (keys.size === 0) return { payload: { kind: 'none' }, filters };
  return { payload: { kind: 'values', keys: [...keys] }, filters };
}

function visit(expression: Expression, see: (expression: Expression) => void): void {
  see(expression);
  for (const operand of operandsOf(expression)) visit(operand, see);
}

function operandsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'sum':
    case 'mult':
    case 'min':
    case 'max':
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
    case 'acosh':
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
