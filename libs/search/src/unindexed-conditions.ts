// The conditions of a filter that no payload index is of use for although one could be, from the schema alone.

import {
  type Filter,
  fieldConditions,
  type IndexOption,
  indexedPath,
  indexesFor,
  indexUse,
  type PayloadSchema,
  type UnindexedCondition,
} from '@tributary/model';

/** What an index has only where it is asked for; the others it has unless they are switched off. */
const OFF: ReadonlySet<IndexOption> = new Set(['prefix', 'phrase_matching']);

/** Each field once for each type of index that would help, in the order of the filter. */
export function unindexedConditions(filter: Filter, schema: PayloadSchema): UnindexedCondition[] {
  const found = new Map<string, UnindexedCondition>();
  for (const { path, condition } of fieldConditions(filter)) {
    const [offer] = indexesFor(condition);
    const key = indexedPath(path);
    // A path that nested filters make too long can have no index.
    if (offer === undefined || key === undefined) continue;
    const index = Object.hasOwn(schema, key) ? schema[key] : undefined;
    if (index !== undefined && indexUse(index, condition) !== 'none') continue;
    const { type: helps, option } = offer;
    if (found.has(`${helps} ${key}`)) continue;
    found.set(`${helps} ${key}`, {
      key,
      asks: condition.kind,
      helps,
      ...(option !== undefined && (index?.type === helps || OFF.has(option)) && { option }),
      ...(index !== undefined && { has: index.type }),
    });
  }
  return [...found.values()];
}
