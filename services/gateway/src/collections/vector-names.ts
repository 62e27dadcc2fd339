// Makes and deletes vectors of a collection that has points.
//
//   create: vectorNameCreated ──► entry in the log of every shard ──► vectorNameLogged: gateways take it ──► applied
//   delete: vectorNameDeleted: gateways refuse it ──► entry in the log ──► vectorNameLogged ──► applied
//
// Invariant: META decides first, so of two gateways with different wishes one is refused (the log alone would let both
// win), and the entry carries the sequence of the decision, so that replicas come to the same whichever entry comes
// first.
// Gateways take a new name last, so no entry has it too early, and refuse an old one first, so what comes too late is
// only a vector left out. What a gateway that died left half done is finished by whoever is asked for it again, and by
// every other gateway after a while: an entry of a decision that the log has already changes nothing.

import {
  type CollectionState,
  changeOf,
  findCollection,
  type Metadata,
  type MetadataState,
  shapeOfParams,
  type VectorNameChange,
  vectorOf,
} from '@tributary/metadata';
import type { AnyVectorParams, CollectionId, PointOperation } from '@tributary/model';
import {
  collectionNotFound,
  isSameVector,
  type UpdateView,
  unknownVectorName,
  vectorExists,
  type WriteParameters,
} from '@tributary/qdrant-api';
import {
  type Clock,
  type Logger,
  type Random,
  retryUntilDone,
  TributaryError,
} from '@tributary/runtime';
import type { CollectionNames } from '../cluster/collection-names.ts';
import { withinConsensus } from '../cluster/consensus.ts';
import type { PointsWriter } from '../writes/points-writer.ts';

export interface VectorNamesOptions {
  readonly metadata: Metadata;
  readonly names: CollectionNames;
  readonly writer: PointsWriter;
  /** Throws where a peer of the collection is at its quotas. */
  readonly requireSpace: (collection: CollectionState) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Bound of a change of META for which the client set no timeout, in milliseconds. */
  readonly metaTimeoutMs: number;
  /** A change that is still not logged after so long was left by a gateway that died. */
  readonly abandonedAfterMs: number;
}

type Phase = VectorNameChange['phase'];
type NameOperation = Extract<PointOperation, { kind: 'createVectorName' | 'deleteVectorName' }>;

export class VectorNames implements AsyncDisposable {
  readonly #options: VectorNamesOptions;
  readonly #stopping = new AbortController();
  /** Changes that are looked after here, by collection, name and revision. */
  readonly #finishing = new Map<string, Promise<void>>();

  constructor(options: VectorNamesOptions) {
    this.#options = options;
  }

  /**
   * Asking again for what is there already is no error. Errors: `not_found` (the collection), `already_exists` (another
   * vector has the name), `bad_request` (too many vectors), `insufficient_storage` (quotas), `internal` without a
   * quorum; those of a write.
   */
  async create(
    collectionName: string,
    name: string,
    vector: AnyVectorParams,
    parameters: WriteParameters,
  ): Promise<UpdateView> {
    const collection = await this.#decide(collectionName, parameters, (found) => {
      const change = changeOf(found, name);
      const coming = change?.phase === 'creating' ? change.vector : undefined;
      const present = vectorOf(found.config, name) ?? coming;
      if (present === undefined) {
        this.#options.requireSpace(found);
        return { kind: 'vectorNameCreated', id: found.id, name, vector };
      }
      if (!isSameVector(present, vector)) throw vectorExists(name);
      return undefined;
    });
    const revision = revisionOf(collection, name, ['creating', 'created']);
    const shape = shapeOfParams(vector);
    const operation = { kind: 'createVectorName' as const, name, shape, revision };
    return this.#log(collection, operation, parameters);
  }

  /** Errors: `not_found` (the collection), `wrong_input` (the name), `internal` without a quorum; those of a write. */
  async delete(
    collectionName: string,
    name: string,
    parameters: WriteParameters,
  ): Promise<UpdateView> {
    const collection = await this.#decide(collectionName, parameters, (found) => {
      const change = changeOf(found, name);
      if (change?.phase === 'deleting') return undefined;
      if ((change ?? vectorOf(found.config, name)) === undefined) throw unknownVectorName(name);
      return { kind: 'vectorNameDeleted', id: found.id, name };
    });
    const revision = revisionOf(collection, name, ['deleting']);
    return this.#log(collection, { kind: 'deleteVectorName', name, revision }, parameters);
  }

  /** Sees to it that changes which no one completes are completed; to be called whenever META has news. */
  finishAbandoned(): void {
    for (const { id, vectorNames } of this.#options.metadata.state.collections.values()) {
      for (const [name, change] of Object.entries(vectorNames)) {
        if (change.phase !== 'created') this.#finishLater(id, name, change);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort(new TributaryError('cancelled', 'the gateway is closed'));
    await Promise.all(this.#finishing.values());
  }

  /** The collection with the decision in it. */
  async #decide(
    collectionName: string,
    { timeoutMs }: WriteParameters,
    decide: (collection: CollectionState) => ReturnType<Parameters<Metadata['propose']>[0]>,
  ): Promise<CollectionState> {
    const { clock, metadata, metaTimeoutMs, names } = this.#options;
    const { id } = await names.resolve(collectionName);
    const find = (state: MetadataState): CollectionState => {
      const collection = findCollection(state, id);
      if (collection === undefined) throw collectionNotFound(collectionName);
      return collection;
    };
    return withinConsensus(clock, timeoutMs ?? metaTimeoutMs, async (signal) =>
      find(await metadata.propose((state) => decide(find(state)), signal)),
    );
  }

  /** Appends the entry and tells META, before anything is waited for. */
  #log(
    collection: CollectionState,
    operation: NameOperation,
    parameters: WriteParameters,
  ): Promise<UpdateView> {
    const { clock, metadata, metaTimeoutMs, writer } = this.#options;
    const { name, revision } = operation;
    const { id } = collection;
    const keyed = keyedByDecision(parameters, operation);
    return writer.write(collection, operation, keyed, () =>
      withinConsensus(clock, metaTimeoutMs, async (signal) => {
        await metadata.propose((state) => {
          const found = findCollection(state, id);
          const change = found && changeOf(found, name);
          if (change?.revision !== revision || change.phase === 'created') return undefined;
          return { kind: 'vectorNameLogged', id, name, revision: change.revision };
        }, signal);
      }),
    );
  }

  #finishLater(id: CollectionId, name: string, { revision }: VectorNameChange): void {
    const key = JSON.stringify([id, name, revision]);
    if (this.#finishing.has(key) || this.#stopping.signal.aborted) return;
    const finished = this.#finish(id, name, revision)
      .catch((error: unknown) => {
        if (this.#stopping.signal.aborted) return;
        this.#options.logger.warn({ error, vector: name }, 'change of a vector name not finished');
      })
      .finally(() => this.#finishing.delete(key));
    this.#finishing.set(key, finished);
  }

  async #finish(id: CollectionId, name: string, revision: number): Promise<void> {
    const { abandonedAfterMs, clock, random, logger, metadata } = this.#options;
    const { signal } = this.#stopping;
    await clock.sleep(abandonedAfterMs, signal);
    const finishOnce = async () => {
      const collection = findCollection(metadata.state, id);
      const change = collection && changeOf(collection, name);
      if (collection === undefined || change?.revision !== revision) return;
      const operation = operationOf(name, change);
      if (operation === undefined) return;
      logger.info({ vector: name }, `${change.phase} a vector that was left unfinished`);
      await this.#log(collection, operation, { wait: false, ordering: 'weak' });
    };
    await retryUntilDone(finishOnce, { name: 'vector names', clock, random, logger, signal });
  }
}

/** The revision of the change that was asked for; 0 where the name is as it was when the collection was created. */
function revisionOf(collection: CollectionState, name: string, expected: readonly Phase[]): number {
  const change = changeOf(collection, name);
  if (change === undefined) return 0;
  if (expected.includes(change.phase)) return change.revision;
  throw new TributaryError('bad_request', `Vector ${name} was changed by another request just now`);
}

/**
 * With an idempotency key of the decision: META has decided, so the log must not leave out the entry because the client
 * has used its key for something else.
 */
function keyedByDecision(
  parameters: WriteParameters,
  { kind, name, revision }: NameOperation,
): WriteParameters {
  const { idempotencyKey } = parameters;
  if (idempotencyKey === undefined) return parameters;
  return { ...parameters, idempotencyKey: `${idempotencyKey} ${kind} ${revision} ${name}` };
}

/** The entry that a change waits for; none where the log has it. */
function operationOf(name: string, change: VectorNameChange): NameOperation | undefined {
  const { phase, revision } = change;
  switch (phase) {
    case 'creating':
      return { kind: 'createVectorName', name, shape: shapeOfParams(change.vector), revision };
    case 'created':
      return undefined;
    case 'deleting':
      return { kind: 'deleteVectorName', name, revision };
  }
}
