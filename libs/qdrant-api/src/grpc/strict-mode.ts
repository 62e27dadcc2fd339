// Strict mode settings, kept by the model in their REST form, as a protobuf message.

import type { JsonObject, JsonValue } from '@tributary/model';
import type { StrictModeConfig } from '../gen/collections.ts';
import { isObject } from '../requests/json-reader.ts';

export function strictModeMessage(json: JsonObject): StrictModeConfig {
  const multivectors = entriesOf(json.multivector_config, (each) => ({
    maxVectors: u64(each.max_vectors),
  }));
  const sparse = entriesOf(json.sparse_config, (each) => ({ maxLength: u64(each.max_length) }));
  return {
    enabled: flag(json.enabled),
    maxQueryLimit: u32(json.max_query_limit),
    maxTimeout: u32(json.max_timeout),
    unindexedFilteringRetrieve: flag(json.unindexed_filtering_retrieve),
    unindexedFilteringUpdate: flag(json.unindexed_filtering_update),
    searchMaxHnswEf: u32(json.search_max_hnsw_ef),
    searchAllowExact: flag(json.search_allow_exact),
    searchMaxOversampling: number(json.search_max_oversampling),
    upsertMaxBatchsize: u64(json.upsert_max_batchsize),
    searchMaxBatchsize: u64(json.search_max_batchsize),
    maxCollectionVectorSizeBytes: u64(json.max_collection_vector_size_bytes),
    readRateLimit: u32(json.read_rate_limit),
    writeRateLimit: u32(json.write_rate_limit),
    maxCollectionPayloadSizeBytes: u64(json.max_collection_payload_size_bytes),
    filterMaxConditions: u64(json.filter_max_conditions),
    conditionMaxSize: u64(json.condition_max_size),
    multivectorConfig: multivectors && { multivectorConfig: multivectors },
    sparseConfig: sparse && { sparseConfig: sparse },
    maxPointsCount: u64(json.max_points_count),
    maxPayloadIndexCount: u64(json.max_payload_index_count),
    maxResidentMemoryPercent: u32(json.max_resident_memory_percent),
  };
}

function entriesOf<T>(
  json: JsonValue | undefined,
  convert: (settings: JsonObject) => T,
): Map<string, T> | undefined {
  if (!isObject(json)) return undefined;
  const entries = Object.entries(json).map(
    ([name, settings]) => [name, convert(isObject(settings) ? settings : {})] as const,
  );
  return new Map(entries);
}

function flag(value: JsonValue | undefined): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

function number(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** These limits have 32 bits in protobuf; a larger one limits nothing. */
function u32(value: JsonValue | undefined): number | undefined {
  const limit = number(value);
  return limit === undefined ? undefined : Math.min(limit, 0xffff_ffff);
}

function u64(value: JsonValue | undefined): bigint | undefined {
  if (typeof value === 'bigint') return value;
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : undefined;
}
