// Creating, changing, dropping and describing collections.
//
//   create: stream made ──► collectionCreated proposed ──► every replica Active ──► answered
//   delete: collectionDeleted proposed ──► stream removed ──► answered
//
// Invariant: a collection in the metadata has its stream. So the stream comes first and goes last; a proposal that
// certainly failed takes its stream with it, and one of unknown outcome leaves it.

import {
  type CollectionState,
  changeAliases,
  findCollection,
  type Metadata,
  type MetadataState,
  refuseVectorCount,
  takesReplicas,
} from '@tributary/metadata';
import {
  type AliasAction,
  type CollectionConfig,
  collectionId,
  type PeerId,
  shardId,
} from '@tributary/model';
import {
  type AliasView,
  applyCollectionPatch,
  type CollectionDefaults,
  type CollectionPatch,
  checkCollectionName,
  collectionExists,
  collectionNotFound,
  type PlacementView,
  validationError,
} from '@tributary/qdrant-api';
import { countReplicas, placeReplicas } from '@tributary/routing';
import { type Clock, type Random, TributaryError } from '@tributary/runtime';
import type { WriteStreams } from '@tributary/stream';
import type { AppliedTracker } from '../cluster/applied-tracker.ts';
import type { CollectionNames } from '../cluster/collection-names.ts';
import { withinConsensus } from '../cluster/consensus.ts';
import type { MetadataSpread } from '../cluster/metadata-spread.ts';

export interface CollectionsOptions {
  readonly metadata: Metadata;
  readonly names: CollectionNames;
  readonly streams: WriteStreams;
  readonly tracker: AppliedTracker;
  readonly spread: Pick<MetadataSpread, 'settled'>;
  readonly clock: Clock;
  readonly random: Random;
  /** Bound of a call for which the client set no timeout, in milliseconds. */
  readonly metaTimeoutMs: number;
  readonly replicationFactor: number;
  readonly writeConsistencyFactor: number;
  /** As in `Quotas`. */
  readonly withSpace: (peers: readonly PeerId[], replicas: number) => PeerId[];
}

export class Collections {
  readonly #options: CollectionsOptions;

  constructor(options: CollectionsOptions) {
    this.#options = options;
  }

  /** What a new collection gets where the request leaves it out: a shard for each peer that takes one. */
  defaults(): CollectionDefaults {
    const { metadata, replicationFactor, writeConsistencyFactor } = this.#options;
    const peers = [...metadata.state.peers.values()].filter(takesReplicas);
    const shardNumber = Math.max(1, peers.length);
    return { shardNumber, replicationFactor, writeConsistencyFactor };
  }

  /**
   * Resolves once every replica is Active. Errors: `validation` (the name), `already_exists`, `bad_request` (an alias
   * has the name), `unavailable`, `insufficient_storage` (too many peers are at their quotas), `internal` when it takes
   * too long.
   */
  async create(name: string, config: CollectionConfig, timeoutMs?: number): Promise<void> {
    checkCollectionName(name);
    checkShardNumber(config.shardNumber);
    const tooMany = refuseVectorCount(config);
    if (tooMany !== undefined) throw new TributaryError('bad_request', tooMany);
    await this.#within(timeoutMs, async (signal) => {
      // Not yet the decision, which is made against the log; it spares making a stream in vain.
      refuseTaken(await this.#options.names.caughtUp(), name);
      const id = collectionId(this.#options.random.id());
      await this.#options.streams.create(id);
      try {
        await this.#propose(id, name, config, signal);
      } catch (error) {
        if (TributaryError.from(error).code !== 'unknown_outcome' && !signal.aborted) {
          // A stream that stays behind holds nothing and is in no one's way; the first error is the one to tell.
          await this.#options.streams.remove(id).catch(() => {});
        }
        throw error;
      }
      await this.#options.metadata.waitFor((state) => isActive(state, name, id), signal);
    });
  }

  /** Errors: `not_found`, `wrong_input`, `internal` without a quorum or when it takes too long. */
  async update(name: string, patch: CollectionPatch, timeoutMs?: number): Promise<void> {
    const { id } = await this.#options.names.resolve(name);
    await this.#within(timeoutMs, async (signal) => {
      await this.#options.metadata.propose((state) => {
        const collection = findCollection(state, id);
        if (collection === undefined) throw collectionNotFound(name);
        const config = applyCollectionPatch(collection.config, patch);
        return { kind: 'collectionUpdated', id, config };
      }, signal);
    });
  }

  /**
   * False where there is none; an alias is not the collection it points at. Errors: `internal` without a quorum or when
   * it takes too long.
   */
  async delete(name: string, timeoutMs?: number): Promise<boolean> {
    const collection = await this.#options.names.find(name);
    if (collection?.name !== name) return false;
    const { id } = collection;
    await this.#within(timeoutMs, async (signal) => {
      await this.#options.metadata.propose(
        (state) => (findCollection(state, id) ? { kind: 'collectionDeleted', id } : undefined),
        signal,
      );
      await this.#options.streams.remove(id);
    });
    return true;
  }

  /** Names in code-unit order, as of the newest state to be had. */
  async list(): Promise<string[]> {
    const state = await this.#options.names.caughtUp();
    return [...state.collections.keys()].sort();
  }

  /**
   * All of the changes or none. Errors: `not_found` (a collection or alias), `already_exists` (a collection has the
   * name), `validation` (the name), `internal` without a quorum or when it takes too long.
   */
  async changeAliases(actions: readonly AliasAction[], timeoutMs?: number): Promise<void> {
    await this.#within(timeoutMs, async (signal) => {
      await this.#options.metadata.propose((state) => {
        const outcome = changeAliases(state, actions);
        if (outcome.kind === 'changed') return { kind: 'aliasesChanged', actions };
        throw new TributaryError(outcome.refusal.code, outcome.refusal.message);
      }, signal);
    });
  }

  /** Aliases in code-unit order, of one collection or of all, as of the newest state to be had. */
  async aliases(collection?: CollectionState): Promise<AliasView[]> {
    const { aliases } = await this.#options.names.caughtUp();
    const all = [...aliases].map(([alias, name]) => ({ alias, collection: name }));
    return all
      .filter((each) => collection === undefined || each.collection === collection.name)
      .sort((a, b) => (a.alias < b.alias ? -1 : 1));
  }

  /** Where every collection is, and which peers answer, as of the newest state to be had. */
  async placement(): Promise<PlacementView> {
    const { collections, peers } = await this.#options.names.caughtUp();
    const responsive = [...peers.keys()].filter((peer) => this.#options.tracker.isAlive(peer));
    const views = [...collections.values()].map(({ name, shards }) => {
      return { name, shards: [...shards.values()] };
    });
    return { collections: views, responsivePeers: new Set(responsive) };
  }

  async #propose(
    id: CollectionState['id'],
    name: string,
    config: CollectionConfig,
    signal: AbortSignal,
  ): Promise<void> {
    const createdAtMs = this.#options.clock.nowMs();
    await this.#options.metadata.propose((state) => {
      refuseTaken(state, name);
      const { shardNumber, replicationFactor } = config;
      const live = this.#livePeers(state);
      const peers = this.#options.withSpace(live, Math.min(replicationFactor, live.length));
      const counts = countReplicas(state);
      const ids = Array.from({ length: shardNumber }, (_, i) => shardId(i));
      const shards = placeReplicas(peers, ids, replicationFactor, counts);
      return { kind: 'collectionCreated', id, name, config, shards, createdAtMs };
    }, signal);
  }

  /** In id order, so that every peer proposes the same placement. */
  #livePeers(state: MetadataState): PeerId[] {
    const { tracker } = this.#options;
    const live = [...state.peers.values()].filter(
      (peer) => takesReplicas(peer) && tracker.isAlive(peer.id),
    );
    if (live.length === 0) {
      throw new TributaryError(
        'unavailable',
        'no peer takes new replicas: each is joining, being drained, or silent',
      );
    }
    return live.map(({ id }) => id).sort((a, b) => a - b);
  }

  async #within(
    timeoutMs: number | undefined,
    work: (signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    const { clock, metaTimeoutMs, spread } = this.#options;
    await withinConsensus(clock, timeoutMs ?? metaTimeoutMs, async (signal) => {
      await work(signal);
      await spread.settled(signal);
    });
  }
}

/** Each replica has its own store, index and thread time, so thousands of shards would serve no one. */
const SHARDS_MAX = 1_024;

function checkShardNumber(shardNumber: number): void {
  if (shardNumber > SHARDS_MAX) {
    throw validationError(
      'shard_number',
      `value ${shardNumber} invalid, must be from 1 to ${SHARDS_MAX}`,
    );
  }
}

function refuseTaken(state: MetadataState, name: string): void {
  if (state.collections.has(name)) throw collectionExists(name);
  if (!state.aliases.has(name)) return;
  throw new TributaryError(
    'bad_request',
    `Can't create collection with name ${name}. Alias with the same name already exists`,
  );
}

function isActive(state: MetadataState, name: string, id: CollectionState['id']): boolean {
  const collection = state.collections.get(name);
  // Dropped meanwhile: nothing is left to wait for.
  if (collection?.id !== id) return true;
  return collection.shards
    .values()
    .every(({ replicas }) => replicas.values().every((replica) => replica === 'Active'));
}
