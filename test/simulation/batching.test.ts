// However a replica cuts the log into batches, and wherever it stops and goes on, it comes to the same content.

import assert from 'node:assert/strict';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { type PointOperation, type Sequence, sequence, vectorSchemaOf } from '@tributary/model';
import { ApplyBatch } from '@tributary/replication';
import { createRocksReplicaStores } from '@tributary/rocks';
import { type Random, seededRandom, silentLogger } from '@tributary/runtime';
import type { ReplicaState, ReplicaStore, ReplicaStores } from '@tributary/storage';
import { MemoryReplicaStores } from '@tributary/storage/memory';
import { decodeEntry, encodeEntry } from '@tributary/wire';
import { Fold } from './fold.ts';
import { CONFIG } from './node.ts';
import { poison, randomEntry } from './workload.ts';

const MEMORY_SEEDS = 80;
const ROCKS_SEEDS = 4;
const REPLICAS = 3;
const ENTRIES = 60;
const NAME = 'replica';
const KINDS: readonly PointOperation['kind'][] = [
  'upsert',
  'updateVectors',
  'deleteVectors',
  'createFieldIndex',
  'deleteFieldIndex',
  'createVectorName',
  'deleteVectorName',
  'delete',
  'setPayload',
  'overwritePayload',
  'deletePayload',
  'clearPayload',
];

interface Message {
  readonly sequence: Sequence;
  readonly data: Uint8Array;
}

interface Replayed {
  readonly state: ReplicaState;
  readonly refused: ReadonlySet<Sequence>;
}

/** Ends the store as a kill would, where it can; what is lost is applied again. */
type Crash = (random: Random) => void;

test('replicas in memory come to one content, whatever their batches, restarts and crashes', async () => {
  const kinds = new Set<PointOperation['kind']>();
  let refusals = 0;
  for (let seed = 1; seed <= MEMORY_SEEDS; seed++) {
    const log = randomLog(seededRandom(seed), kinds);
    const expected = foldOf(log);
    refusals += expected.refused.length;
    for (let replica = 0; replica < REPLICAS; replica++) {
      const stores = new MemoryReplicaStores();
      const crash: Crash = (random) =>
        stores.crash(NAME, random.integer(stores.unflushedCommits(NAME) + 1));
      const random = seededRandom(1_000 * seed + replica);
      checkReplayed(await replay(log, stores, random, crash), expected, `seed ${seed}`);
    }
  }
  assert.deepEqual([...kinds].sort(), KINDS.toSorted());
  assert.ok(refusals > MEMORY_SEEDS, `only ${refusals} entries were refused`);
});

test('replicas on RocksDB come to the content of those in memory', async () => {
  for (let seed = 1; seed <= ROCKS_SEEDS; seed++) {
    const log = randomLog(seededRandom(seed), new Set());
    const expected = foldOf(log);
    for (let replica = 0; replica < REPLICAS; replica++) {
      await using temporary = await mkdtempDisposable(join(tmpdir(), 'tributary-batching-'));
      const stores = createRocksReplicaStores({ folder: temporary.path, logger: silentLogger });
      const random = seededRandom(1_000 * seed + replica);
      checkReplayed(await replay(log, stores, random), expected, `seed ${seed}`);
    }
  }
});

function randomLog(random: Random, kinds: Set<PointOperation['kind']>): Message[] {
  let last = 0;
  return Array.from({ length: ENTRIES }, () => {
    // Sequences of other shards lie between.
    last += 1 + random.integer(3);
    if (random.integer(8) === 0) return { sequence: sequence(last), data: poison(random) };
    const entry = randomEntry(random);
    for (const { kind } of entry.operations) kinds.add(kind);
    return { sequence: sequence(last), data: encodeEntry(entry) };
  });
}

function foldOf(log: readonly Message[]): Fold {
  const fold = new Fold();
  for (const message of log) fold.take(message);
  return fold;
}

async function replay(
  log: readonly Message[],
  stores: ReplicaStores,
  random: Random,
  crash?: Crash,
): Promise<Replayed> {
  const refused = new Set<Sequence>();
  let store = await stores.open(NAME);
  try {
    for (;;) {
      const from = log.findIndex((message) => message.sequence > store.state.appliedSequence);
      if (from === -1) break;
      await store.prepare();
      applyBatch(store, log.slice(from, from + 1 + random.integer(9)), refused);
      if (random.integer(4) > 0) continue;
      if (random.integer(2) === 0) await store.flush();
      if (crash !== undefined && random.integer(2) === 0) crash(random);
      else await store.close();
      store = await stores.open(NAME);
    }
    return { state: store.verify(), refused };
  } finally {
    await store.close();
  }
}

function applyBatch(
  store: ReplicaStore,
  messages: readonly Message[],
  refused: Set<Sequence>,
): void {
  const batch = new ApplyBatch(store, CONFIG);
  for (const message of messages) {
    if (!applyMessage(batch, message)) refused.add(message.sequence);
  }
  store.commit({
    ...batch.changes(),
    appliedSequence: messages.at(-1)?.sequence ?? store.state.appliedSequence,
    appliedCount: store.state.appliedCount + messages.length,
  });
}

function applyMessage(batch: ApplyBatch, message: Message): boolean {
  let entry: ReturnType<typeof decodeEntry>;
  try {
    entry = decodeEntry(message.data);
  } catch {
    return false;
  }
  return batch.apply(entry, message.sequence).kind === 'applied';
}

function checkReplayed({ state, refused }: Replayed, expected: Fold, where: string): void {
  const { contentHash, stateHash, points, payloadSchema, names, lastStamp, count } = expected.at(
    expected.lastSequence,
  );
  assert.equal(state.lastStamp, lastStamp, where);
  assert.equal(state.contentHash, contentHash, where);
  assert.equal(state.stateHash, stateHash, where);
  assert.equal(state.pointsCount, points.size, where);
  assert.equal(state.appliedCount, count, where);
  assert.deepEqual(state.payloadSchema, payloadSchema, where);
  for (const [name, { decided, shape }] of names) {
    const { revision, shape: stored } = (state.vectorSchema ?? vectorSchemaOf(CONFIG))[name] ?? {};
    assert.deepEqual([revision, stored], [decided, shape], `${where}, vector ${name}`);
  }
  assert.deepEqual([...refused].sort(ascending), expected.refused, where);
}

function ascending(a: number, b: number): number {
  return a - b;
}
