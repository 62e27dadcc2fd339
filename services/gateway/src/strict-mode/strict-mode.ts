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
import { takesSpace } from '../quotas/quotas.ts';
import { missingIndexOf } from './indexed-filters.ts';
import { type IndexNeed, missingNeed, valuesNeeded } from './indexed-values.ts';
import { RateLimit } from './rate-limit.ts';
import { costOfOperation } from './request-cost.ts';
import { selectingFilters } from './request-parts.ts';
import {
  type BoundedRead,
  checkOperation,
  checkRead,
  type StrictLimits,
  strictLimitsOf,
  strictModeError,
} from './strict-limits.ts';
import { vectorBytesOf } from './vector-bytes.ts';

export interface StrictModeOptions {
  readonly clock: Clock;
  readonly shardInfos: (collection: CollectionState) => Promise<readonly ReplicaInfo[]>;
  /** The largest share of its memory that a peer of the collection uses; undefined where none tells. */
  readonly residentMemoryPercent: (collection: CollectionState) => number | undefined;
  /** Another number as soon as a replica of the collection is known to have applied more; until then indexes stay. */
  readonly revisionOf: (collection: CollectionId) => number;
}

type RateName = 'read_rate_limit' | 'write_rate_limit';

export class StrictMode {
  readonly #options: StrictModeOptions;
  readonly #rates = new Map<CollectionId, Map<RateName, RateLimit>>();
  readonly #schemas = new Map<CollectionId, { schema: PayloadSchema; revision: number }>();

  constructor(options: StrictModeOptions) {
    this.#options = options;
  }

  /** Undefined where strict mode is off: nothing is to be waited for then. Errors: `bad_request`, `rate_limited`. */
  admitRead(
    collection: CollectionState,
    describe: () => BoundedRead,
    parameters: ReadParameters,
  ): Promise<void> | undefined {
    const strict = strictLimitsOf(collection.config.strictMode);
    return strict && this.#admitRead(strict, collection, describe(), parameters);
  }

  async #admitRead(
    strict: StrictLimits,
    collection: CollectionState,
    asked: BoundedRead,
    parameters: ReadParameters,
  ): Promise<void> {
    const { id, config } = collection;
    this.#take(id, strict, 'read_rate_limit', asked.cost);
    checkRead(strict, asked, { config, parameters });
    if (!strict.forbids('unindexed_filtering_retrieve')) return;
    const { filters, stages, groupBy } = asked;
    await this.#requireIndexes(collection, filters, valuesNeeded(stages, groupBy));
  }

  /** All of the operations of a request, or none; undefined as above. Errors: `bad_request`, `rate_limited`. */
  admitWrite(
    collection: CollectionState,
    operations: readonly PointOperation[],
    parameters: WriteParameters,
  ): Promise<void> | undefined {
    const strict = strictLimitsOf(collection.config.strictMode);
    return strict && this.#admitWrite(strict, collection, operations, parameters);
  }

  async #admitWrite(
    strict: StrictLimits,
    collection: CollectionState,
    operations: readonly PointOperation[],
    parameters: WriteParameters,
  ): Promise<void> {
    const cost = operations.reduce((sum, operation) => sum + costOfOperation(operation), 0);
    this.#take(collection.id, strict, 'write_rate_limit', cost);
    for (const operation of operations) checkOperation(strict, operation, parameters);
    if (strict.forbids('unindexed_filtering_update')) {
      await this.#requireIndexes(collection, operations.flatMap(selectingFilters), []);
    }
    if (operations.some(takesSpace)) this.#checkMemory(collection, strict);
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

  async #requireIndexes(
    collection: CollectionState,
    filters: readonly Filter[],
    needs: readonly IndexNeed[],
  ): Promise<void> {
    if (filters.length + needs.length === 0) return;
    const firstMissing = (schema: PayloadSchema) => {
      for (const filter of filters) {
        const missing = missingIndexOf(filter, schema);
        if (missing !== undefined) return missing;
      }
      return missingNeed(needs, schema);
    };
    const revision = this.#options.revisionOf(collection.id);
    const kept = this.#schemas.get(collection.id);
    if (kept?.revision === revision && firstMissing(kept.schema) === undefined) return;
    const schema = schemaOf(await this.#options.shardInfos(collection));
    this.#schemas.set(collection.id, { schema, revision });
    const missing = firstMissing(schema);
    if (missing === undefined) return;
    throw strictModeError(
      `Index required but not found for "${missing.key}" of one of the following types: ` +
        `[${missing.types.join(', ')}]`,
      'Create an index for this key or use a different filter.',
    );
  }

  #checkMemory(collection: CollectionState, strict: StrictLimits): void {
    const percentMax = strict.max('max_resident_memory_percent');
    if (percentMax === undefined) return;
    const percent = this.#options.residentMemoryPercent(collection);
    if (percent === undefined || percent < percentMax) return;
    throw strictModeError(
      `Max resident memory limit of ${percentMax} % reached: a peer of the collection uses ${percent} %`,
      'Delete points, or set a larger max_resident_memory_percent.',
    );
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
    const payloadMax = operations.some(growsPayload)
      ? strict.max('max_collection_payload_size_bytes')
      : undefined;
    const indexesMax = indexes ? strict.max('max_payload_index_count') : undefined;
    if ((pointsMax ?? bytesMax ?? payloadMax ?? indexesMax) === undefined) return;
    const infos = await this.#options.shardInfos(collection);
    const points = infos.reduce((sum, { pointsCount }) => sum + pointsCount, 0);
    if (pointsMax !== undefined && points >= pointsMax) {
      throw strictModeError(
        `Max points count limit of ${pointsMax} reached`,
        'Delete points, or set a larger max_points_count.',
      );
    }
    if (bytesMax !== undefined && points * vectorBytesOf(collection.config) >= bytesMax) {
      throw strictModeError(
        `Max vector storage size limit of ${bytesMax} bytes reached`,
        'Delete points, or set a larger max_collection_vector_size_bytes.',
      );
    }
    const payloadBytes = infos.reduce((sum, info) => sum + info.payloadBytes, 0);
    if (payloadMax !== undefined && payloadBytes >= payloadMax) {
      throw strictModeError(
        `Max payload storage size limit of ${payloadMax} bytes reached`,
        'Delete points or payload, or set a larger max_collection_payload_size_bytes.',
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

function growsPayload({ kind }: PointOperation): boolean {
  return kind === 'upsert' || kind === 'setPayload' || kind === 'overwritePayload';
}

function schemaOf(infos: readonly ReplicaInfo[]): PayloadSchema {
  return Object.assign({}, ...infos.map((info) => info.payloadSchema));
}
