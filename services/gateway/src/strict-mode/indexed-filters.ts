// Which condition of a filter looks at a field without an index that answers it: what strict mode refuses.

import {
  type Filter,
  fieldConditions,
  type IndexOffer,
  indexedPath,
  indexesFor,
  indexUse,
  type PayloadSchema,
} from '@tributary/model';

export interface MissingIndex {
  readonly key: string;
  /** Kinds of index of which one would do, as clients name them. */
  readonly types: readonly string[];
}

/** Undefined where every condition has an index, or needs none. */
export function missingIndexOf(filter: Filter, schema: PayloadSchema): MissingIndex | undefined {
  for (const { path, condition } of fieldConditions(filter)) {
    const offers = indexesFor(condition);
    const field = indexedPath(path);
    const index = field !== undefined && Object.hasOwn(schema, field) ? schema[field] : undefined;
    if (offers.length === 0 || (index && indexUse(index, condition) === 'answers')) continue;
    return { key: path, types: offers.map(nameOf).sort() };
  }
  return undefined;
}

function nameOf({ type, option }: IndexOffer): string {
  return option === 'prefix' || option === 'phrase_matching'
    ? `${type} (with ${option}: true)`
    : type;
}
