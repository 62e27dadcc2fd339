// What a formula reads of a payload: the values at its keys. Where a field has an index it sees those that the index
// takes and no other, so that a null or a text among numbers is as good as missing; text indexes keep words and no
// values.

import { parseDatetime } from './datetime.ts';
import { exactNumberOf, integerOf } from './exact-number.ts';
import { geoPointOf } from './geo.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { indexedPath, parseJsonPath, valuesAt } from './json-path.ts';
import type { FieldIndex, PayloadSchema } from './payload-schema.ts';
import { parseUuid } from './point-id.ts';

/** The values by key, each key with a list of its own. Throws a JsonPathError on a key that is no path. */
export function compileFormulaValues(
  keys: readonly string[],
  schema: PayloadSchema,
): (payload: JsonObject) => JsonObject {
  const fields = keys.map((key) => {
    const indexed = indexedPath(key) ?? key;
    const index = Object.hasOwn(schema, indexed) ? schema[indexed] : undefined;
    return { key, path: parseJsonPath(key), index: index?.type === 'text' ? undefined : index };
  });
  return (payload) =>
    Object.fromEntries(
      fields.map(({ key, path, index }) => {
        const values = valuesAt(payload, path);
        return [key, index === undefined ? values : takenBy(index, values)];
      }),
    );
}

function takenBy(index: FieldIndex, values: readonly JsonValue[]): JsonValue[] {
  return values
    .flatMap((value): JsonValue | JsonValue[] => (Array.isArray(value) ? [...value] : value))
    .filter((value) => isIndexed(value, index));
}

/**
 * Whether an index of the kind takes the value: a float index every number, an integer index those that are integers of
 * 64 bits, also where they are written as floats.
 */
export function isIndexed(value: JsonValue, index: FieldIndex): boolean {
  switch (index.type) {
    case 'keyword':
    case 'text':
      return typeof value === 'string';
    case 'uuid':
      return parseUuid(value) !== undefined;
    case 'integer':
      return integerOf(value) !== undefined;
    case 'float':
      return exactNumberOf(value) !== undefined;
    case 'bool':
      return typeof value === 'boolean';
    case 'datetime':
      return typeof value === 'string' && parseDatetime(value) !== undefined;
    case 'geo':
      return geoPointOf(value) !== undefined;
  }
}
