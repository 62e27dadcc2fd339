// The thread of a simulated peer's replicas: the real worker, on the peer's disk and on streams through its faults.
//
//   running ──crash()──► gone: its stores stay as they are, and the host starts another

import { MemoryVectorIndex } from '@tributary/index/memory';
import type { MultiVector, SparseVector } from '@tributary/model';
import {
  type FromWorker,
  ReplicaWorker,
  type ToWorker,
  type WorkerEvents,
  type WorkerProcess,
} from '@tributary/replica';
import { silentLogger, TributaryError } from '@tributary/runtime';
import type { ReplicaStore } from '@tributary/storage';
import { MemoryReplicaStores } from '@tributary/storage/memory';
import type { WriteStreams } from '@tributary/stream';
import { FOLLOWER } from '../node.ts';
import type { ClusterMutant } from './cluster-mutant.ts';
import type { Surroundings } from './peer-faults.ts';
import { PeerStreams } from './peer-ports.ts';
import { ProcessClock } from './process-clock.ts';

/** What outlives the processes of a peer, until it is wiped. */
export class PeerDisk {
  readonly stores = new MemoryReplicaStores();
  /** As last opened, by name. Their state is what the disk has, whether a process runs or not. */
  readonly opened = new Map<string, ReplicaStore>();
  /** The last fold of META that was kept. */
  metadata: Uint8Array | undefined;

  /** Ends every handle; of what was not flushed up to `lost` of each is lost. */
  async crash(lost: (unflushed: number) => number): Promise<void> {
    for (const name of await this.stores.list()) {
      this.stores.crash(name, lost(this.stores.unflushedCommits(name)));
    }
  }
}

export interface SimulatedThreadOptions {
  /** Of the peer. */
  readonly around: Surroundings;
  readonly disk: PeerDisk;
  readonly streams: WriteStreams;
  readonly events: WorkerEvents;
  readonly onBug: (error: unknown) => void;
  readonly onMessage: (message: ToWorker | FromWorker) => void;
  readonly mutant: ClusterMutant | undefined;
}

export class SimulatedThread implements WorkerProcess {
  readonly #options: SimulatedThreadOptions;
  readonly #clock: ProcessClock;
  #deliver: (message: ToWorker) => void = () => {};

  constructor(options: SimulatedThreadOptions) {
    const { around, disk, streams, mutant } = options;
    this.#options = options;
    this.#clock = new ProcessClock(around.process);
    const own = new PeerStreams(streams, { ...around, process: this.#clock });
    const worker = new ReplicaWorker({
      clock: this.#clock,
      random: around.random,
      logger: silentLogger,
      streams: mutant?.followed?.(own) ?? own,
      follower: FOLLOWER,
      stores: this.#stores(disk),
      createIndex: async ({ shape }) => {
        if (shape.kind === 'sparse') return new MemoryVectorIndex<SparseVector>('Dot', 'sparse');
        const { kind, distance } = shape;
        if (kind === 'multi') return new MemoryVectorIndex<MultiVector>(distance, 'multi');
        return new MemoryVectorIndex(distance);
      },
      dropIndexes: async () => {},
      onStopped: async () => {},
      onCrash: (error) => {
        if (!this.#isGone) options.onBug(error);
      },
      turn: () => Promise.resolve(),
      port: {
        post: (message) => this.#say(message),
        listen: (listener) => {
          this.#deliver = listener;
        },
      },
    });
    worker.start();
  }

  post(message: ToWorker): void {
    const { mutant, onMessage } = this.#options;
    if (this.#isGone) return;
    onMessage(message);
    const answer = (reply: FromWorker) => this.#say(reply);
    const passed = mutant?.toWorker === undefined ? message : mutant.toWorker(message, answer);
    if (passed === undefined) return;
    queueMicrotask(() => {
      if (!this.#isGone) this.#deliver(structuredClone(passed));
    });
  }

  async terminate(): Promise<void> {
    this.#clock.kill(new TributaryError('cancelled', 'the thread was ended'));
  }

  /** What it wrote is with the operating system, which goes on. */
  async crash(): Promise<void> {
    if (this.#isGone) return;
    this.#clock.kill(new TributaryError('unavailable', 'the thread crashed'));
    await this.#options.disk.crash(() => 0);
    this.#options.events.onGone(new Error('crashed on purpose'));
  }

  get #isGone(): boolean {
    return this.#clock.isGone || this.#options.around.process.isGone;
  }

  #say(message: FromWorker): void {
    const { mutant, events, onMessage } = this.#options;
    queueMicrotask(() => {
      if (this.#isGone) return;
      onMessage(message);
      events.onMessage(structuredClone(mutant?.fromWorker?.(message) ?? message));
    });
  }

  #stores({ stores, opened }: PeerDisk) {
    const { mutant } = this.#options;
    return {
      open: async (name: string) => {
        const store = await stores.open(name);
        opened.set(name, store);
        return mutant?.store?.(store) ?? store;
      },
      drop: (name: string) => {
        opened.delete(name);
        return stores.drop(name);
      },
      list: () => stores.list(),
    };
  }
}
