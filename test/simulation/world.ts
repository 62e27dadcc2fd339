// One run of the simulation: three replicas of a shard, a log, and faults, all a function of the seed.
//
//   faults and writes (safety after each step) ──► faults end ──► every replica must come to the fold of the log
//
// A replica may differ from the fold only after its own server lost a message in silence; then it must notice and halt.

import assert from 'node:assert/strict';
import {
  ALL_SHARDS,
  collectionId,
  FIRST_GENERATION,
  type Sequence,
  type ShardTarget,
  sequence,
  shardId,
} from '@tributary/model';
import type { Replica } from '@tributary/replica-core';
import { type Random, SimulatedClock, seededRandom } from '@tributary/runtime';
import { CUTS_KEPT } from '@tributary/storage';
import { cutIntoMessages } from '@tributary/stream';
import { MemoryWriteStreams } from '@tributary/stream/memory';
import { encodeEntry } from '@tributary/wire';
import { Fold, type Points } from './fold.ts';
import type { Mutant } from './mutant.ts';
import { Node } from './node.ts';
import { poison, randomEntry } from './workload.ts';

const COLLECTION = collectionId('simulated');
const SHARD = shardId(0);
const OTHER_SHARD = shardId(1);
const NODES = 3;
const STEPS = 120;
const EVERYTHING = {
  kind: 'scroll' as const,
  query: {
    limit: 1_000,
    projection: { payload: { kind: 'all' as const }, vectors: { kind: 'all' as const } },
  },
};

export interface Outcome {
  /** How often each fault really happened. */
  readonly occurred: ReadonlyMap<string, number>;
}

/** Runs one seed. Throws where an invariant breaks. */
export async function simulate(seed: number, mutant?: Mutant): Promise<Outcome> {
  const world = new World(seed, mutant);
  try {
    await world.run();
  } finally {
    await world.end();
  }
  return { occurred: world.occurred };
}

class World {
  readonly occurred = new Map<string, number>();
  readonly #random: Random;
  readonly #clock = new SimulatedClock();
  readonly #streams: MemoryWriteStreams;
  readonly #fold = new Fold();
  readonly #cuts: Sequence[] = [];
  readonly #nodes: Node[];
  /**
   * Whether the log is purged in this run. The count that betrays a silent loss is the server's, so a purge would hide
   * one; the two do not meet in a run.
   */
  readonly #purges: boolean;
  #bug: unknown;
  #wasPurgedBeyondSomeone = false;

  constructor(seed: number, mutant: Mutant | undefined) {
    this.#random = seededRandom(seed);
    this.#purges = this.#random.integer(2) === 0;
    this.#streams = new MemoryWriteStreams({ clock: this.#clock });
    this.#nodes = Array.from({ length: NODES }, () => {
      return new Node({
        address: { collection: COLLECTION, shard: SHARD },
        streams: this.#streams,
        clock: this.#clock,
        random: this.#random,
        occurred: (fault) => this.#note(fault),
        onBug: (error) => {
          this.#bug ??= error;
        },
        ...(mutant === undefined ? {} : { mutant }),
      });
    });
  }

  async run(): Promise<void> {
    await this.#streams.create(COLLECTION);
    for (const node of this.#nodes) node.start();
    for (let step = 0; step < STEPS; step++) {
      await this.#act();
      await this.#clock.advance(this.#random.integer(200));
      this.#checkSafety();
    }
    await this.#heal();
    await this.#checkLiveness();
  }

  async end(): Promise<void> {
    for (const node of this.#nodes) await this.#settled(node.stop());
  }

  async #act(): Promise<void> {
    const node = this.#nodes[this.#random.integer(NODES)];
    assert(node !== undefined);
    const dice = this.#random.integer(100);
    if (dice < 50) await this.#append(this.#random.integer(10) === 0);
    else if (dice < 55) await this.#cut();
    else if (dice < 65) this.#toggle(node);
    else if (dice < 69) await this.#restart(node);
    else if (dice < 78) this.#disturb(node);
    else if (dice < 82) await this.#purge();
    else if (dice < 84) await this.#lose(node);
    else if (dice < 88) await this.#clock.advance(3_000);
    else if (!node.isUp) node.start();
  }

  async #append(isPoison: boolean): Promise<void> {
    const entries = Array.from({ length: 1 + this.#random.integer(3) }, () => ({
      shard: this.#target(),
      data: isPoison ? poison(this.#random) : encodeEntry(randomEntry(this.#random)),
    }));
    if (isPoison) this.#note('poison');
    const cut = entries.map(({ shard, data }) => ({ shard, data, parts: this.#messages(data) }));
    const messages = cut.flatMap(({ shard, parts }) =>
      parts.map((data) => ({ shard, messageId: this.#random.id(), data })),
    );
    const receipt = await this.#streams.open(COLLECTION, FIRST_GENERATION).append(messages);
    let at = receipt.sequence - messages.length;
    for (const { shard, data, parts } of cut) {
      at += parts.length;
      if (shard !== OTHER_SHARD) this.#fold.take({ sequence: sequence(at), data }, parts.length);
    }
  }

  /** Now and then an entry is larger than a message. */
  #messages(entry: Uint8Array): Uint8Array[] {
    if (this.#random.integer(6) > 0) return [entry];
    const parts = cutIntoMessages(entry, 24 + this.#random.integer(200));
    if (parts.length > 1) this.#note('entry in fragments');
    return parts;
  }

  async #cut(): Promise<void> {
    this.#note('cut');
    const messageId = this.#random.id();
    const data = encodeEntry({ operationId: messageId, timeMs: 1, operations: [], isCut: true });
    const receipt = await this.#streams
      .open(COLLECTION, FIRST_GENERATION)
      .append([{ shard: ALL_SHARDS, messageId, data }]);
    this.#fold.take({ sequence: receipt.sequence, data });
    this.#cuts.push(receipt.sequence);
  }

  #target(): ShardTarget {
    switch (this.#random.integer(8)) {
      case 0:
      case 1:
        return OTHER_SHARD;
      case 2:
        this.#note('entry for all shards');
        return ALL_SHARDS;
      default:
        return SHARD;
    }
  }

  async #restart(node: Node): Promise<void> {
    if (!node.isUp) return;
    await this.#settled(node.stop());
    node.start();
  }

  #toggle(node: Node): void {
    if (node.isUp) node.crash();
    else node.start();
  }

  /** Lets time pass until the work is done. */
  async #settled(work: Promise<void>): Promise<void> {
    let isDone = false;
    const done = work.finally(() => {
      isDone = true;
    });
    while (!isDone) await this.#clock.advance(100);
    await done;
  }

  #disturb(node: Node): void {
    const { faults } = node;
    const isCalm = this.#random.integer(3) === 0;
    faults.failure = isCalm ? 0 : this.#random.next() * 0.3;
    faults.duplicate = isCalm ? 0 : this.#random.next();
    faults.hang = isCalm ? 0 : this.#random.next() * 0.2;
    faults.slownessMs = isCalm ? 0 : this.#random.integer(300);
  }

  /** Lets go of what every replica has flushed; sometimes of more, and then a replica needs a transfer. */
  async #purge(): Promise<void> {
    if (!this.#purges) return;
    const stream = this.#streams.open(COLLECTION, FIRST_GENERATION);
    const flushed = Math.min(...this.#nodes.map((node) => node.flushed));
    const isHarsh = this.#random.integer(20) === 0;
    const { firstSequence, lastSequence } = await stream.head();
    const upTo = isHarsh ? lastSequence : flushed + 1;
    if (upTo <= firstSequence) return;
    this.#wasPurgedBeyondSomeone ||= isHarsh;
    this.#note(isHarsh ? 'purge beyond a replica' : 'purge');
    await stream.purge(upTo as Sequence);
  }

  /** The node's server loses a message that is about to be read, or the next one to come. */
  async #lose(node: Node): Promise<void> {
    const applied = node.replica?.status.appliedSequence ?? 0;
    const lost = (applied + 1 + this.#random.integer(3)) as Sequence;
    const isLoud = this.#purges || this.#random.integer(2) === 0;
    (isLoud ? node.faults.lostLoudly : node.faults.lostSilently).add(lost);
    await this.#append(false);
  }

  #checkSafety(): void {
    if (this.#bug !== undefined) throw this.#bug;
    for (const node of this.#nodes) this.#checkNode(node);
  }

  #checkNode(node: Node): void {
    const { replica } = node;
    if (replica === undefined || node.skipped.size > 0) return;
    const info = replica.call({ kind: 'info' });
    assert(typeof info === 'object' && 'contentHash' in info);
    const expected = this.#fold.at(info.appliedSequence);
    assert.equal(info.contentHash, expected.contentHash, `content at ${info.appliedSequence}`);
    assert.equal(info.appliedCount, expected.count, `entries at ${info.appliedSequence}`);
    assert.equal(info.pointsCount, expected.points.size, `points at ${info.appliedSequence}`);
    assert.deepEqual(info.payloadSchema, expected.payloadSchema);
    this.#checkCuts(replica, info.appliedSequence);
    if (this.#random.integer(10) !== 0) return;
    if (replica.isReadable) this.#checkReads(replica, expected.points);
    else assert.throws(() => replica.call(EVERYTHING), { code: 'unavailable' });
  }

  /** Every cut up to here is kept, and is the fold at its sequence. */
  #checkCuts(replica: Replica, applied: Sequence): void {
    const expected = this.#cuts.filter((at) => at <= applied).slice(-CUTS_KEPT);
    assert.deepEqual(
      replica.cuts,
      expected.map((at) => {
        const { contentHash, stateHash, count, points } = this.#fold.at(at);
        const hashes = { contentHash, stateHash };
        return { sequence: at, appliedCount: count, pointsCount: points.size, ...hashes };
      }),
    );
  }

  /** What reads show is the fold too, and every point is found by its own vector. */
  #checkReads(replica: Replica, points: Points): void {
    const records = replica.call(EVERYTHING);
    assert(Array.isArray(records));
    assert.equal(records.length, points.size);
    for (const record of records) {
      const { version, payload, vectors } = points.get(record.id) ?? {};
      assert.equal(record.version, version);
      assert.deepEqual(Buffer.from(record.payload), Buffer.from(payload ?? []));
      assert.deepEqual(record.vectors, vectors);
      const vector = vectors?.[''];
      if (vector === undefined) continue;
      const [hits] = replica.call({
        kind: 'search',
        queries: [
          {
            scoring: { kind: 'nearest', vector },
            using: '',
            limit: 1,
            params: {},
            projection: { payload: { kind: 'none' }, vectors: { kind: 'none' } },
          },
        ],
      }) as unknown as { readonly score: number }[][];
      assert.equal(hits?.[0]?.score, 0, `point ${record.id} is found by its vector`);
    }
  }

  async #heal(): Promise<void> {
    for (const node of this.#nodes) {
      const { faults } = node;
      Object.assign(faults, { failure: 0, duplicate: 0, hang: 0, slownessMs: 0 });
      faults.lostSilently.clear();
      faults.lostLoudly.clear();
      if (!node.isUp) node.start();
    }
    await this.#append(false);
    await this.#clock.advance(30_000);
  }

  async #checkLiveness(): Promise<void> {
    this.#checkSafety();
    for (const [index, node] of this.#nodes.entries()) {
      const { replica } = node;
      assert(replica !== undefined, `replica ${index} is open`);
      const { halted, appliedSequence, caughtUp } = replica.status;
      if (halted !== undefined) {
        const isDue =
          halted.needs === 'transfer' ? this.#wasPurgedBeyondSomeone : node.skipped.size > 0;
        assert(isDue, `replica ${index} halted without need: ${halted.reason}`);
        this.#note(`halted: ${halted.needs}`);
        continue;
      }
      assert(appliedSequence >= this.#fold.lastSequence, `replica ${index} came to the end`);
      assert(caughtUp, `replica ${index} knows that it caught up`);
      // A loss in silence that did not make it halt must have been made good.
      node.skipped.clear();
      this.#checkNode(node);
      this.#checkReads(replica, this.#fold.at(appliedSequence).points);
      replica.call({ kind: 'verify' });
      this.#note('converged');
    }
    this.#checkDeadLetters();
  }

  #checkDeadLetters(): void {
    if (this.#nodes.every((node) => node.replica?.status.halted !== undefined)) return;
    const expected = new Set(this.#fold.refused);
    const lettered = this.#streams.deadLetters.map(({ sequence }) => sequence);
    const due = lettered.filter((sequence) => expected.has(sequence));
    assert.deepEqual(
      due.sort((a, b) => a - b),
      [...expected],
      'what was refused is dead-lettered',
    );
    // A replica that an entry was kept from in silence may refuse what others apply, until it halts for it.
    const isMisled = this.#nodes.some(({ skipped }) => skipped.size > 0);
    assert(isMisled || due.length === lettered.length, 'nothing else is dead-lettered');
  }

  #note(fault: string): void {
    this.occurred.set(fault, (this.occurred.get(fault) ?? 0) + 1);
  }
}
