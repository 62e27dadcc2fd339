// What must hold of the replicas of a simulated cluster at any time: each is the fold of its log at its sequence, its
// cuts are the fold at theirs, what is reported is what is there, and none becomes Active before it has applied what
// was in the log when it was asked to.

import assert from 'node:assert/strict';
import { findShard, type MetadataEvent } from '@tributary/metadata';
import { ALL_SHARDS, type Sequence, type ShardTarget } from '@tributary/model';
import type { FromWorker, ToWorker } from '@tributary/replica';
import { storeNameOf } from '@tributary/replica-core';
import { CUTS_KEPT, type ReplicaStore } from '@tributary/storage';
import type { WriteStream, WriteStreams } from '@tributary/stream';
import type { AppliedReport, ReplicaAddress } from '@tributary/wire';
import type { PeerProcess } from './simulated-peer.ts';
import type { PeerDisk } from './simulated-thread.ts';
import type { Truth } from './truth.ts';
import { catchUpsIn } from './worker-messages.ts';

/** A replica was asked to apply what was in the log then. */
interface Asked {
  readonly address: ReplicaAddress;
  readonly head: number;
  /** What the peer had folded of META. */
  readonly metadata: Sequence;
}

export class ReplicaRules {
  readonly #truth: Truth;
  readonly #heads = new Map<ShardTarget, Sequence>();
  readonly #asked = new WeakMap<PeerProcess, Asked[]>();

  constructor(truth: Truth) {
    this.#truth = truth;
  }

  /** The streams, telling where each append stands. */
  watched(streams: WriteStreams): WriteStreams {
    const watch = (stream: WriteStream): WriteStream => ({
      ...delegatingStream(stream),
      append: async (messages, signal) => {
        const receipt = await stream.append(messages, signal);
        for (const [i, { shard }] of messages.entries()) {
          const at = (receipt.sequence - (messages.length - 1 - i)) as Sequence;
          if (!receipt.duplicate && at > (this.#heads.get(shard) ?? 0)) this.#heads.set(shard, at);
        }
        return receipt;
      },
    });
    return {
      create: async (collection) => watch(await streams.create(collection)),
      open: (collection, generation) => watch(streams.open(collection, generation)),
      remove: (collection) => streams.remove(collection),
      deadLetter: (letter) => streams.deadLetter(letter),
    };
  }

  noteMessage(at: PeerProcess, message: ToWorker | FromWorker): void {
    for (const address of catchUpsIn(message)) {
      const head = Math.max(this.#heads.get(address.shard) ?? 0, this.#heads.get(ALL_SHARDS) ?? 0);
      const asked = this.#asked.get(at) ?? [];
      this.#asked.set(at, [...asked, { address, head, metadata: at.metadata.state.sequence }]);
    }
  }

  /** A peer sends the event to META. */
  noteEvent(at: PeerProcess, disk: PeerDisk, event: MetadataEvent): void {
    if (event.kind !== 'replicaStatesChanged') return;
    for (const { collection, shard, peer, to } of event.changes) {
      if (to !== 'Active') continue;
      assert.equal(peer, at.peer, 'a peer speaks for its own replicas');
      const name = storeNameOf({ collection, shard });
      const applied = disk.opened.get(name)?.state.appliedSequence ?? 0;
      const since = at.notActiveSince.get(name);
      assert(since !== undefined, `${name} at peer ${peer} is not Active`);
      const asked = (this.#asked.get(at) ?? []).filter(
        ({ address, metadata }) => storeNameOf(address) === name && metadata >= since,
      );
      const heads = asked.map(({ head }) => head);
      assert(
        heads.some((head) => head <= applied),
        `${name} at peer ${peer} becomes Active at ${applied}; asked for ${heads.join(', ')}`,
      );
    }
  }

  /** When it is sent it is true; it may be late, and stays true. */
  noteReport({ peer, replicas }: AppliedReport, disk: PeerDisk): void {
    for (const { collection, shard, cut, appliedSequence } of replicas) {
      const applied = disk.opened.get(storeNameOf({ collection, shard }))?.state.appliedSequence;
      assert(
        applied === undefined || appliedSequence <= applied,
        `peer ${peer} reports ${appliedSequence} of shard ${shard} and has applied ${applied}`,
      );
      const fold = this.#truth.foldOf(shard);
      if (cut === undefined || cut.sequence > fold.lastSequence) continue;
      assert.equal(
        cut.contentHash,
        fold.at(cut.sequence).contentHash,
        `peer ${peer} reports another content of shard ${shard} at the cut ${cut.sequence}`,
      );
      assert(cut.sequence <= appliedSequence, 'a cut is at or before what is applied');
    }
  }

  /** To be called after the truth has looked. */
  check(disk: PeerDisk, whose: string): void {
    const { id, shards } = this.#truth.collection;
    for (const shard of shards.keys()) {
      const name = storeNameOf({ collection: id, shard });
      const store = disk.opened.get(name);
      if (store === undefined) continue;
      const { appliedSequence, appliedCount, contentHash, stateHash, pointsCount } = store.state;
      const expected = this.#truth.foldOf(shard).at(appliedSequence);
      const where = `${name} of ${whose} at ${appliedSequence}`;
      assert.equal(contentHash, expected.contentHash, `content of ${where}`);
      assert.equal(stateHash, expected.stateHash, `content of ${where}, as of any log`);
      assert.equal(pointsCount, expected.points.size, `points of ${where}`);
      assert.equal(appliedCount, expected.count, `entries of ${where}`);
      this.#checkCuts(store, shard, where);
    }
  }

  /** The shard has an Active replica, unless it never had one. */
  checkMetadata(): void {
    const { id, shards } = this.#truth.collection;
    for (const shard of shards.keys()) {
      const { replicas } = findShard(this.#truth.metadata.state, id, shard) ?? {};
      const states = [...(replicas?.values() ?? [])];
      assert(
        states.includes('Active') || states.every((state) => state === 'Initializing'),
        `shard ${shard} has no Active replica: ${states.join(', ')}`,
      );
    }
  }

  #checkCuts(store: ReplicaStore, shard: ReplicaAddress['shard'], where: string): void {
    const fold = this.#truth.foldOf(shard);
    const passed = this.#truth.cuts.filter((at) => at <= store.state.appliedSequence);
    const expected = passed.slice(-CUTS_KEPT).map((at) => {
      const { contentHash, stateHash, count, points } = fold.at(at);
      const counts = { appliedCount: count, pointsCount: points.size };
      return { sequence: at, ...counts, contentHash, stateHash };
    });
    assert.deepEqual(store.cuts, expected, `cuts of ${where}`);
  }
}

function delegatingStream(stream: WriteStream): WriteStream {
  return {
    collection: stream.collection,
    append: (messages, signal) => stream.append(messages, signal),
    openReader: (shard, after) => stream.openReader(shard, after),
    head: () => stream.head(),
    shardHead: (shard) => stream.shardHead(shard),
    get: (at) => stream.get(at),
    purge: (upTo) => stream.purge(upTo),
  };
}
