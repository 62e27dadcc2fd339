// A peer with one replica in the simulation: the replica of services/replica on a simulated stream, clock and disk.

import { MemoryVectorIndex } from '@tributary/index/memory';
import {
  COLLECTION_DEFAULTS,
  type CollectionConfig,
  FIRST_GENERATION,
  type MultiVector,
  type Sequence,
  type SparseVector,
} from '@tributary/model';
import { Replica, type ReplicaStatus, storeNameOf } from '@tributary/replica-core';
import { type Random, type SimulatedClock, silentLogger, TributaryError } from '@tributary/runtime';
import type { ReplicaStore, ReplicaStores } from '@tributary/storage';
import { MemoryReplicaStores } from '@tributary/storage/memory';
import type { WriteStreams } from '@tributary/stream';
import type { ReplicaAddress } from '@tributary/wire';
import { FaultyStreams, NO_FAULTS, type StreamFaults } from './faulty-streams.ts';
import { DIMENSION, ROW_SIZE } from './fold-names.ts';
import type { Mutant } from './mutant.ts';

export const CONFIG: CollectionConfig = {
  ...COLLECTION_DEFAULTS,
  vectors: {
    '': { size: DIMENSION, distance: 'Euclid' },
    rows: { size: ROW_SIZE, distance: 'Dot', multivector: { comparator: 'max_sim' } },
  },
  sparseVectors: { words: {} },
  shardNumber: 2,
  replicationFactor: 3,
  tombstones: true,
};

export const FOLLOWER = {
  flushIntervalMs: 400,
  checkIntervalMs: 500,
  advanceSequences: 12,
  refetchMax: 7,
  idleCheckMinMs: 1_000,
  idleCheckMaxMs: 30_000,
};

export interface NodeOptions {
  readonly address: ReplicaAddress;
  readonly streams: WriteStreams;
  readonly clock: SimulatedClock;
  readonly random: Random;
  readonly occurred: (fault: string) => void;
  readonly onBug: (error: unknown) => void;
  /** The planted bug, in a run that has one. */
  readonly mutant?: Mutant;
}

interface Running {
  readonly stop: AbortController;
  replica: Replica | undefined;
  done: Promise<void>;
}

export class Node {
  readonly faults: StreamFaults = NO_FAULTS();
  /** What a crash cannot take back. */
  flushed = 0;
  /** Messages that a reader of this node passed over and that no later reading made good. */
  readonly skipped = new Set<Sequence>();
  readonly #options: NodeOptions;
  readonly #disk = new MemoryReplicaStores();
  readonly #name: string;
  #running: Running | undefined;
  #lastAnnounced = 0;

  constructor(options: NodeOptions) {
    this.#options = options;
    this.#name = storeNameOf(options.address);
  }

  get replica(): Replica | undefined {
    return this.#running?.replica;
  }

  get isUp(): boolean {
    return this.#running !== undefined;
  }

  start(): void {
    const running: Running = {
      stop: new AbortController(),
      replica: undefined,
      done: Promise.resolve(),
    };
    this.#running = running;
    running.done = this.#run(running).catch((error: unknown) => {
      // A killed process trips over its dead store; that is no bug.
      if (!running.stop.signal.aborted) this.#options.onBug(error);
    });
  }

  /** Ends the process at once and takes back some of what the disk had not been told to keep. */
  crash(): void {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    const { random, occurred } = this.#options;
    const applied = running.replica?.status.appliedSequence ?? 0;
    if (applied > this.#lastAnnounced) occurred('crash between commit and announcement');
    running.stop.abort(new TributaryError('cancelled', 'killed'));
    if (running.replica !== undefined) {
      const unflushed = this.#disk.unflushedCommits(this.#name);
      const lost = random.integer(unflushed + 1);
      this.#disk.crash(this.#name, lost);
      occurred(lost > 0 ? 'crash that loses commits' : 'crash');
      this.#lastAnnounced = 0;
    }
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (running?.replica !== undefined) this.flushed = running.replica.status.appliedSequence;
    running?.stop.abort(new TributaryError('cancelled', 'stopped'));
    await running?.done;
    this.#options.occurred('clean restart');
  }

  async #run(running: Running): Promise<void> {
    const { address, streams, clock, random, occurred, mutant } = this.#options;
    const own = new FaultyStreams(streams, {
      faults: this.faults,
      clock,
      random,
      occurred,
      skipped: (sequence) => this.skipped.add(sequence),
    });
    await using replica = await Replica.open(
      {
        address,
        config: CONFIG,
        createdVectors: CONFIG,
        generation: FIRST_GENERATION,
        streams: mutant?.streams?.(own) ?? own,
        stores: this.#stores(),
        createIndex: async ({ shape }) => {
          if (shape.kind === 'sparse') return new MemoryVectorIndex<SparseVector>('Dot', 'sparse');
          const { kind, distance } = shape;
          if (kind === 'multi') return new MemoryVectorIndex<MultiVector>(distance, 'multi');
          return mutant?.index?.() ?? new MemoryVectorIndex(distance);
        },
        clock,
        random,
        logger: silentLogger,
        turn: () => (random.integer(3) === 0 ? clock.sleep(random.integer(20)) : Promise.resolve()),
        onStatus: (status: ReplicaStatus) => {
          this.#lastAnnounced = status.appliedSequence;
        },
        follower: FOLLOWER,
      },
      running.stop.signal,
    );
    running.replica = replica;
    await replica.run(running.stop.signal);
  }

  #stores(): ReplicaStores {
    const disk = this.#disk;
    const { mutant } = this.#options;
    return {
      open: async (name) => {
        const store = await disk.open(name);
        return observed(mutant?.store?.(store) ?? store, (flushed) => {
          this.flushed = flushed;
        });
      },
      drop: (name) => disk.drop(name),
      list: () => disk.list(),
    };
  }
}

/** The store, telling what it flushed. */
function observed(store: ReplicaStore, onFlush: (sequence: Sequence) => void): ReplicaStore {
  return delegating(store, {
    flush: async () => {
      const flushed = await store.flush();
      onFlush(flushed);
      return flushed;
    },
  });
}

/** A store that does as `store` does, but for what `changes` does. */
export function delegating(
  store: ReplicaStore,
  changes: Partial<Omit<ReplicaStore, 'stage'>>,
): ReplicaStore {
  const commit = changes.commit ?? ((made) => store.commit(made));
  return {
    get state() {
      return changes.state ?? store.state;
    },
    get cuts() {
      return changes.cuts ?? store.cuts;
    },
    bucketsAt: (cut) => store.bucketsAt(cut),
    get: (ids) => store.get(ids),
    getPayloads: (ids) => store.getPayloads(ids),
    scan: (from) => store.scan(from),
    scanPayloads: (from) => store.scanPayloads(from),
    scanDigests: () => store.scanDigests(),
    scanTombstones: () => store.scanTombstones(),
    prepare: () => store.prepare(),
    commit,
    *stage(made) {
      return { write: () => commit(made), [Symbol.dispose]: () => {} };
    },
    flush: () => store.flush(),
    verify: () => store.verify(),
    close: () => store.close(),
    [Symbol.asyncDispose]: () => store.close(),
    ...withoutGetters(changes),
  };
}

function withoutGetters({
  state: _state,
  cuts: _cuts,
  ...rest
}: Partial<ReplicaStore>): Partial<ReplicaStore> {
  return rest;
}
