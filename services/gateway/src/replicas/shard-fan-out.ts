// Asks one readable replica of each shard, this peer's own first, and goes on to the next replica where one is out of
// reach. Readable means Active. An answer that says no (wrong dimension, unknown name) is final: every replica of a
// shard would say the same. Where the client asks for agreement, several replicas of a shard are asked at once.

import type { CollectionState, Metadata, ShardState } from '@tributary/metadata';
import type { PeerId, ReadConsistency, Sequence, ShardId } from '@tributary/model';
import type { CallOf, ReplicaDirectory } from '@tributary/replica-api';
import { type Agreement, agreementOf, orderReplicas, readShards } from '@tributary/routing';
import {
  type ErrorCode,
  endInSlices,
  type SpanDetails,
  type Steps,
  type Tracer,
  TributaryError,
  traced,
} from '@tributary/runtime';
import {
  keepTextSteps,
  type ReplicaAnswers,
  type ReplicaCall,
  type ReplicaCallKind,
} from '@tributary/wire';
import type { ReadStep } from '../watching/read-trace.ts';
import type { ReadTokens } from './read-tokens.ts';

export interface ShardFanOutOptions {
  readonly metadata: Metadata;
  readonly directory: ReplicaDirectory;
  readonly readTokens: ReadTokens;
  readonly tracer?: Tracer | undefined;
}

/** How to ask; what is asked comes separately. */
export interface Asking<K extends ReplicaCallKind> {
  readonly signal: AbortSignal;
  readonly consistency?: ReadConsistency | undefined;
  /** Only replicas that have applied this much are asked. */
  readonly minSequence?: Sequence | undefined;
  /** Told which peer is asked for which shard, and has answered. */
  readonly step?: ReadStep | undefined;
  /** Takes room for the bytes of large answers. Errors: `exhausted`. */
  readonly hold?: ((bytes: number) => void) | undefined;
  /** Makes one answer of several; called only where a consistency is asked for. */
  readonly combine: (
    answers: ReplicaAnswers[K][],
    agreement: Agreement,
  ) => ReplicaAnswers[K] | Promise<ReplicaAnswers[K]>;
}

/** How to ask for one answer: `queue` has the peers that may give it. */
interface AskingOne {
  readonly queue: PeerId[];
  readonly signal: AbortSignal;
  readonly step: ReadStep | undefined;
  readonly hold: ((bytes: number) => void) | undefined;
}

/** Failures of one replica that another one may not share. */
const FAILS_OVER: ReadonlySet<ErrorCode> = new Set([
  'unavailable',
  'not_found',
  'corrupt',
  'internal',
]);

function askingSpan(collection: string, shard: ShardId, peer: PeerId, kind: string): SpanDetails {
  return {
    name: `ask ${kind}`,
    kind: 'client',
    attributes: {
      'tributary.collection.name': collection,
      'tributary.shard': shard,
      'tributary.peer': peer,
    },
  };
}

function isOutOfReach(error: unknown): boolean {
  return TributaryError.from(error).code === 'internal';
}

/** Large filters are written before the call is: once for all shards, and in slices. */
function* keepFilterSteps(call: ReplicaCall): Steps<void> {
  if (call.kind === 'search') {
    for (const { filter } of call.queries) if (filter !== undefined) yield* keepTextSteps(filter);
    return;
  }
  const asked = 'query' in call ? call.query : call;
  if (asked !== undefined && 'filter' in asked && asked.filter) yield* keepTextSteps(asked.filter);
}

export class ShardFanOut {
  readonly #metadata: Metadata;
  readonly #directory: ReplicaDirectory;
  readonly #readTokens: ReadTokens;
  readonly #tracer: Tracer | undefined;
  #turn = 0;

  constructor(options: ShardFanOutOptions) {
    this.#metadata = options.metadata;
    this.#directory = options.directory;
    this.#readTokens = options.readTokens;
    this.#tracer = options.tracer;
  }

  /** One answer a shard, in the order of the shards. Errors: those of `ask`. */
  async askEach<K extends ReplicaCallKind>(
    collection: CollectionState,
    call: CallOf<K>,
    asking: Asking<K>,
  ): Promise<ReplicaAnswers[K][]> {
    const kept = endInSlices(keepFilterSteps(call));
    if (kept instanceof Promise) await kept;
    // One turn for all shards: those whose replicas are at the same peers go to the same one.
    this.#turn = (this.#turn + 1) % Number.MAX_SAFE_INTEGER;
    return Promise.all(
      readShards(collection).map((shard) => this.ask<K>(collection, shard, call, asking)),
    );
  }

  /** Errors: what a replica refuses; the signal's reason; `internal` where too few replicas can be read. */
  async ask<K extends ReplicaCallKind>(
    collection: CollectionState,
    shard: ShardState,
    call: CallOf<K>,
    asking: Asking<K>,
  ): Promise<ReplicaAnswers[K]> {
    let queue = this.#order(shard);
    if (queue.length === 0) queue = await this.#caughtUp(collection, shard, asking.signal);
    const { consistency = 1, minSequence, signal, step, hold } = asking;
    let behind: PeerId[] = [];
    if (minSequence !== undefined) {
      const all = queue;
      const { asked } = agreementOf(consistency, shard.replicas.size);
      const peers = { queue, needed: Math.min(asked, queue.length) };
      queue = await this.#readTokens.caughtUp(collection, shard, minSequence, peers, signal);
      const ready = new Set(queue);
      behind = all.filter((peer) => !ready.has(peer));
    }
    const askNext = (): Promise<ReplicaAnswers[K]> =>
      this.#askUntilAnswered<K>(collection, shard, call, { queue, signal, step, hold });
    if (consistency === 1) {
      return askNext().catch(async (error) => {
        if (minSequence === undefined || behind.length === 0 || !isOutOfReach(error)) throw error;
        // Those that had the write are gone; the others will come to it.
        const peers = { queue: behind, needed: 1 };
        queue = await this.#readTokens.caughtUp(collection, shard, minSequence, peers, signal);
        return askNext();
      });
    }
    const agreement = agreementOf(consistency, shard.replicas.size);
    const answers = await Promise.all(Array.from({ length: agreement.asked }, askNext));
    return asking.combine(answers, agreement);
  }

  /** Takes peers off the queue, which several callers may share, until one answers. */
  async #askUntilAnswered<K extends ReplicaCallKind>(
    collection: CollectionState,
    shard: ShardState,
    call: CallOf<K>,
    { queue, signal, step, hold }: AskingOne,
  ): Promise<ReplicaAnswers[K]> {
    const target = { collection: collection.id, shard: shard.id };
    let failure: unknown;
    for (let peer = queue.shift(); peer !== undefined; peer = queue.shift()) {
      try {
        const noteAnswer = step?.asking(shard.id, peer);
        const replicas = this.#directory.at(peer);
        const answer = await traced(
          this.#tracer,
          () => askingSpan(collection.name, shard.id, peer, call.kind),
          () => replicas.call<K>(target, call, signal, hold),
        );
        noteAnswer?.();
        return answer;
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (!FAILS_OVER.has(TributaryError.from(error).code)) throw error;
        failure ??= error;
      }
    }
    throw this.#notReadable(shard, failure);
  }

  /** Where this peer's fold shows no readable replica it may only be behind. */
  async #caughtUp(
    collection: CollectionState,
    shard: ShardState,
    signal: AbortSignal,
  ): Promise<PeerId[]> {
    const state = await this.#metadata.sync(signal).catch(() => this.#metadata.state);
    const current = state.collections.get(collection.name);
    const shardNow = current?.id === collection.id ? current.shards.get(shard.id) : undefined;
    return shardNow === undefined ? [] : this.#order(shardNow);
  }

  #order(shard: ShardState): PeerId[] {
    const { self } = this.#directory;
    const isReachable = (peer: PeerId) => this.#directory.isReachable(peer);
    return orderReplicas(shard, { self, isReachable, tieBreak: this.#turn });
  }

  #notReadable(shard: ShardState, cause: unknown): TributaryError {
    const detail = cause === undefined ? '' : `: ${TributaryError.from(cause).message}`;
    return new TributaryError(
      'internal',
      `The replica set for shard ${shard.id} on peer ${this.#directory.self} ` +
        `does not have enough active replicas${detail}`,
      { cause },
    );
  }
}
