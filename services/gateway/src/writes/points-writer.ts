// The write path: split by shard, append as one atomic batch, and where the client waits, wait until it is applied.
//
//   operation ──► parts by shard ──► appender of the collection ══► stream ──► acknowledged ──► applied: completed
//
// Invariant: `acknowledged` and `completed` are only answered after the stream gave a receipt. A write without a
// receipt is refused (certainly not written) or unknown, and the error says which.

import type { CollectionState, Metadata } from '@tributary/metadata';
import {
  ALL_SHARDS,
  type PointId,
  type PointOperation,
  type Sequence,
  type ShardId,
  type ShardTarget,
} from '@tributary/model';
import {
  collectionNotFound,
  emptyUpdate,
  noPointFound,
  prepareSteps,
  type UpdateView,
  type WriteParameters,
} from '@tributary/qdrant-api';
import { splitSteps, writtenShards } from '@tributary/routing';
import {
  type Clock,
  endInSlices,
  pause,
  type Random,
  startDeadline,
  type Tracer,
  TributaryError,
  traced,
} from '@tributary/runtime';
import type { WriteReceipt, WriteStreams } from '@tributary/stream';
import type { AppliedTracker } from '../cluster/applied-tracker.ts';
import type { CollectionNames } from '../cluster/collection-names.ts';
import { Breaker, type Guard } from '../replicas/breaker.ts';
import type { AppliedTarget, ApplyWait } from './apply-wait.ts';
import { appendSpan, isSameStream, operationIdOf, StreamAppenders } from './stream-appenders.ts';
import type { WriteTiming, WriteWatch } from './write-watch.ts';

export interface PointsWriterOptions {
  readonly streams: WriteStreams;
  readonly metadata: Metadata;
  readonly names: CollectionNames;
  readonly tracker: AppliedTracker;
  readonly applyWait: ApplyWait;
  readonly watch: WriteWatch;
  readonly clock: Clock;
  readonly random: Random;
  /** Bound of a write for which the client set no timeout, in milliseconds. */
  readonly writeTimeoutMs: number;
  /** Appends in flight, over all collections. */
  readonly inFlightMax: number;
  /** Round every append. Absent: a breaker. */
  readonly appendGuard?: Guard | undefined;
  readonly tracer?: Tracer | undefined;
  /** The ids of `ids` that are not there, asked of replicas that have applied `minSequence`, where one is given. */
  readonly findMissing: (
    collection: CollectionState,
    ids: readonly PointId[],
    minSequence: Sequence | undefined,
  ) => Promise<readonly PointId[]>;
}

/** What it takes to log one write. */
interface Logging {
  readonly operation: PointOperation;
  readonly parameters: WriteParameters;
  readonly timing: WriteTiming;
  readonly signal: AbortSignal;
}

interface Logged {
  readonly collection: CollectionState;
  readonly receipt: WriteReceipt;
}

/** Who follows one write. */
interface WriteObserver {
  readonly timing: WriteTiming;
  readonly onLogged: (() => Promise<void>) | undefined;
}

const BREAKER_RESET_MS = 500;
const HEADS_AGAIN_AFTER_MS = 100;

export class PointsWriter implements AsyncDisposable {
  readonly #options: PointsWriterOptions;
  readonly #appenders: StreamAppenders;
  readonly #guard: Guard;

  constructor(options: PointsWriterOptions) {
    this.#options = options;
    this.#appenders = new StreamAppenders(options);
    const { appendGuard, inFlightMax } = options;
    const name = 'the write stream';
    this.#guard =
      appendGuard ?? new Breaker({ name, inFlightMax, resetTimeoutMs: BREAKER_RESET_MS });
  }

  /**
   * Vectors are checked against the collection here. A second write with the same idempotency key, within the stream's
   * dedupe window of two minutes, writes nothing and is answered with the operation id of the first. Errors:
   * `wrong_input`, `bad_request` (touches no point), `unavailable`, `timeout` (not written; or durable but not applied
   * in time, see the text), `unknown_outcome`, `too_large`, `not_found`, `internal` (ordering=strong while a replica is
   * out of reach); what `onLogged` throws, which is called once the stream has the write, before it is waited for.
   */
  async write(
    collection: CollectionState,
    operation: PointOperation,
    parameters: WriteParameters,
    onLogged?: () => Promise<void>,
  ): Promise<UpdateView> {
    const timing = this.#options.watch.begin();
    let failure: unknown;
    try {
      return await this.#write(collection, operation, parameters, { timing, onLogged });
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      timing.end(collection, operation, failure);
    }
  }

  async #write(
    resolved: CollectionState,
    operation: PointOperation,
    parameters: WriteParameters,
    { timing, onLogged }: WriteObserver,
  ): Promise<UpdateView> {
    const { clock, writeTimeoutMs } = this.#options;
    const timeoutMs = parameters.timeoutMs ?? writeTimeoutMs;
    using deadline = startDeadline(clock, timeoutMs, undefined, 'the write');
    const logging = { operation, parameters, timing, signal: deadline.signal };
    const { collection, receipt } = await this.#log(resolved, logging);
    const isKeyed = parameters.idempotencyKey !== undefined;
    timing.acknowledged();
    await onLogged?.();
    // From here on the write is durable: no error may say that nothing was done.
    const sequences = await this.#sequencesOf(collection, receipt, parameters, deadline.signal);
    // A write with a key is an append of its own, so its receipt tells its own last sequence, also of a duplicate.
    const operationId = isKeyed ? receipt.sequence : lastOf(sequences, receipt.sequence);
    if (!parameters.wait) return { operationId, status: 'acknowledged' };
    const everyReplica = parameters.ordering === 'strong' || isOfVectorName(operation);
    const applied = await this.#appliedInTime(
      sequences && { collection, sequences, everyReplica },
      deadline.signal,
    );
    if (applied !== 'late') {
      // A replica that is only behind would miss points that were written shortly before.
      const minSequence = applied === 'everywhere' ? undefined : operationId;
      await this.#refuseMissing(collection, operation, minSequence);
      return { operationId, status: 'completed' };
    }
    if (parameters.timeoutMs !== undefined) return { operationId, status: 'wait_timeout' };
    throw new TributaryError(
      'timeout',
      `the write is durable as operation ${operationId} and will be applied, but too few replicas ` +
        `have applied it within ${writeTimeoutMs / 1_000} seconds`,
    );
  }

  /**
   * The operations one after another, each as `write` does it; the first that fails ends the list, and what came before
   * it stays done. With an idempotency key each operation has a key of its own, made of that one and its position.
   */
  async writeAll(
    collection: CollectionState,
    operations: readonly PointOperation[],
    parameters: WriteParameters,
  ): Promise<UpdateView[]> {
    const views: UpdateView[] = [];
    const { idempotencyKey, ...others } = parameters;
    for (const [i, operation] of operations.entries()) {
      const keyed =
        idempotencyKey === undefined
          ? others
          : // No client's key has a space, so none is the same as this one.
            { ...others, idempotencyKey: `${idempotencyKey} ${i}` };
      views.push(await this.write(collection, operation, keyed));
    }
    return views;
  }

  /** Lets go of what is there to write to other collections, or to other generations of these. */
  retain(collections: Iterable<CollectionState>): void {
    this.#appenders.retain(collections);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#appenders[Symbol.asyncDispose]();
    this.#guard.close();
  }

  /** Writes to the collection that has the name by now, where the one that was resolved is gone; and says which. */
  async #log(collection: CollectionState, logging: Logging): Promise<Logged> {
    try {
      return { collection, receipt: await this.#append(collection, logging) };
    } catch (error) {
      // What is logged of a vector's name is of a revision that the other collection does not have.
      if (isOfVectorName(logging.operation)) throw error;
      const current = await this.#replacementOf(collection, error);
      if (current === undefined) throw error;
      return { collection: current, receipt: await this.#append(current, logging) };
    }
  }

  async #append(
    collection: CollectionState,
    { operation, parameters, timing, signal }: Logging,
  ): Promise<WriteReceipt> {
    const prepared = await this.#prepare(collection, operation);
    const parts = await endInSlices(splitSteps(prepared, collection.shardMap));
    if (parts.length === 0) throw emptyUpdate();
    if (parameters.ordering === 'strong') {
      const targets = parts.map((part) => part.shard);
      this.#requireEveryReplica(collection, writtenShards(collection.shardMap, targets));
    }
    const appender = this.#appenders.of(collection);
    const key = operationIdOf(collection.id, parameters.idempotencyKey);
    timing.handedOver();
    return traced(
      this.#options.tracer,
      () => appendSpan(collection, operation),
      () => this.#guard.run(() => appender.append(parts, signal, key)),
    );
  }

  /**
   * Where a write goes that was certainly not written because its collection was deleted and made again, or its shards
   * were placed again, after it was resolved. Errors: `not_found` where no collection has the name now.
   */
  async #replacementOf(
    collection: CollectionState,
    error: unknown,
  ): Promise<CollectionState | undefined> {
    const { metadata, names } = this.#options;
    const code = error instanceof TributaryError ? error.code : undefined;
    if (code !== 'not_found' && code !== 'unavailable') return undefined;
    // This peer may not have heard yet of a stream that is gone. Out of reach is mostly the log, and META with it.
    const { collections } = code === 'not_found' ? await names.caughtUp() : metadata.state;
    const current = collections.get(collection.name);
    if (current === undefined) throw collectionNotFound(collection.name);
    return isSameStream(current, collection) ? undefined : current;
  }

  /** Held against the newest collection before it is refused. */
  async #prepare(collection: CollectionState, operation: PointOperation): Promise<PointOperation> {
    try {
      return await endInSlices(prepareSteps(operation, collection.config));
    } catch (error) {
      const newest = await this.#options.names.newest(collection);
      if (newest === undefined || newest.config === collection.config) throw error;
      return await endInSlices(prepareSteps(operation, newest.config));
    }
  }

  async #appliedInTime(
    target: AppliedTarget | undefined,
    signal: AbortSignal,
  ): Promise<'everywhere' | 'enough' | 'late'> {
    if (target === undefined) return 'late';
    try {
      return (await this.#options.applyWait.completed(target, signal)) ? 'everywhere' : 'enough';
    } catch (error) {
      if (signal.aborted || cannotTell(error)) return 'late';
      throw error;
    }
  }

  /**
   * The sequence each touched shard has to reach. Where a key was used before, the write under it may be of other
   * parts, and where those stand the receipt does not tell: the last message of each shard is taken, which is not
   * before them and which the shard's replicas do reach. Undefined where the stream does not tell, in the time of a
   * write that waits.
   */
  async #sequencesOf(
    collection: CollectionState,
    receipt: WriteReceipt,
    { wait, idempotencyKey }: WriteParameters,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<ShardId, Sequence> | undefined> {
    const { shardSequences } = receipt;
    const shards = writtenShards(collection.shardMap, shardSequences.keys());
    if (!receipt.duplicate || idempotencyKey === undefined) {
      return sequencesOf(shards, shardSequences);
    }
    const stream = this.#options.streams.open(collection.id, collection.shardMap.generation);
    const head = async (shard: ShardId) =>
      [shard, (await stream.shardHead(shard)).lastSequence] as const;
    for (;;) {
      try {
        return new Map(await Promise.all(shards.map(head)));
      } catch (error) {
        if (!cannotTell(error)) throw error;
        if (!wait || signal.aborted) return undefined;
      }
      await pause(this.#options.clock, HEADS_AGAIN_AFTER_MS, signal);
    }
  }

  /**
   * Changing a point that is not there is an error to the client, and changes nothing in the log. It is looked for
   * after the write was applied: before it, an upsert that is still on its way would be taken for missing.
   */
  async #refuseMissing(
    collection: CollectionState,
    operation: PointOperation,
    minSequence: Sequence | undefined,
  ): Promise<void> {
    const ids = idsNeeded(operation);
    if (ids.length === 0) return;
    const missing = await this.#options
      .findMissing(collection, ids, minSequence)
      // The write is completed; that it cannot be read back just now does not make it fail.
      .catch(() => []);
    const first = missing[0];
    if (first !== undefined) throw noPointFound(first);
  }

  #requireEveryReplica(collection: CollectionState, shards: readonly ShardId[]): void {
    for (const shard of shards) {
      for (const peer of collection.shards.get(shard)?.replicas.keys() ?? []) {
        if (this.#options.tracker.isAlive(peer)) continue;
        throw new TributaryError(
          'internal',
          `ordering=strong needs every replica of shard ${shard}, and peer ${peer} is out of reach; nothing was written`,
        );
      }
    }
  }
}

/** The last sequence that each shard reads of a write: of its own entries or of those for all shards. */
function sequencesOf(
  shards: readonly ShardId[],
  ofTargets: ReadonlyMap<ShardTarget, Sequence>,
): ReadonlyMap<ShardId, Sequence> {
  const ofAll = ofTargets.get(ALL_SHARDS) ?? 0;
  return new Map(
    shards.map((shard) => [shard, Math.max(ofAll, ofTargets.get(shard) ?? 0) as Sequence]),
  );
}

/** Until a replica has applied it, it refuses queries for the new vector, or answers those for the old one. */
function isOfVectorName({ kind }: PointOperation): boolean {
  return kind === 'createVectorName' || kind === 'deleteVectorName';
}

/** Ids of points that must be there for the operation to make sense. */
function idsNeeded(operation: PointOperation): readonly PointId[] {
  switch (operation.kind) {
    case 'setPayload':
    case 'overwritePayload':
      return operation.selector.kind === 'ids' ? operation.selector.ids : [];
    case 'updateVectors':
      return operation.updateFilter === undefined ? operation.points.map(({ id }) => id) : [];
    default:
      return [];
  }
}

/** Says nothing about the write: who was asked about it is out of reach, or the gateway closes. */
function cannotTell(error: unknown): boolean {
  return error instanceof TributaryError && (error.retryable || error.code === 'cancelled');
}

function lastOf(
  sequences: ReadonlyMap<ShardId, Sequence> | undefined,
  fallback: Sequence,
): Sequence {
  if (sequences === undefined) return fallback;
  let last: Sequence | undefined;
  for (const sequence of sequences.values()) {
    if (last === undefined || sequence > last) last = sequence;
  }
  return last ?? fallback;
}
