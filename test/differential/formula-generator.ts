// Score formulas over scores, payload fields, conditions, places and moments, as deep as asked for.

import type { Random } from '@tributary/runtime';
import type { Json } from './case.ts';
import { between, chance, fraction, pick, times } from './choices.ts';
import { makeCondition } from './filter-generator.ts';
import { DATES, makePlace } from './payload-generator.ts';
import type { QueryScope } from './query-parts.ts';

export function expression(random: Random, scope: QueryScope, depth: number): Json {
  const inner = () => expression(random, scope, depth - 1);
  const decay = () => {
    const name = pick(random, ['lin_decay', 'exp_decay', 'gauss_decay']);
    const midpoint = fraction(random, 0.1, 0.9);
    if (chance(random, 0.5)) {
      const scale = fraction(random, 1, 9);
      return { [name]: { x: inner(), target: 2.5, scale, midpoint } };
    }
    const scale = fraction(random, 1e6, 9e7);
    const moment = { datetime: pick(random, DATES) };
    return { [name]: { x: { datetime_key: 'since' }, target: moment, scale, midpoint } };
  };
  const leaves: readonly (() => Json)[] = [
    () => '$score',
    () => pick(random, ['$score[0]', '$score[1]', 'price', 'count']),
    () => fraction(random, -3, 3),
    () => makeCondition(random, { ...scope.collection, ids: scope.ids }),
  ];
  const branches: (() => Json)[] = [
    () => ({ sum: [inner(), inner()] }),
    () => ({ mult: [inner(), inner()] }),
    () => ({ div: { left: inner(), right: { sum: [{ abs: inner() }, 1.25] } } }),
    () => ({ neg: inner() }),
    () => ({ sqrt: { abs: inner() } }),
    () => ({ pow: { base: { abs: inner() }, exponent: pick(random, [0.5, 2]) } }),
    () => ({ exp: { neg: { abs: inner() } } }),
    () => ({ ln: { sum: [{ abs: inner() }, 1.25] } }),
    () => ({ log10: { sum: [{ abs: inner() }, 1.25] } }),
    () => ({ mult: [{ geo_distance: { origin: makePlace(random), to: 'place' } }, 0.000001] }),
    decay,
  ];
  // Local mode is that of 1.18, which does not have them.
  if (scope.collection.oracle === 'edge') {
    branches.push(() => ({ min: times(between(random, 1, 3), inner) }));
    branches.push(() => ({ max: times(between(random, 1, 3), inner) }));
    branches.push(() => ({ acosh: { sum: [{ abs: inner() }, 1] } }));
  }
  return pick(random, depth === 0 ? leaves : branches)();
}
