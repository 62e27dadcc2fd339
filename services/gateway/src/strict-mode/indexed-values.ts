// What a query reads of the payloads of its points other than by filters: the variables of formulas and the field of
// groups. Without an index each costs a look at the stored payload of every candidate.

import {
  type Expression,
  type FieldIndex,
  type FieldIndexType,
  indexedPath,
  type PayloadSchema,
  type QueryStage,
} from '@tributary/model';
import type { MissingIndex } from './indexed-filters.ts';
import { expressionsOf } from './request-parts.ts';

/** A field of which values are read, and the kinds of index of which one has them. */
export interface IndexNeed {
  readonly key: string;
  readonly types: readonly FieldIndexType[];
}

/** Kinds of index whose values are those that a group can have: strings and integers. */
const GROUPING: readonly FieldIndexType[] = ['keyword', 'integer', 'uuid'];
const NUMBERS: readonly FieldIndexType[] = ['integer', 'float'];

export function valuesNeeded(
  stages: readonly QueryStage[],
  groupBy: string | undefined,
): readonly IndexNeed[] {
  const needs = stages.flatMap(({ query }) => {
    return query?.kind === 'formula' ? [...expressionsOf(query.formula)].flatMap(needsOf) : [];
  });
  return groupBy === undefined ? needs : [...needs, { key: groupBy, types: GROUPING }];
}

/** Undefined where every need has an index. */
export function missingNeed(
  needs: readonly IndexNeed[],
  schema: PayloadSchema,
): MissingIndex | undefined {
  return needs.find(({ key, types }) => {
    const path = indexedPath(key);
    const index = path !== undefined && Object.hasOwn(schema, path) ? schema[path] : undefined;
    return index === undefined || !hasValues(index, types);
  });
}

function hasValues(index: FieldIndex, types: readonly FieldIndexType[]): boolean {
  if (!types.includes(index.type)) return false;
  // An integer index without lookup has an order of values, and not who has one.
  return types !== GROUPING || index.type !== 'integer' || index.lookup;
}

function needsOf(part: Expression): readonly IndexNeed[] {
  switch (part.kind) {
    case 'variable':
      return part.name.startsWith('$score') ? [] : [{ key: part.name, types: NUMBERS }];
    case 'geoDistance':
      return [{ key: part.to, types: ['geo'] }];
    case 'datetimeKey':
      return [{ key: part.path, types: ['datetime'] }];
    default:
      return [];
  }
}
