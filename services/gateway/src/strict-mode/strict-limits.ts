// Strict mode: the bounds that an operator of a collection sets to what a client may ask of it, and the checks of them
// that need nothing but the request. Bounds that need the state of the collection are in `strict-mode.ts`.
//
// Invariant: a bound that is not set refuses nothing, and none does while `enabled` is not true.

import type {
  CollectionConfig,
  Condition,
  Filter,
  JsonObject,
  JsonValue,
  PointOperation,
  QueryStage,
} from '@tributary/model';
import { isMulti, isSparse, listedCount } from '@tributary/model';
import type { ReadParameters, WriteParameters } from '@tributary/qdrant-api';
import { TributaryError } from '@tributary/runtime';
import { examplesOf } from '../reads/query-examples.ts';
import { filtersOfOperation, flattened } from './request-parts.ts';

/** A bound of strict mode by its name in REST; undefined where it is not set. */
export interface StrictLimits {
  max(name: string): number | undefined;
  /** Whether the flag is set to false. */
  forbids(name: string): boolean;
  /** A bound that a named vector has of its own, as in `multivector_config`. */
  maxOfVector(config: string, vector: string, name: string): number | undefined;
}

/** Undefined where strict mode is off. */
export function strictLimitsOf(settings: JsonObject | undefined): StrictLimits | undefined {
  if (settings?.enabled !== true) return undefined;
  return {
    max: (name) => numberOf(settings[name]),
    forbids: (name) => settings[name] === false,
    maxOfVector: (config, vector, name) => numberOf(memberOf(settings[config], vector)?.[name]),
  };
}

/** What a read asks, as far as it is bounded. */
export interface BoundedRead {
  /** Names of limits as clients know them, and what they are set to. */
  readonly limits: readonly (readonly [name: string, value: number])[];
  readonly filters: readonly Filter[];
  /** Of a query, with those of its prefetches. */
  readonly stages: readonly QueryStage[];
  /** What it counts for by the rate limit. */
  readonly cost: number;
  /** A field that the points found are grouped by. */
  readonly groupBy?: string;
  /** Searches in one request; undefined where the request is no batch of searches. */
  readonly batchSize?: number;
}

/** Errors: `bad_request`. */
export function checkRead(
  strict: StrictLimits,
  { limits, filters, stages, batchSize }: BoundedRead,
  { config, parameters }: { config: CollectionConfig; parameters: ReadParameters },
): void {
  checkTimeout(strict, parameters);
  refuseMore(strict, 'search_max_batchsize', 'batch size', batchSize);
  for (const [name, value] of limits) refuseMore(strict, 'max_query_limit', name, value);
  for (const each of stages) checkSearch(strict, each, config);
  checkFilters(strict, filters);
}

/** Errors: `bad_request`. */
export function checkOperation(
  strict: StrictLimits,
  operation: PointOperation,
  parameters: WriteParameters,
): void {
  checkTimeout(strict, parameters);
  checkFilters(strict, filtersOfOperation(operation));
  if (operation.kind !== 'upsert' && operation.kind !== 'updateVectors') return;
  refuseMore(strict, 'upsert_max_batchsize', 'upsert batch size', operation.points.length);
  for (const { vectors } of operation.points) {
    for (const [name, vector] of Object.entries(vectors)) {
      if (isSparse(vector)) {
        const max = strict.maxOfVector('sparse_config', name, 'max_length');
        refuseAbove(max, `length of the sparse vector ${name}`, vector.indices.length);
      } else if (isMulti(vector)) {
        const max = strict.maxOfVector('multivector_config', name, 'max_vectors');
        refuseAbove(max, `vectors of ${name}`, vector.rows.length / vector.size);
      }
    }
  }
}

/** The refusal as Qdrant's clients know it: what is wrong, and what to do. */
export function strictModeError(problem: string, help: string): TributaryError {
  return new TributaryError('bad_request', `${problem}. Help: ${help}`);
}

function limitExceeded(name: string, value: number, max: number): TributaryError {
  return strictModeError(
    `Limit exceeded ${value} > ${max} for "${name}"`,
    `Reduce the "${name}" parameter to or below ${max}.`,
  );
}

function checkTimeout(strict: StrictLimits, { timeoutMs }: ReadParameters | WriteParameters): void {
  if (timeoutMs !== undefined) refuseMore(strict, 'max_timeout', 'timeout', timeoutMs / 1_000);
}

function checkSearch(strict: StrictLimits, stage: QueryStage, config: CollectionConfig): void {
  const { exact, hnswEf, quantization } = stage.params;
  if (strict.forbids('search_allow_exact')) {
    if (exact === true) throw strictModeError('Exact search disabled', 'Set exact=false.');
    if (isScan(stage, config)) {
      throw strictModeError(
        `Exact search disabled, and every search of the vector "${stage.using}" is exact: ` +
          'its graph is switched off (hnsw_config.m is 0)',
        'Set m to 1 or larger, or score again what a prefetch finds.',
      );
    }
  }
  refuseMore(strict, 'search_max_hnsw_ef', 'hnsw_ef', hnswEf);
  refuseMore(strict, 'search_max_oversampling', 'oversampling', quantization?.oversampling);
}

/** Whether the stage compares every vector, as there is no graph to search. Sparse vectors have an index of terms. */
function isScan({ query, prefetch, using, filter }: QueryStage, config: CollectionConfig): boolean {
  if (prefetch.length > 0 || examplesOf(query).length === 0) return false;
  const params = Object.hasOwn(config.vectors, using) ? config.vectors[using] : undefined;
  if (params === undefined) return false;
  const { m, payloadM = 0 } = { ...config.hnsw, ...params.hnsw };
  // With graphs for parts of the collection only, it is the filter that names the part.
  return m === 0 && (payloadM === 0 || filter === undefined);
}

function checkFilters(strict: StrictLimits, filters: readonly Filter[]): void {
  for (const filter of filters) {
    let count = 0;
    for (const condition of flattened(filter)) {
      count++;
      refuseMore(strict, 'condition_max_size', 'condition size', sizeOf(condition));
    }
    refuseMore(strict, 'filter_max_conditions', 'filter conditions', count);
  }
}

function sizeOf(condition: Condition): number {
  if (condition.kind === 'geoPolygon') {
    return condition.exterior.length + condition.interiors.flat().length;
  }
  return listedCount(condition) ?? 1;
}

function refuseMore(
  strict: StrictLimits,
  bound: string,
  name: string,
  value: number | undefined,
): void {
  if (value !== undefined) refuseAbove(strict.max(bound), name, value);
}

function refuseAbove(max: number | undefined, name: string, value: number): void {
  if (max !== undefined && value > max) throw limitExceeded(name, value, max);
}

function numberOf(value: JsonValue | undefined): number | undefined {
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'number' ? value : undefined;
}

function memberOf(value: JsonValue | undefined, key: string): JsonObject | undefined {
  if (!isPlainObject(value) || !Object.hasOwn(value, key)) return undefined;
  const member = value[key];
  return isPlainObject(member) ? member : undefined;
}

function isPlainObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
