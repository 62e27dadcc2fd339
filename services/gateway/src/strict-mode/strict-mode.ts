// Strict mode of the collections, decided at this gateway before anything is asked of a shard or written to the log.
//
//   request ──► rate ──► bounds of the request ──► indexes of its filters, size of the collection ──► reader / writer
//
// Invariant: a refused request changes nothing, but that it counts for the rate.

import type { CollectionState } from '@tributary/metadata';
import type { CollectionId, Filter, PayloadSchema, PointOperation } from '@tributary/model';
import type { ReadParameters, WriteParameters } from '@tributary/qdrant-api';
import { type Clock, TributaryError } from '@tributary/runtime';
import type { ReplicaInfo } from '@tributary/wire';
import { missingIndexOf } from './indexed-filters.ts';
import { RateLimit } from './rate-limit.ts';
import {
  type BoundedRead,
  checkOperation,
  checkRead,
  filtersOfOperation,
  type StrictLimits,
  strictLimitsOf,
  strictModeError,
} from './strict-limits.ts';

export interface StrictModeOptions {
  readonly clock: Clock;
  readonly shardInfos: (collection: CollectionState) => Promise<readonly ReplicaInfo[]>;
}

type RateName = 'read_rate_limit' | 'write_rate_limit';

/** An index that was dropped is missed at the latest after this; one that was made is seen at once. */
const SCHEMA_KEPT_MS = 1_000;
const FLOAT_BYTES = 4;

export class StrictMode {
  readonly #options: StrictModeOptions;
  readonly #rates = new Map<CollectionId, Map<RateName, RateLimit>>();
  readonly #schemas = new Map<CollectionId, { schema: PayloadSchema; readMs: number }>();

  constructor(options: StrictModeOptions) {
    this.#options = options;
  }

  /** `cost` is in searches, or in reads that are none. Errors: `bad_request`, `rate_limited`. */
  async admitRead(
    collection: CollectionState,
    describe: () => BoundedRead,
    parameters: ReadParameters,
    cost = 1,
  ): Promise<void> {
    const strict = strictLimitsOf(collection.config.strictMode);
    if (strict === undefined) return;
    this.#take(collection.id, strict, 'read_rate_limit', cost);
    const asked = describe();
    checkRead(strict, asked, parameters);
    if (strict.forbids('unindexed_filtering_retrieve')) {
      await this.#requireIndexes(collection, asked.filters);
    }
  }

  /** All of the operations of a request, or none. Errors: `bad_request`, `rate_limited`. */
  async admitWrite(
    collection: CollectionState,
    operations: readonly PointOperation[],
    parameters: WriteParameters,
  ): Promise<void> {
    const strict = strictLimitsOf(collection.config.strictMode);
    if (strict === undefined) return;
    const cost = operations.reduce((sum, operation) => sum + costOf(operation), 0);
    this.#take(collection.id, strict, 'write_rate_limit', cost);
    for (const operation of operations) checkOperation(strict, operation, parameters);
    if (strict.forbids('unindexed_filtering_update')) {
      await this.#requireIndexes(collection, operations.flatMap(filtersOfOperation));
    }
    await this.#checkSize(collection, strict, operations);
  }

  /** Forgets collections that are gone. */
  retain(collections: ReadonlySet<CollectionId>): void {
    for (const kept of [this.#rates, this.#schemas]) {
      for (const id of kept.keys()) if (!collections.has(id)) kept.delete(id);
    }
  }

  #take(id: CollectionId, strict: StrictLimits, name: RateName, cost: number): void {
    const perMinute = strict.max(name);
    if (perMinute === undefined) return;
    const ofCollection = this.#rates.get(id) ?? new Map<RateName, RateLimit>();
    this.#rates.set(id, ofCollection);
    let rate = ofCollection.get(name);
    if (rate?.perMinute !== perMinute) {
      rate = new RateLimit(perMinute, this.#options.clock);
      ofCollection.set(name, rate);
    }
    const waitMs = rate.take(cost);
    if (waitMs === 0) return;
    const kind = name === 'read_rate_limit' ? 'Read' : 'Write';
    if (!Number.isFinite(waitMs)) {
      throw new TributaryError(
        'rate_limited',
        `${kind} rate limit exceeded, the request is larger than the rate limit of ${perMinute}, please split it`,
      );
    }
    throw new TributaryError('rate_limited', `${kind} rate limit exceeded, retry later`, {
      retryAfterMs: waitMs,
    });
  }

  async #requireIndexes(collection: CollectionState, filters: readonly Filter[]): Promise<void> {
    if (filters.length === 0) return;
    const kept = this.#schemas.get(collection.id);
    const nowMs = this.#options.clock.monotonicMs();
    const isFresh = kept !== undefined && nowMs - kept.readMs < SCHEMA_KEPT_MS;
    if (isFresh && filters.every((each) => missingIndexOf(each, kept.schema) === undefined)) return;
    const infos = await this.#options.shardInfos(collection);
    const schema = schemaOf(infos);
    this.#schemas.set(collection.id, { schema, readMs: nowMs });
    for (const filter of filters) {
      const missing = missingIndexOf(filter, schema);
      if (missing === undefined) continue;
      throw strictModeError(
        `Index required but not found for "${missing.key}" of one of the following types: ` +
          `[${missing.types.join(', ')}]`,
        'Create an index for this key or use a different filter.',
      );
    }
  }

  async #checkSize(
    collection: CollectionState,
    strict: StrictLimits,
    operations: readonly PointOperation[],
  ): Promise<void> {
    const grows = operations.some(({ kind }) => kind === 'upsert' || kind === 'updateVectors');
    const indexes = operations.some(({ kind }) => kind === 'createFieldIndex');
    const pointsMax = grows ? strict.max('max_points_count') : undefined;
    const bytesMax = grows ? strict.max('max_collection_vector_size_bytes') : undefined;
    const indexesMax = indexes ? strict.max('max_payload_index_count') : undefined;
    if ((pointsMax ?? bytesMax ?? indexesMax) === undefined) return;
    const infos = await this.#options.shardInfos(collection);
    const points = infos.reduce((sum, { pointsCount }) => sum + pointsCount, 0);
    if (pointsMax !== undefined && points >= pointsMax) {
      throw strictModeError(
        `Max points count limit of ${pointsMax} reached`,
        'Delete points, or set a larger max_points_count.',
      );
    }
    if (bytesMax !== undefined && points * bytesOfPoint(collection) >= bytesMax) {
      throw strictModeError(
        `Max vector storage size limit of ${bytesMax} bytes reached`,
        'Delete points, or set a larger max_collection_vector_size_bytes.',
      );
    }
    if (indexesMax !== undefined && Object.keys(schemaOf(infos)).length >= indexesMax) {
      throw strictModeError(
        `Max payload index count of ${indexesMax} reached`,
        'Delete an index, or set a larger max_payload_index_count.',
      );
    }
  }
}

function costOf(operation: PointOperation): number {
  if ('points' in operation) return operation.points.length;
  if (!('selector' in operation)) return 1;
  const { selector } = operation;
  return selector.kind === 'ids' ? Math.max(1, selector.ids.length) : 1;
}

/** Of dense vectors, one row each: what multi and sparse vectors take beyond that is not counted. */
function bytesOfPoint({ config }: CollectionState): number {
  return Object.values(config.vectors).reduce((sum, { size }) => sum + size * FLOAT_BYTES, 0);
}

function schemaOf(infos: readonly ReplicaInfo[]): PayloadSchema {
  return Object.assign({}, ...infos.map((info) => info.payloadSchema));
}
