// One run of a simulated cluster: three whole peers, META, logs and clients, all a function of the seed.
//
//   a collection is made ──► steps: writes, reads, faults (safety after each) ──► faults end ──► calm
//
// Calm is: every replica is Active and at the end of its log with the fold's content, every peer has folded META to
// its end, every peer takes a write, and nothing more is proposed.

import assert from 'node:assert/strict';
import type { MetadataEvent } from '@tributary/metadata';
import { MemoryLeaseStore, MemoryMetadataLog } from '@tributary/metadata/memory';
import {
  ALL_SHARDS,
  FIRST_GENERATION,
  type PeerId,
  peerId,
  type ShardTarget,
} from '@tributary/model';
import { storeNameOf } from '@tributary/replica-core';
import { SimulatedClock, seededRandom, TributaryError } from '@tributary/runtime';
import { MemoryWriteStreams } from '@tributary/stream/memory';
import { encodeEntry } from '@tributary/wire';
import { CONFIG } from '../node.ts';
import { Clients } from './client.ts';
import type { ClusterMutant } from './cluster-mutant.ts';
import { noFaults, type PeerFaults } from './peer-faults.ts';
import { ReportBus } from './peer-network.ts';
import { ReplicaRules } from './replica-rules.ts';
import { type Common, DEAD_AFTER_MS, PeerProcess } from './simulated-peer.ts';
import { PeerDisk } from './simulated-thread.ts';
import { calmWrite, PEERS, type Plan, type Step } from './steps.ts';
import { COLLECTION, Truth } from './truth.ts';

export interface Outcome {
  /** How often each fault and each answer really happened. */
  readonly occurred: ReadonlyMap<string, number>;
}

const START_MS = 5_000;
const CALM_AFTER_MS = 60_000;
const QUIET_MS = 10_000;
const ANSWER_MS = 2_000;
/** Beyond the silence: a lease runs out, and a round is made. */
const DECLARED_MS = 6_000;
/** The replicas of a peer that comes back within this are still Active. */
const WIPED_MS = 20_000;
const OLD_LEVEL = 1;
const NEW_LEVEL = 2;

/** Runs the steps. Throws where something breaks. */
export async function simulateCluster(plan: Plan, mutant?: ClusterMutant): Promise<Outcome> {
  const world = new ClusterWorld(plan, mutant);
  try {
    await world.run();
  } finally {
    await world.end();
  }
  return { occurred: world.occurred };
}

/** What there is of a peer, whether a process of it runs or not. */
interface Place {
  readonly peer: PeerId;
  readonly faults: PeerFaults;
  disk: PeerDisk;
  process: PeerProcess | undefined;
  starts: number;
  /** Of the version that is installed. */
  featureLevel: number;
}

class ClusterWorld {
  readonly occurred = new Map<string, number>();
  readonly #plan: Plan;
  readonly #clock = new SimulatedClock();
  readonly #streams: MemoryWriteStreams;
  readonly #truth: Truth;
  readonly #rules: ReplicaRules;
  readonly #clients: Clients;
  readonly #places: readonly Place[];
  readonly #common: Common;
  readonly #ended = new AbortController();
  #bug: unknown;
  #calmWrites = 0;

  constructor(plan: Plan, mutant: ClusterMutant | undefined) {
    const clock = this.#clock;
    const occurred = (event: string) => this.#note(event);
    const onBug = (error: unknown) => {
      this.#bug ??= error;
    };
    this.#plan = plan;
    this.#streams = new MemoryWriteStreams({ clock });
    const log = new MemoryMetadataLog();
    this.#truth = new Truth(log, this.#streams, clock);
    this.#rules = new ReplicaRules(this.#truth);
    this.#clients = new Clients(this.#truth, occurred, onBug);
    this.#places = Array.from({ length: PEERS }, (_, i) => ({
      peer: peerId(i + 1),
      faults: noFaults(),
      disk: new PeerDisk(),
      process: undefined,
      starts: 0,
      featureLevel: i === 0 ? OLD_LEVEL : NEW_LEVEL,
    }));
    this.#common = {
      ...{ log, clock, occurred, onBug, mutant },
      leases: new MemoryLeaseStore(clock),
      streams: this.#rules.watched(this.#streams),
      bus: new ReportBus(clock, (report) => {
        this.#noting(() => {
          const disk = this.#places.find(({ peer }) => peer === report.peer)?.disk;
          this.#clients.noteReport(report);
          if (disk !== undefined) this.#rules.noteReport(report, disk);
        });
      }),
      onEvent: (from, event) => this.#noteEvent(from, event),
      onMessage: (at, message) => this.#rules.noteMessage(at, message),
      find: (peer) => this.#places.find((place) => place.peer === peer)?.process,
    };
  }

  async run(): Promise<void> {
    this.#truth.run(this.#ended.signal).catch(this.#common.onBug);
    for (const place of this.#places) this.#start(place);
    await this.#clock.advance(START_MS);
    await this.#createCollection();
    for (const step of this.#plan.steps) {
      await this.#perform(step);
      await this.#checkSafety();
    }
    await this.#heal();
    await this.#checkCalm();
    if (this.#plan.seed % 4 === 0) await this.#wipeOneInCalm();
    if (this.#plan.seed % 4 === 1) await this.#missOneInCalm();
  }

  async end(): Promise<void> {
    for (const place of this.#places) await this.#kill(place);
    this.#ended.abort();
    await this.#clock.advance(0);
  }

  async #createCollection(): Promise<void> {
    const { shards, replicas, writeConsistencyFactor } = this.#plan;
    const [first] = this.#places;
    assert(first?.process !== undefined);
    const config = {
      ...CONFIG,
      ...{ shardNumber: shards, replicationFactor: replicas, writeConsistencyFactor },
    };
    const creating = first.process.core.collections.create(COLLECTION, config);
    creating.catch(this.#common.onBug);
    await this.#clock.advance(START_MS);
    await this.#checkSafety();
    for (const { replicas: states } of this.#truth.collection.shards.values()) {
      for (const state of states.values()) assert.equal(state, 'Active', 'a new replica serves');
    }
  }

  async #perform(step: Step): Promise<void> {
    if (step.kind === 'pass') {
      await this.#clock.advance(step.ms);
      return;
    }
    const place = this.#places[step.at];
    assert(place !== undefined);
    const { process } = place;
    const runs = process !== undefined && !process.around.process.isPaused;
    switch (step.kind) {
      case 'write':
        if (runs) this.#clients.write(process, step);
        return;
      case 'read':
        if (runs) this.#clients.read(process, step.hasToken);
        return;
      case 'alias':
        if (runs) this.#clients.alias(process, step.change);
        return;
      case 'writeNewer':
        if (runs) this.#writeNewer(process);
        return;
      case 'kill':
        await this.#kill(place);
        return;
      case 'stop':
        if (runs) await this.#stop(place, process);
        return;
      case 'start':
        if (process === undefined) this.#start(place);
        return;
      case 'crashThread':
        if (runs) await process.crashThread();
        return;
      case 'pause':
        if (runs) this.#note('peer paused');
        process?.around.process.pause();
        return;
      case 'resume':
        process?.around.process.resume();
        return;
      case 'wipe':
        await this.#wipe(place);
        return;
      case 'disturb':
        Object.assign(place.faults, step.faults);
    }
  }

  #start(place: Place): void {
    const { peer, disk, faults, featureLevel } = place;
    const seed = seededRandom(this.#plan.seed * 1_000 + peer * 100 + place.starts).integer(2 ** 31);
    place.starts++;
    place.process = new PeerProcess({
      ...{ peer, seed, featureLevel, disk, faults },
      common: this.#common,
    });
  }

  async #kill(place: Place): Promise<void> {
    const { process } = place;
    place.process = undefined;
    await process?.kill();
  }

  async #stop(place: Place, process: PeerProcess): Promise<void> {
    const stopping = process.stop();
    let isOver = false;
    stopping.then(() => {
      isOver = true;
    }, this.#common.onBug);
    while (!isOver && this.#bug === undefined) await this.#clock.advance(100);
    place.process = undefined;
  }

  async #wipe(place: Place): Promise<void> {
    this.#note('peer wiped');
    await this.#kill(place);
    place.disk = new PeerDisk();
    this.#start(place);
  }

  /** As a gateway of a newer version would, that does not know of the older peer. */
  #writeNewer({ streams, metadata }: PeerProcess): void {
    const collection = metadata.state.collections.get(COLLECTION);
    if (collection === undefined || this.#truth.metadata.state.featureLevel >= NEW_LEVEL) return;
    const entry = { operationId: 'newer', timeMs: 1, operations: [] };
    const shard: ShardTarget = ALL_SHARDS;
    const message = { shard, messageId: 'newer', data: encodeEntry(entry, NEW_LEVEL) };
    streams
      .open(collection.id, FIRST_GENERATION)
      .append([message])
      .then(() => assert.fail('an entry that a peer does not know is taken'))
      .catch((error: unknown) => {
        if (!(error instanceof TributaryError)) this.#common.onBug(error);
        else if (error.code === 'precondition_failed') this.#note('newer entry refused');
      });
  }

  #noteEvent(from: PeerProcess, event: MetadataEvent): void {
    const disk = this.#places.find(({ process }) => process === from)?.disk;
    if (disk !== undefined) this.#noting(() => this.#rules.noteEvent(from, disk, event));
  }

  async #checkSafety(): Promise<void> {
    await this.#truth.look();
    if (this.#bug !== undefined) throw this.#bug;
    this.#clients.check();
    this.#rules.checkMetadata();
    for (const { peer, disk, featureLevel, process } of this.#places) {
      if (process !== undefined) this.#truth.checkFold(process.metadata.state, `peer ${peer}`);
      this.#rules.check(disk, `peer ${peer}`);
      assert(
        this.#truth.metadata.state.featureLevel <= featureLevel,
        `peer ${peer} does not know the feature level of the cluster`,
      );
    }
  }

  async #heal(): Promise<void> {
    for (const place of this.#places) {
      Object.assign(place.faults, noFaults());
      place.process?.around.process.resume();
      if (place.process === undefined) this.#start(place);
    }
    await this.#pass(CALM_AFTER_MS);
  }

  /** With a look at safety every now and then. */
  async #pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 2_000) {
      await this.#clock.advance(Math.min(2_000, ms - passed));
      await this.#checkSafety();
    }
  }

  async #checkCalm(): Promise<void> {
    const { collection, metadata } = this.#truth;
    for (const { id: shard, replicas } of collection.shards.values()) {
      for (const [peer, state] of replicas) {
        const place = this.#places.find((each) => each.peer === peer);
        const name = storeNameOf({ collection: collection.id, shard });
        assert.equal(state, 'Active', `${name} at peer ${peer} in calm`);
        const applied = place?.disk.opened.get(name)?.state.appliedSequence ?? 0;
        assert(applied >= this.#truth.headOf(shard), `${name} at peer ${peer} came to the end`);
      }
    }
    const { sequence } = metadata.state;
    for (const { peer, process } of this.#places) {
      assert.equal(process?.metadata.state.sequence, sequence, `peer ${peer} folded META`);
    }
    await this.#writeAtEveryPeer();
    await this.#pass(QUIET_MS);
    assert.equal(metadata.state.sequence, sequence, 'nothing more is proposed in calm');
    this.#note('calm');
  }

  async #writeAtEveryPeer(): Promise<void> {
    const completed = this.occurred.get('write completed') ?? 0;
    const running = this.#places.flatMap(({ process }) => process ?? []);
    for (const process of running) this.#clients.write(process, calmWrite(this.#calmWrites++));
    await this.#pass(ANSWER_MS);
    const now = this.occurred.get('write completed') ?? 0;
    assert.equal(now - completed, running.length, 'every peer completes a write in calm');
  }

  /** The replicas of a peer that is gone are Dead soon, but for the last Active one of a shard, and come back. */
  async #missOneInCalm(): Promise<void> {
    const place = this.#places[this.#plan.seed % PEERS];
    assert(place !== undefined);
    await this.#kill(place);
    await this.#pass(DEAD_AFTER_MS + DECLARED_MS);
    for (const { id, replicas } of this.#truth.collection.shards.values()) {
      const state = replicas.get(place.peer);
      if (state !== undefined) assert.equal(state, 'Dead', `shard ${id} at a peer that is gone`);
    }
    this.#note('peer that is gone is Dead');
    this.#start(place);
    await this.#pass(WIPED_MS);
    await this.#checkCalm();
  }

  /** A peer whose disk is lost and that is back before it is Dead says so, and is Active once it is filled. */
  async #wipeOneInCalm(): Promise<void> {
    const place = this.#places[this.#plan.seed % PEERS];
    assert(place !== undefined);
    const { shards } = this.#truth.collection;
    const filled = [...shards.values()].filter(
      ({ id, replicas }) => replicas.has(place.peer) && this.#truth.headOf(id) > 0,
    );
    const noticed = new Set<number>();
    using _watch = this.#truth.metadata.subscribe(({ collections }) => {
      for (const { id, replicas } of collections.get(COLLECTION)?.shards.values() ?? []) {
        if (replicas.get(place.peer) === 'Recovery') noticed.add(id);
      }
    });
    await this.#wipe(place);
    await this.#pass(WIPED_MS);
    for (const { id } of filled) assert(noticed.has(id), `the loss of shard ${id} is noticed`);
    await this.#checkCalm();
    if (filled.length > 0) this.#note('loss of a disk noticed');
  }

  /** What is wrong is told at the next look, not to the product. */
  #noting(look: () => void): void {
    try {
      look();
    } catch (error) {
      this.#bug ??= error;
    }
  }

  #note(event: string): void {
    this.occurred.set(event, (this.occurred.get(event) ?? 0) + 1);
  }
}
