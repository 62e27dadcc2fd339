// What this peer's own replicas say of themselves: nothing is asked of other peers or of NATS, so it can be known at any
// time. A replica whose thread is busy beyond the time given is shown as it was when it last answered, with that age.

import type { CollectionState, Metadata, ShardState } from '@tributary/metadata';
import type { CollectionId, PayloadSchema, PeerId } from '@tributary/model';
import type { ReplicaClient } from '@tributary/replica-api';
import { type Clock, startDeadline } from '@tributary/runtime';
import type { ReplicaInfo } from '@tributary/wire';
import type { LocalFacts } from '../tracing/issues.ts';

export interface LocalReplicasOptions {
  readonly self: PeerId;
  readonly metadata: Metadata;
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

const ASK_WITHIN_MS = 1_000;

export class LocalReplicas {
  readonly #options: LocalReplicasOptions;
  #known = new Map<string, Known>();
  #asking: Promise<void> | undefined;

  constructor(options: LocalReplicasOptions) {
    this.#options = options;
  }

  /** Those that have ever answered. Callers share a round of questions. */
  async all(timeoutMs = ASK_WITHIN_MS): Promise<LocalReplica[]> {
    this.#asking ??= this.#askAll(timeoutMs).finally(() => {
      this.#asking = undefined;
    });
    await this.#asking;
    const nowMs = this.#options.clock.monotonicMs();
    return this.#placed().flatMap(({ key, ...placed }) => {
      const known = this.#known.get(key);
      return known === undefined
        ? []
        : [{ ...placed, info: known.info, ageMs: nowMs - known.atMs }];
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

  async #askAll(timeoutMs: number): Promise<void> {
    const { replicas, clock } = this.#options;
    const placed = this.#placed();
    using deadline = startDeadline(clock, timeoutMs, undefined, 'asking this peer');
    const known = new Map<string, Known>();
    const asked = placed.map(async ({ key, collection, shard }) => {
      const target = { collection: collection.id, shard: shard.id };
      const last = this.#known.get(key);
      try {
        const info = await replicas.call<'info'>(target, { kind: 'info' }, deadline.signal);
        known.set(key, { info, atMs: clock.monotonicMs() });
      } catch {
        // It is opening, or busy; what it said last still tells more than nothing.
        if (last !== undefined) known.set(key, last);
      }
    });
    await Promise.all(asked);
    this.#known = known;
  }

  #placed() {
    const { self, metadata } = this.#options;
    return [...metadata.state.collections.values()].flatMap((collection) =>
      collection.shards
        .filter(({ replicas }) => replicas.has(self))
        .map((shard) => ({ key: `${collection.id}/${shard.id}`, collection, shard })),
    );
  }
}
