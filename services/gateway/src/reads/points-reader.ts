// The read path as the servers see it: every read under one deadline, one consistency and one read token. What a read
// does in between is in the parts: queries, groups, matrices.

import type { Embedder } from '@tributary/embedding';
import type { CollectionState } from '@tributary/metadata';
import {
  type DistanceMatrix,
  type FacetHit,
  type GroupsRequest,
  ID_ONLY,
  type MatrixRequest,
  type PointGroup,
  type PointId,
  type PointRecord,
  type Projection,
  type QueryRequest,
  type ScoredPoint,
  type ScrollQuery,
  type Sequence,
} from '@tributary/model';
import {
  type CountRequest,
  type FacetRequest,
  pointDoesNotExist,
  type RetrieveRequest,
} from '@tributary/qdrant-api';
import { type Clock, endInSlices, type Random, type Steps, visitSteps } from '@tributary/runtime';
import type { CollectionNames } from '../cluster/collection-names.ts';
import { within } from '../cluster/within.ts';
import type { HeldReadParameters } from '../limits/byte-budget.ts';
import type { ShardFanOut } from '../replicas/shard-fan-out.ts';
import { describeGroups, describeQueries, describeScroll } from '../watching/describe-request.ts';
import type { Asked, SlowLog } from '../watching/slow-log.ts';
import { distanceMatrix } from './distance-matrix.ts';
import { QueryExecutor } from './query-executor.ts';
import { QueryGroups } from './query-groups.ts';
import { type Reading, ShardReads } from './shard-reads.ts';

export interface PointsReaderOptions {
  readonly fanOut: ShardFanOut;
  /** Finds the collections that a request names beside its own. */
  readonly names: CollectionNames;
  /** Makes the vectors of the texts that queries have as examples. */
  readonly embedder: Embedder;
  readonly clock: Clock;
  readonly random: Random;
  /** Bound of a read for which the client set no timeout, in milliseconds. */
  readonly searchTimeoutMs: number;
  /** Where slow reads are told; absent: nowhere. */
  readonly slowLog?: SlowLog | undefined;
}

export interface ScrollPage {
  readonly points: readonly PointRecord[];
  /** First id of the next page; absent on the last one, and where points are in another order than by id. */
  readonly nextPageOffset?: PointId;
}

const POINTS_PER_STEP = 1_000;
/** The write it belongs to is completed, and only its answer waits. */
const FIND_MISSING_WITHIN_MS = 2_000;
/** Values of a shard that are counted for a facet that need not be exact, as a factor of the limit, and at least. */
const FACET_OVERSAMPLING = 4;
const FACET_VALUES_MIN = 128;
/** Different values counted of each shard at most. */
const FACET_VALUES_MAX = 1_000_000;

/**
 * Errors of every call: `wrong_input`, `bad_request`, `not_found` (a point or a collection that a query names),
 * `timeout`, `internal` (a shard of which no replica can be read).
 */
export class PointsReader {
  readonly #reads: ShardReads;
  readonly #executor: QueryExecutor;
  readonly #groups: QueryGroups;
  readonly #options: PointsReaderOptions;

  constructor(options: PointsReaderOptions) {
    const { names, embedder, random } = options;
    const reads = new ShardReads(options.fanOut);
    const executor = new QueryExecutor({ reads, names, embedder, random });
    this.#options = options;
    this.#reads = reads;
    this.#executor = executor;
    this.#groups = new QueryGroups({ executor, reads, names });
  }

  /** One list of points a request, best first. Plain searches go to every shard in one call. */
  async query(
    collection: CollectionState,
    requests: readonly QueryRequest[],
    parameters: HeldReadParameters,
  ): Promise<ScoredPoint[][]> {
    const asked = {
      operation: 'query',
      collection,
      describe: () => describeQueries(requests),
    };
    return this.#reading('Search', asked, parameters, (reading) =>
      this.#executor.run(collection, requests, reading),
    );
  }

  /** In the order of the groups' best hits. */
  async groups(
    collection: CollectionState,
    request: GroupsRequest,
    parameters: HeldReadParameters,
  ): Promise<PointGroup[]> {
    const asked = { operation: 'groups', collection, describe: () => describeGroups(request) };
    return this.#reading('Search', asked, parameters, (reading) =>
      this.#groups.run(collection, request, reading),
    );
  }

  /** Most frequent first, equal counts by value. */
  async facet(
    collection: CollectionState,
    { key, filter, limit, exact }: FacetRequest,
    parameters: HeldReadParameters,
  ): Promise<FacetHit[]> {
    const query = filter === undefined ? { key, limit } : { key, limit, filter };
    const enough = Math.max(FACET_OVERSAMPLING * limit, FACET_VALUES_MIN);
    const perShard = exact ? FACET_VALUES_MAX : Math.min(enough, FACET_VALUES_MAX);
    const asked = { operation: 'facet', collection, describe: () => ({ ...query, exact }) };
    return this.#reading('Facet', asked, parameters, (reading) =>
      this.#reads.facet(collection, query, perShard, reading),
    );
  }

  async matrix(
    collection: CollectionState,
    request: MatrixRequest,
    parameters: HeldReadParameters,
  ): Promise<DistanceMatrix> {
    const parts = { reads: this.#reads, random: this.#options.random };
    const asked = { operation: 'matrix', collection, describe: () => request };
    return this.#reading('Search', asked, parameters, (reading) =>
      distanceMatrix(collection, request, parts, reading),
    );
  }

  /** Only the points that are there, in the order asked; an id asked twice comes once. */
  async retrieve(
    collection: CollectionState,
    { ids, projection }: RetrieveRequest,
    parameters: HeldReadParameters,
  ): Promise<PointRecord[]> {
    const asked = {
      operation: 'retrieve',
      collection,
      describe: () => ({ points: ids.length }),
    };
    return this.#reading('Retrieve', asked, parameters, (reading) =>
      this.#reads.retrieve(collection, ids, projection, reading),
    );
  }

  /** Errors, in addition: `not_found`. */
  async get(
    collection: CollectionState,
    id: PointId,
    parameters: HeldReadParameters,
  ): Promise<PointRecord> {
    const projection: Projection = { payload: { kind: 'all' }, vectors: { kind: 'all' } };
    const [record] = await this.retrieve(collection, { ids: [id], projection }, parameters);
    if (record === undefined) throw pointDoesNotExist(id);
    return record;
  }

  /** The ids that are not there, in the order asked, at replicas that have applied `minSequence`; within 2 s. */
  async findMissing(
    collection: CollectionState,
    ids: readonly PointId[],
    minSequence?: Sequence,
  ): Promise<PointId[]> {
    const bounds = {
      timeoutMs: FIND_MISSING_WITHIN_MS,
      ...(minSequence !== undefined && { minSequence }),
    };
    const found = await this.retrieve(collection, { ids, projection: ID_ONLY }, bounds);
    return endInSlices(missingSteps(ids, found));
  }

  async scroll(
    collection: CollectionState,
    query: ScrollQuery,
    parameters: HeldReadParameters,
  ): Promise<ScrollPage> {
    const asked = { operation: 'scroll', collection, describe: () => describeScroll(query) };
    return this.#reading('Scroll', asked, parameters, async (reading) => {
      if (query.orderBy !== undefined) {
        return { points: await this.#reads.scroll(collection, query, reading) };
      }
      // One more than the page: the first of the next.
      const longer = { ...query, limit: query.limit + 1 };
      const records = await this.#reads.scroll(collection, longer, reading);
      const next = records[query.limit];
      const points = records.slice(0, query.limit);
      return next === undefined ? { points } : { points, nextPageOffset: next.id };
    });
  }

  async count(
    collection: CollectionState,
    { filter }: CountRequest,
    parameters: HeldReadParameters,
  ): Promise<number> {
    const asked = { operation: 'count', collection, describe: () => ({ filter }) };
    return this.#reading('Count', asked, parameters, (reading) =>
      this.#reads.count(collection, filter, reading),
    );
  }

  async #reading<T>(
    what: string,
    asked: Asked,
    { consistency, minSequence, timeoutMs, hold }: HeldReadParameters,
    read: (reading: Reading) => Promise<T>,
  ): Promise<T> {
    const { clock, searchTimeoutMs, slowLog } = this.#options;
    const trace = slowLog?.trace();
    let failure: unknown;
    try {
      return await within(clock, timeoutMs ?? searchTimeoutMs, what, (signal) =>
        read({ consistency, minSequence, signal, trace, hold }),
      );
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      if (trace !== undefined) slowLog?.read(trace, asked, failure);
    }
  }
}

function* missingSteps(ids: readonly PointId[], found: readonly PointRecord[]): Steps<PointId[]> {
  const present = new Set<PointId>();
  yield* visitSteps(found, POINTS_PER_STEP, ({ id }) => void present.add(id));
  const missing: PointId[] = [];
  yield* visitSteps(ids, POINTS_PER_STEP, (id) => {
    if (!present.has(id)) missing.push(id);
  });
  return missing;
}
