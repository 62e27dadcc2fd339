// What this peer's own replicas say of themselves: nothing is asked of other peers or of NATS, so it can be known at
// any time. A replica whose thread is busy beyond the time given is shown as it was when it last answered, with that
// age, and keeps no one from seeing the others as they are.

import type { CollectionState, Metadata, ShardState } from '@tributary/metadata';
import type { CollectionId, PayloadSchema, PeerId } from '@tributary/model';
import type { ReplicaClient } from '@tributary/replica-api';
import { abortable, type Clock, startDeadline, TributaryError } from '@tributary/runtime';
import type { ReplicaInfo } from '@tributary/wire';
import { within } from '../cluster/within.ts';
import type { LocalFacts } from '../watching/issues.ts';

export interface LocalReplicasOptions {
  readonly self: PeerId;
  readonly metadata: Pick<Metadata, 'state'>;
  /** The replicas as they are, caught up or not. */
  readonly replicas: ReplicaClient;
  readonly clock: Clock;
}

export interface LocalReplica {
  readonly collection: CollectionState;
  readonly shard: ShardState;
  readonly info: ReplicaInfo;
  /** Since the replica said so. */
  readonly ageMs: number;
}

interface Known {
  readonly info: ReplicaInfo;
  readonly atMs: number;
}

interface Placed {
  readonly key: string;
  readonly collection: CollectionState;
  readonly shard: ShardState;
}

const ASK_WITHIN_MS = 1_000;
/** A thread that is busy for longer is asked again, by the next who wants to know. */
const QUESTION_LIVES_MS = 30_000;

export class LocalReplicas implements Disposable {
  readonly #options: LocalReplicasOptions;
  readonly #known = new Map<string, Known>();
  readonly #asking = new Map<string, Promise<void>>();
  readonly #stopping = new AbortController();

  constructor(options: LocalReplicasOptions) {
    this.#options = options;
  }

  /** Those that have ever answered. Callers share the questions, and each waits for as long as it likes. */
  async all(timeoutMs = ASK_WITHIN_MS): Promise<LocalReplica[]> {
    const { clock } = this.#options;
    const questions = this.#placed().map((placed) => this.#ask(placed));
    await within(clock, timeoutMs, 'asking this peer', () => Promise.all(questions)).catch(
      // What is known by now is told.
      () => {},
    );
    const nowMs = clock.monotonicMs();
    const placed = this.#placed();
    this.#forgetAllBut(new Set(placed.map(({ key }) => key)));
    return placed.flatMap(({ key, collection, shard }) => {
      const known = this.#known.get(key);
      if (known === undefined) return [];
      return [{ collection, shard, info: known.info, ageMs: nowMs - known.atMs }];
    });
  }

  /** What bears on issues. */
  async facts(): Promise<LocalFacts> {
    const schemas = new Map<CollectionId, PayloadSchema>();
    const halted: LocalFacts['halted'][number][] = [];
    for (const { collection, shard, info } of await this.all()) {
      schemas.set(collection.id, info.payloadSchema);
      if (info.halted === undefined) continue;
      halted.push({ collection: collection.id, shard: shard.id, reason: info.halted });
    }
    return { halted, schemas };
  }

  [Symbol.dispose](): void {
    this.#stopping.abort(new TributaryError('cancelled', 'the gateway is closing'));
  }

  /** Resolves once the replica has answered, or will not: it is opening, or too busy. */
  #ask(placed: Placed): Promise<void> {
    const { key } = placed;
    const present = this.#asking.get(key);
    if (present !== undefined) return present;
    const asking = this.#askOnce(placed)
      // What it said last still tells more than nothing.
      .catch(() => {})
      .finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    return asking;
  }

  async #askOnce({ key, collection, shard }: Placed): Promise<void> {
    const { replicas, clock } = this.#options;
    const target = { collection: collection.id, shard: shard.id };
    const { signal: stopping } = this.#stopping;
    using deadline = startDeadline(clock, QUESTION_LIVES_MS, stopping, 'asking this peer');
    const { signal } = deadline;
    signal.throwIfAborted();
    const info = await abortable(replicas.call<'info'>(target, { kind: 'info' }, signal), signal);
    this.#known.set(key, { info, atMs: clock.monotonicMs() });
  }

  #forgetAllBut(placed: ReadonlySet<string>): void {
    for (const key of this.#known.keys()) if (!placed.has(key)) this.#known.delete(key);
  }

  #placed(): Placed[] {
    const { self, metadata } = this.#options;
    return [...metadata.state.collections.values()].flatMap((collection) =>
      [...collection.shards.values()]
        .filter(({ replicas }) => replicas.has(self))
        .map((shard) => ({ key: `${collection.id}/${shard.id}`, collection, shard })),
    );
  }
}
