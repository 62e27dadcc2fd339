// Writes cuts into the logs of collections that are written to, while this peer leads. A cut that fails is written at
// the next look: replicas only keep what is in the log.

import { findCollection, type Metadata } from '@tributary/metadata';
import { ALL_SHARDS, type CollectionId } from '@tributary/model';
import type { AppliedReports } from '@tributary/replica-api';
import {
  type Clock,
  type Logger,
  messageOf,
  pause,
  type Random,
  startDeadline,
} from '@tributary/runtime';
import type { WriteStreams } from '@tributary/stream';
import { encodeEntry } from '@tributary/wire';
import { CutSchedule } from './cut-schedule.ts';

export interface CutWriterOptions {
  readonly metadata: Pick<Metadata, 'state'>;
  readonly reports: AppliedReports;
  readonly streams: Pick<WriteStreams, 'open'>;
  readonly isLeading: () => boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Time from a write to the cut that covers it. Default 60 s. */
  readonly intervalMs?: number;
}

const INTERVAL_MS = 60_000;
/** Growth of a log after which its collection is cut earlier. */
const GROWTH_BYTES = 64 * 1024 * 1024;
const LOOK_EVERY_MS = 5_000;
const WRITE_WITHIN_MS = 5_000;

export class CutWriter {
  readonly #options: CutWriterOptions;
  readonly #schedule: CutSchedule;
  readonly #lookEveryMs: number;

  constructor(options: CutWriterOptions) {
    this.#options = options;
    const intervalMs = options.intervalMs ?? INTERVAL_MS;
    this.#lookEveryMs = Math.min(LOOK_EVERY_MS, intervalMs / 4);
    this.#schedule = new CutSchedule({ intervalMs, growthBytes: GROWTH_BYTES });
  }

  async run(signal: AbortSignal): Promise<void> {
    const { reports, clock, isLeading, metadata } = this.#options;
    using _subscription = reports.subscribe((report) => {
      this.#schedule.take(report, clock.monotonicMs());
    });
    while (!signal.aborted) {
      const { collections } = metadata.state;
      this.#schedule.retain(new Set([...collections.values()].map(({ id }) => id)));
      for (const collection of this.#schedule.uncut) {
        if (!isLeading() || signal.aborted) break;
        await this.#cutIfDue(collection, signal);
      }
      await pause(clock, this.#lookEveryMs, signal);
    }
  }

  async #cutIfDue(collection: CollectionId, signal: AbortSignal): Promise<void> {
    const { streams, clock, random, logger, metadata } = this.#options;
    const found = findCollection(metadata.state, collection);
    if (found === undefined) return;
    using deadline = startDeadline(clock, WRITE_WITHIN_MS, signal, 'the cut');
    try {
      const stream = streams.open(collection, found.shardMap.generation);
      const { bytes } = await stream.head();
      if (!this.#schedule.isDue(collection, bytes, clock.monotonicMs())) return;
      const messageId = random.id();
      const entry = { operationId: messageId, timeMs: clock.nowMs(), operations: [], isCut: true };
      const message = { shard: ALL_SHARDS, messageId, data: encodeEntry(entry) } as const;
      const receipt = await stream.append([message], deadline.signal);
      this.#schedule.noteCut(collection, receipt.sequence);
    } catch (error) {
      if (!signal.aborted) logger.info({ collection, reason: messageOf(error) }, 'no cut written');
    }
  }
}
