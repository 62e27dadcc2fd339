// Strict mode: the bounds that an operator of a collection sets to what a client may ask of it, and the checks of them
// that need nothing but the request. Bounds that need the state of the collection are in `strict-mode.ts`.
//
// Invariant: a bound that is not set refuses nothing, and none does while `enabled` is not true.

import type {
  Condition,
  Expression,
  Filter,
  GroupsRequest,
  JsonObject,
  JsonValue,
  PointOperation,
  QueryStage,
  SearchParams,
} from '@tributary/model';
import { isMulti, isSparse } from '@tributary/model';
import type { ReadParameters, WriteParameters } from '@tributary/qdrant-api';
import { TributaryError } from '@tributary/runtime';
import { stagesOf } from '../reads/query-examples.ts';

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
  readonly params: readonly SearchParams[];
  /** Searches in one request; undefined where the request is no batch of searches. */
  readonly batchSize?: number;
}

/** Errors: `bad_request`. */
export function checkRead(
  strict: StrictLimits,
  { limits, filters, params, batchSize }: BoundedRead,
  parameters: ReadParameters,
): void {
  checkTimeout(strict, parameters);
  refuseMore(strict, 'search_max_batchsize', 'batch size', batchSize);
  for (const [name, value] of limits) refuseMore(strict, 'max_query_limit', name, value);
  for (const each of params) checkParams(strict, each);
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

/** A whole tree of stages: the limit, filters and parameters of each. */
export function boundsOfStages(stages: readonly QueryStage[]): BoundedRead {
  const all = stages.flatMap((stage) => [...stagesOf(stage)]);
  return {
    limits: all.map(({ limit }) => ['limit', limit] as const),
    filters: all.flatMap(filtersOfStage),
    params: all.map(({ params }) => params),
  };
}

/** Groups bring `limit` times `groupSize` points. */
export function boundsOfGroups({ query, groupSize }: GroupsRequest): BoundedRead {
  const bounds = boundsOfStages([query]);
  return { ...bounds, limits: [...bounds.limits, ['limit', query.limit * groupSize]] };
}

export function filtersOfOperation(operation: PointOperation): readonly Filter[] {
  if ('selector' in operation) {
    return operation.selector.kind === 'filter' ? [operation.selector.filter] : [];
  }
  if ('updateFilter' in operation && operation.updateFilter !== undefined) {
    return [operation.updateFilter];
  }
  return [];
}

/** The conditions of a filter, one by one, those of filters in it too. */
export function* conditionsOf(filter: Filter): Generator<Condition> {
  const { must = [], should = [], mustNot = [], minShould } = filter;
  for (const condition of [...must, ...should, ...mustNot, ...(minShould?.conditions ?? [])]) {
    if (condition.kind === 'filter') yield* conditionsOf(condition.filter);
    else yield condition;
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

function checkParams(strict: StrictLimits, params: SearchParams): void {
  if (params.exact === true && strict.forbids('search_allow_exact')) {
    throw strictModeError('Exact search disabled', 'Set exact=false.');
  }
  refuseMore(strict, 'search_max_hnsw_ef', 'hnsw_ef', params.hnswEf);
  const { oversampling } = params.quantization ?? {};
  refuseMore(strict, 'search_max_oversampling', 'oversampling', oversampling);
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

/** Each nested condition, and what is in it. */
function* flattened(filter: Filter): Generator<Condition> {
  for (const condition of conditionsOf(filter)) {
    yield condition;
    if (condition.kind === 'nested') yield* flattened(condition.filter);
  }
}

function sizeOf(condition: Condition): number {
  switch (condition.kind) {
    case 'matchAny':
      return condition.any.length;
    case 'matchExcept':
      return condition.except.length;
    case 'hasId':
      return condition.ids.length;
    case 'geoPolygon':
      return condition.exterior.length + condition.interiors.flat().length;
    default:
      return 1;
  }
}

function filtersOfStage({ filter, params, query }: QueryStage): Filter[] {
  const asked = query?.kind === 'formula' ? [...filtersOfExpression(query.formula)] : [];
  return [filter, params.idfCorpus, ...asked].filter((each) => each !== undefined);
}

function* filtersOfExpression(expression: Expression): Generator<Filter> {
  switch (expression.kind) {
    case 'condition':
      yield expression.filter;
      return;
    case 'sum':
    case 'mult':
      for (const each of expression.operands) yield* filtersOfExpression(each);
      return;
    case 'div':
      yield* filtersOfExpression(expression.left);
      yield* filtersOfExpression(expression.right);
      return;
    case 'pow':
      yield* filtersOfExpression(expression.base);
      yield* filtersOfExpression(expression.exponent);
      return;
    case 'linDecay':
    case 'expDecay':
    case 'gaussDecay':
      yield* filtersOfExpression(expression.x);
      if (expression.target !== undefined) yield* filtersOfExpression(expression.target);
      return;
    default:
      if ('operand' in expression) yield* filtersOfExpression(expression.operand);
  }
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
