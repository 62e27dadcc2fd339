// Strict mode settings: what a collection lets its clients ask. Kept in the form they have in JSON, with the settings
// that are known and nothing else; null means the same as absence.

import type { JsonObject, JsonValue } from '@tributary/model';
import { unsignedFrom } from './collection-parts.ts';
import { at, checkRange, optional, readBoolean, readNumber, readObject } from './json-reader.ts';

type Read = (value: JsonValue, path: string) => JsonValue;

const PERCENT_MAX = 100;
const anyCount = unsignedFrom(0);
const atLeastOne = unsignedFrom(1);

const SETTINGS: Readonly<Record<string, Read>> = {
  enabled: readBoolean,
  max_query_limit: atLeastOne,
  max_timeout: atLeastOne,
  unindexed_filtering_retrieve: readBoolean,
  unindexed_filtering_update: readBoolean,
  search_max_hnsw_ef: anyCount,
  search_allow_exact: readBoolean,
  search_max_oversampling: (value, path) => checkRange(readNumber(value, path), path, 0),
  upsert_max_batchsize: anyCount,
  search_max_batchsize: anyCount,
  max_collection_vector_size_bytes: anyCount,
  read_rate_limit: atLeastOne,
  write_rate_limit: atLeastOne,
  max_collection_payload_size_bytes: anyCount,
  max_points_count: atLeastOne,
  filter_max_conditions: anyCount,
  condition_max_size: anyCount,
  multivector_config: byVector('max_vectors'),
  sparse_config: byVector('max_length'),
  max_payload_index_count: anyCount,
  max_resident_memory_percent: unsignedFrom(1, PERCENT_MAX),
};

export function readStrictMode(value: JsonValue, path: string): JsonObject {
  const object = readObject(value, path);
  const settings: Record<string, JsonValue> = {};
  for (const [key, read] of Object.entries(SETTINGS)) {
    const setting = optional(object, key, path, read);
    if (setting !== undefined) settings[key] = setting;
  }
  return settings;
}

/** One bound for each vector that is named. */
function byVector(bound: string): Read {
  return (value, path) => {
    const bounds = Object.entries(readObject(value, path)).map(([name, settings]) => {
      const where = at(path, name);
      const max = optional(readObject(settings, where), bound, where, atLeastOne);
      return [name, max === undefined ? {} : { [bound]: max }] as const;
    });
    return Object.fromEntries(bounds);
  };
}
