// Replicas as a peer has them, on streams and stores in memory. Their indexes keep what they seal in a folder that is
// removed with them.

import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSegmentBuilder, type SegmentBuilder } from '@tributary/index';
import type { CollectionState } from '@tributary/metadata';
import type { ShardId } from '@tributary/model';
import {
  createIndexesIn,
  type OpenedReplica,
  openReplica,
  type ReplicaStatus,
} from '@tributary/replica-core';
import { silentLogger, systemClock } from '@tributary/runtime';
import { MemoryReplicaStores } from '@tributary/storage/memory';
import type { WriteStreams } from '@tributary/stream';

export class MemoryReplicas implements AsyncDisposable {
  readonly #streams: WriteStreams;
  readonly #stores = new MemoryReplicaStores();
  readonly #folder = mkdtempSync(join(tmpdir(), 'tributary-gateway-'));
  readonly #builder: SegmentBuilder = createSegmentBuilder({ logger: silentLogger });
  readonly #opened = new Set<Promise<OpenedReplica>>();

  constructor(streams: WriteStreams) {
    this.#streams = streams;
  }

  /** A replica that follows the collection's stream, which must be there. It is closed with all others, or before. */
  open(
    { id, config, createdVectors, shardMap }: CollectionState,
    shard: ShardId,
    onStatus: (status: ReplicaStatus) => void = () => {},
  ): Promise<OpenedReplica> {
    const around = { clock: systemClock, logger: silentLogger };
    const opening = openReplica({
      address: { collection: id, shard },
      ...{ config, createdVectors, generation: shardMap.generation, onStatus },
      streams: this.#streams,
      stores: this.#stores,
      createIndex: createIndexesIn({ folder: this.#folder, builder: this.#builder, ...around }),
    });
    this.#opened.add(opening);
    return opening;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#opened].map(async (replica) => (await replica).close()));
    await this.#builder.close();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
