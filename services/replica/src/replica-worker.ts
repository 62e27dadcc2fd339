// The replicas of one thread, driven by messages from the main thread.
//
//   open ─► opening ─► following ─► close ─► closed [─► dropped]
//
// Small calls are answered at once, large ones later, in parts, between which the thread does its other work. Opening
// and closing of one replica happen in the order they were asked for.

import { Channel, type IncomingCall } from '@tributary/channel';
import type { CollectionConfig } from '@tributary/model';
import { sendInParts } from '@tributary/replica-api';
import {
  isLarge,
  type LargeCall,
  Replica,
  type ReplicaOptions,
  type ReplicaStatus,
  type ReplicaSurroundings,
  storeNameOf,
} from '@tributary/replica-core';
import { abortable, startDeadline, TributaryError } from '@tributary/runtime';
import {
  decodeCall,
  encodeAnswer,
  type ReplicaAddress,
  type ReplicaAnswers,
  type ReplicaCallKind,
} from '@tributary/wire';
import { ThreadPort } from './thread-port.ts';
import {
  type FromWorker,
  requestOf,
  type ToWorker,
  WORKER_METHOD,
  type WorkerPort,
} from './worker-protocol.ts';

export interface ReplicaWorkerOptions extends ReplicaSurroundings {
  readonly port: WorkerPort<ToWorker, FromWorker>;
  /** Removes what `createIndex` keeps outside the store. */
  readonly dropIndexes: (storeName: string) => Promise<void>;
  /** Lets go of what the replicas stood on, after the last is closed. */
  readonly onStopped: () => Promise<void>;
  /** Called on a bug: the thread is not to go on. */
  readonly onCrash: (error: unknown) => void;
}

/** A store that is damaged again soon after is on a bad disk: it goes on refusing what it cannot read. */
const REPAIR_AGAIN_AFTER_MS = 60_000;
/** A replica that is opened again answers with what it has after this: its stream may have no leader. */
const CURRENT_WITHIN_MS = 1_000;
/** Calls that wait for one replica; answered one after the other they take half a second. */
const WAITING_MAX = 1_024;
const NO_BYTES: Uint8Array = new Uint8Array(0);

/** What a replica is opened as. */
type Opened = Pick<ReplicaOptions, 'address' | 'config' | 'createdVectors' | 'generation'>;

/** Of a replica that is opened again; over once it has caught up with what was written meanwhile, or is given up. */
interface Reopening {
  readonly over: PromiseWithResolvers<void>;
  /** Calls that are answered then. */
  waiting: number;
}

type DecodedCall = ReturnType<typeof decodeCall>;

interface Slot {
  asked: Opened;
  readonly stop: AbortController;
  /** Undefined until it is open. */
  replica: Replica | undefined;
  reopening: Reopening | undefined;
  /** Settles when the replica is closed. */
  done: Promise<void>;
}

export class ReplicaWorker {
  readonly #options: ReplicaWorkerOptions;
  readonly #channelPort: ThreadPort;
  readonly #slots = new Map<string, Slot>();
  /** The end of what was asked for, by store name; an opening waits for the closing before it. */
  readonly #closing = new Map<string, Promise<void>>();
  /** When a store was last opened again for damage, on the monotonic clock. */
  readonly #repairedMs = new Map<string, number>();
  #statuses = new Map<string, ReplicaStatus>();

  constructor(options: ReplicaWorkerOptions) {
    this.#options = options;
    this.#channelPort = new ThreadPort((message) => options.port.post(message));
  }

  start(): void {
    new Channel(this.#channelPort, {
      name: 'the main thread',
      answer: (call) => this.#answer(call),
      onBug: this.#options.onCrash,
    });
    this.#options.port.listen((message) => this.#handle(message));
    this.#options.port.post({ kind: 'ready' });
  }

  /** Closes every replica. */
  async stop(): Promise<void> {
    const names = [...this.#slots.keys()];
    await Promise.all(names.map((name) => this.#close(name, false)));
    await Promise.all(this.#closing.values());
    await this.#options.onStopped();
  }

  #handle(message: ToWorker): void {
    switch (message.kind) {
      case 'open':
        this.#open(message, undefined);
        return;
      case 'reopen':
        this.#guard(this.#close(storeNameOf(message.address), false));
        this.#open(message, { over: Promise.withResolvers<void>(), waiting: 0 });
        return;
      case 'configure':
        this.#configure(message.address, message.config);
        return;
      case 'close':
        this.#guard(this.#close(storeNameOf(message.address), message.drop));
        return;
      case 'bytes':
        this.#channelPort.take(message.bytes);
        return;
      case 'stop':
        this.#guard(this.stop().then(() => this.#options.port.post({ kind: 'stopped' })));
        return;
    }
  }

  #configure(address: ReplicaAddress, config: CollectionConfig): void {
    const slot = this.#slots.get(storeNameOf(address));
    if (slot === undefined) return;
    slot.asked = { ...slot.asked, config };
    slot.replica?.configure(config);
  }

  #open(asked: Opened, reopening: Reopening | undefined): void {
    const name = storeNameOf(asked.address);
    if (this.#slots.has(name)) return;
    const stop = new AbortController();
    const slot: Slot = { asked, stop, replica: undefined, reopening, done: Promise.resolve() };
    this.#slots.set(name, slot);
    slot.done = this.#follow(slot, asked);
    this.#guard(slot.done);
  }

  async #follow(slot: Slot, opened: Opened): Promise<void> {
    const { address, config, createdVectors, generation } = opened;
    const { signal } = slot.stop;
    const name = storeNameOf(address);
    await this.#closing.get(name);
    const logger = this.#options.logger.child({ ...address });
    const onStatus = (status: ReplicaStatus) => this.#report(name, status);
    try {
      await using replica = await this.#opened(
        { ...this.#options, logger, address, config, createdVectors, generation, onStatus },
        signal,
      );
      slot.replica = replica;
      // Said while it was opening.
      if (slot.asked.config !== config) replica.configure(slot.asked.config);
      this.#guard(this.#endReopening(slot, replica));
      onStatus(replica.status);
      await replica.run(signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof TributaryError)) throw error;
      logger.error({ error }, 'replica does not open');
      this.#slots.delete(name);
      this.#options.port.post({ kind: 'openFailed', address, reason: error.message });
    } finally {
      slot.replica = undefined;
      settleReopening(slot);
    }
  }

  /**
   * Others may have written while it was closed, and been answered that it is done. What is being filled refuses at
   * once.
   */
  async #endReopening(slot: Slot, replica: Replica): Promise<void> {
    if (slot.reopening !== undefined && replica.isReadable) {
      const { signal } = slot.stop;
      using deadline = startDeadline(this.#options.clock, CURRENT_WITHIN_MS, signal);
      await abortable(replica.catchUp(), deadline.signal).catch(() => {});
    }
    settleReopening(slot);
  }

  /** A store with damaged bytes is rebuilt from the stream, where that still reaches back to its beginning. */
  async #opened(options: ReplicaOptions, signal: AbortSignal): Promise<Replica> {
    try {
      return await Replica.open(options, signal);
    } catch (error) {
      if (!(error instanceof TributaryError) || error.code !== 'corrupt') throw error;
      const { collection } = options.address;
      const { firstSequence } = await options.streams.open(collection, options.generation).head();
      if (firstSequence > 1) throw error;
      options.logger.error({ error }, 'store is corrupt: replaying the stream into a new one');
      const name = storeNameOf(options.address);
      await options.stores.drop(name);
      await this.#options.dropIndexes(name);
      return await Replica.open(options, signal);
    }
  }

  async #close(name: string, drop: boolean): Promise<void> {
    const slot = this.#slots.get(name);
    this.#slots.delete(name);
    slot?.stop.abort(new TributaryError('cancelled', 'the replica is closed'));
    const before = this.#closing.get(name);
    const closed = Promise.all([slot?.done, before]).then(async () => {
      if (!drop) return;
      this.#repairedMs.delete(name);
      await this.#options.stores.drop(name);
      await this.#options.dropIndexes(name);
    });
    this.#closing.set(name, closed);
    await closed.finally(() => {
      if (this.#closing.get(name) === closed) this.#closing.delete(name);
    });
  }

  async #sweep(keep: readonly ReplicaAddress[]): Promise<void> {
    const kept = new Set(keep.map(storeNameOf));
    for (const name of await this.#options.stores.list()) {
      if (kept.has(name) || this.#slots.has(name)) continue;
      this.#options.logger.info({ store: name }, 'dropping a replica that is not placed here');
      await this.#close(name, true);
    }
  }

  #answer(asked: IncomingCall): Uint8Array | Promise<Uint8Array> {
    switch (asked.method) {
      case WORKER_METHOD.replica:
        return this.#answerCall(asked, decodeCall(asked.request));
      case WORKER_METHOD.catchUp:
        return done(this.#catchUp(requestOf<ReplicaAddress>(asked.request)));
      case WORKER_METHOD.sweep:
        return done(this.#sweep(requestOf<readonly ReplicaAddress[]>(asked.request)));
      default:
        throw new Error(`a worker is asked for ${asked.method}`);
    }
  }

  #answerCall(asked: IncomingCall, decoded: DecodedCall): Uint8Array | Promise<Uint8Array> {
    const { target, call } = decoded;
    const reopening = this.#slots.get(storeNameOf(target))?.reopening;
    if (reopening !== undefined) {
      if (reopening.waiting >= WAITING_MAX) throw isOpening(target);
      reopening.waiting++;
      return reopening.over.promise.then(() => this.#answerCall(asked, decoded));
    }
    const replica = this.#replica(target);
    const { kind } = call;
    if (isLarge(call)) return this.#answerInParts(asked, call, replica);
    try {
      const answer = replica.answer(call);
      if (answer instanceof Promise) return this.#answerLater(kind, target, answer);
      // Only of facets it does not show beforehand that they are many.
      const isSent = call.kind === 'facet';
      return isSent ? sendInParts(asked, kind, answer) : encodeAnswer(kind, answer);
    } catch (error) {
      throw this.#noted(error, target);
    }
  }

  async #answerLater(
    kind: ReplicaCallKind,
    address: ReplicaAddress,
    answer: Promise<ReplicaAnswers[ReplicaCallKind]>,
  ): Promise<Uint8Array> {
    try {
      return encodeAnswer(kind, await answer);
    } catch (error) {
      throw this.#noted(error, address);
    }
  }

  /** The error, after which a store with damaged bytes is opened again. */
  #noted(error: unknown, address: ReplicaAddress): unknown {
    if (error instanceof TributaryError && error.code === 'corrupt') this.#repair(address);
    return error;
  }

  /** Sends what is read as it is read. */
  async #answerInParts(
    asked: IncomingCall,
    call: LargeCall,
    replica: Replica,
  ): Promise<Uint8Array> {
    let last = NO_BYTES;
    try {
      for await (const part of replica.parts(call)) {
        if (last.length > 0) await asked.send(last);
        last = encodeAnswer<LargeCall['kind']>(call.kind, part);
      }
      return last;
    } catch (error) {
      throw this.#noted(error, replica.address);
    }
  }

  /** Opening reads everything, and replays the stream into a new store where it meets damage. */
  #repair(address: ReplicaAddress): void {
    const name = storeNameOf(address);
    const asked = this.#slots.get(name)?.asked;
    const { clock, logger } = this.#options;
    const sinceMs = clock.monotonicMs() - (this.#repairedMs.get(name) ?? Number.NEGATIVE_INFINITY);
    if (asked === undefined || sinceMs < REPAIR_AGAIN_AFTER_MS) return;
    this.#repairedMs.set(name, clock.monotonicMs());
    logger.error({ ...address }, 'damaged bytes were read: opening the store again');
    this.#handle({ ...asked, kind: 'reopen' });
  }

  /** Like other calls it waits for a replica that is opened again. */
  async #catchUp(address: ReplicaAddress): Promise<void> {
    await this.#slots.get(storeNameOf(address))?.reopening?.over.promise;
    await this.#replica(address).catchUp();
  }

  #replica(address: ReplicaAddress): Replica {
    const { collection, shard } = address;
    const slot = this.#slots.get(storeNameOf(address));
    if (slot === undefined) {
      throw new TributaryError('not_found', `no replica of ${collection}:${shard} here`);
    }
    if (slot.replica === undefined) throw isOpening(address);
    return slot.replica;
  }

  /** Gathers what changes in one turn into one message. */
  #report(name: string, status: ReplicaStatus): void {
    if (this.#statuses.size === 0) {
      queueMicrotask(() => {
        const statuses = [...this.#statuses.values()];
        this.#statuses = new Map();
        this.#options.port.post({ kind: 'statuses', statuses });
      });
    }
    this.#statuses.set(name, status);
  }

  #guard(work: Promise<void>): void {
    work.catch(this.#options.onCrash);
  }
}

/** An answer of which there is nothing to say but that it is done. */
async function done(work: Promise<void>): Promise<Uint8Array> {
  await work;
  return NO_BYTES;
}

function settleReopening(slot: Slot): void {
  const { reopening } = slot;
  slot.reopening = undefined;
  reopening?.over.resolve();
}

function isOpening({ collection, shard }: ReplicaAddress): TributaryError {
  return new TributaryError('unavailable', `the replica of ${collection}:${shard} is opening`);
}
