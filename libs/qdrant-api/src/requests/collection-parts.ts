// The parts that creating and changing a collection have in common.

import type { HnswConfig, JsonValue, OptimizersConfig, WalConfig } from '@tributary/model';
import { collectionNameProblem } from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import {
  at,
  checkRange,
  isObject,
  optional,
  present,
  readBoolean,
  readNumber,
  readObject,
  readU32,
  readUnsigned,
  withPlainNumbers,
  wrongType,
} from './json-reader.ts';

/** The name for a new collection; a validation error says what is wrong with it. */
export function checkCollectionName(name: string): string {
  const problem = collectionNameProblem(name);
  if (problem === undefined) return name;
  const shown = JSON.stringify(name.slice(0, 300));
  throw new TributaryError(
    'validation',
    `Validation error in path parameters: [name: value ${shown} invalid, ${problem}]`,
  );
}

/** A reader of integers from `min` on. */
export function unsignedFrom(
  min: number,
  max?: number,
): (value: JsonValue, path: string) => number {
  return (value, path) => checkRange(readUnsigned(value, path), path, min, max);
}

/** Like `unsignedFrom(1)`, of 32 bits. */
export function readPositiveU32(value: JsonValue, path: string): number {
  return checkRange(readU32(value, path), path, 1);
}

/** Beyond these the graph's library takes memory that no one has, or as long for a vector as a scan. */
const EDGES_MAX = 2_048;
const EF_CONSTRUCT_MAX = 100_000;

const MEMORY: readonly string[] = ['cold', 'cached', 'pinned'];

/** Where something is to be kept. */
export function readMemory(value: JsonValue, path: string): string {
  if (typeof value === 'string' && MEMORY.includes(value)) return value;
  throw wrongType(path, value, `one of ${MEMORY.join(', ')}`);
}

/** Settings of where the payloads, or the ids, of a collection are kept. */
export function readPlacement(value: JsonValue, path: string): string | undefined {
  return optional(readObject(value, path), 'memory', path, readMemory);
}

export function readHnsw(value: JsonValue, path: string): Partial<HnswConfig> {
  const object = readObject(value, path);
  return present<Partial<HnswConfig>>({
    m: optional(object, 'm', path, unsignedFrom(0, EDGES_MAX)),
    efConstruct: optional(object, 'ef_construct', path, unsignedFrom(4, EF_CONSTRUCT_MAX)),
    fullScanThresholdKb: optional(object, 'full_scan_threshold', path, readUnsigned),
    maxIndexingThreads: optional(object, 'max_indexing_threads', path, readUnsigned),
    onDisk: optional(object, 'on_disk', path, readBoolean),
    payloadM: optional(object, 'payload_m', path, readUnsigned),
    inlineStorage: optional(object, 'inline_storage', path, readBoolean),
    memory: optional(object, 'memory', path, readMemory),
  });
}

export function readOptimizers(value: JsonValue, path: string): Partial<OptimizersConfig> {
  const object = readObject(value, path);
  const unlimitedThreads = object.max_optimization_threads === 'auto';
  return present<Partial<OptimizersConfig>>({
    deletedThreshold: optional(object, 'deleted_threshold', path, (threshold, where) =>
      checkRange(readNumber(threshold, where), where, 0, 1),
    ),
    vacuumMinVectorNumber: optional(object, 'vacuum_min_vector_number', path, unsignedFrom(100)),
    defaultSegmentNumber: optional(object, 'default_segment_number', path, readUnsigned),
    maxSegmentSizeKb:
      optional(object, 'max_segment_size', path, unsignedFrom(1)) ??
      optional(object, 'max_segment_size_kb', path, unsignedFrom(1)),
    memmapThresholdKb:
      optional(object, 'memmap_threshold', path, readUnsigned) ??
      optional(object, 'memmap_threshold_kb', path, readUnsigned),
    indexingThresholdKb:
      optional(object, 'indexing_threshold', path, readUnsigned) ??
      optional(object, 'indexing_threshold_kb', path, readUnsigned),
    flushIntervalSec: optional(object, 'flush_interval_sec', path, readUnsigned),
    maxOptimizationThreads: unlimitedThreads
      ? undefined
      : optional(object, 'max_optimization_threads', path, readUnsigned),
    preventUnoptimized: optional(object, 'prevent_unoptimized', path, readBoolean),
  });
}

export function readWal(value: JsonValue, path: string): Partial<WalConfig> {
  const object = readObject(value, path);
  return present<Partial<WalConfig>>({
    walCapacityMb: optional(object, 'wal_capacity_mb', path, unsignedFrom(1)),
    walSegmentsAhead: optional(object, 'wal_segments_ahead', path, readUnsigned),
    walRetainClosed: optional(object, 'wal_retain_closed', path, unsignedFrom(1)),
  });
}

const QUANTIZATION_KINDS: readonly string[] = ['scalar', 'product', 'binary', 'turbo'];
const COMPRESSIONS = ['x4', 'x8', 'x16', 'x32', 'x64'];
const ENCODINGS = ['one_bit', 'two_bits', 'one_and_half_bits'];
const QUERY_ENCODINGS = ['default', 'binary', 'scalar4bits', 'scalar8bits'];
const BIT_SIZES = ['bits1', 'bits1_5', 'bits2', 'bits4', 'bits8'];

function oneOf(known: readonly string[]): (value: JsonValue | undefined, path: string) => string {
  return (value, path) => {
    if (typeof value === 'string' && known.includes(value)) return value;
    throw wrongType(path, value, `one of ${known.map((each) => `\`${each}\``).join(', ')}`);
  };
}

/** Kept as it is given; what the index makes of it is its own affair. */
export function readQuantization(value: JsonValue, path: string): JsonValue {
  const kinds = isObject(value) ? Object.keys(value) : [];
  const [kind] = kinds;
  if (!isObject(value) || kind === undefined || !QUANTIZATION_KINDS.includes(kind)) {
    throw wrongType(path, value, 'one of `scalar`, `product`, `binary`, `turbo`');
  }
  const where = at(path, kind);
  const settings = readObject(value[kind], where);
  if (kind === 'scalar') {
    oneOf(['int8'])(settings.type, `${where}.type`);
    optional(settings, 'quantile', where, (quantile, place) =>
      checkRange(readNumber(quantile, place), place, 0.5, 1),
    );
  }
  if (kind === 'product') oneOf(COMPRESSIONS)(settings.compression, `${where}.compression`);
  optional(settings, 'encoding', where, oneOf(ENCODINGS));
  optional(settings, 'query_encoding', where, oneOf(QUERY_ENCODINGS));
  optional(settings, 'bits', where, oneOf(BIT_SIZES));
  optional(settings, 'memory', where, readMemory);
  optional(settings, 'always_ram', where, readBoolean);
  return withPlainNumbers(value);
}
