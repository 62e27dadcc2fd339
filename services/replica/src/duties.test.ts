import assert from 'node:assert/strict';
import test from 'node:test';
import type { ReplicaState } from '@tributary/model';
import {
  COLLECTION_DEFAULTS,
  type CollectionConfig,
  collectionId,
  sequence,
  shardId,
} from '@tributary/model';
import type { ReplicaStatus } from '@tributary/replica-core';
import fc from 'fast-check';
import {
  after,
  duties,
  type Facts,
  type Held,
  type HeldEvent,
  learn,
  PROPOSE_AFTER_MS,
  REOPEN_AFTER_MS,
  statusOf,
} from './duties.ts';
import type { PlacedReplica } from './placed-replicas.ts';

const address = { collection: collectionId('c'), shard: shardId(0) };
const config: CollectionConfig = {
  ...COLLECTION_DEFAULTS,
  vectors: { '': { size: 4, distance: 'Dot' } },
};
const NOW: Facts = { nowMs: 100_000, mayPlace: true };
const STATES = ['Initializing', 'Active', 'Dead', 'Partial', 'Recovery', 'Listener'] as const;

function placedAs(state: ReplicaState, isOtherActive = true): PlacedReplica {
  return { address, config, createdVectors: config, generation: 1, state, isOtherActive };
}

const goesOn: ReplicaStatus = { address, appliedSequence: sequence(7), caughtUp: true };
const filling: ReplicaStatus = { ...goesOn, caughtUp: false, isFilling: true };
const halted = (needs: 'rebuild' | 'transfer' | 'operator'): ReplicaStatus => ({
  ...goesOn,
  halted: { reason: 'on purpose', needs },
});

function opened(placed: PlacedReplica): Held {
  const held = after(undefined, { kind: 'open', placed }, 0);
  assert.ok(held);
  return held;
}

/** What is due, in short, for a replica that said this. */
function due(placed: PlacedReplica, status: ReplicaStatus, change: Partial<Held> = {}): string[] {
  const held = { ...learn(opened(placed), { kind: 'status', status }), ...change };
  return duties(placed, held, NOW).map(short);
}

function short(effect: ReturnType<typeof duties>[number]): string {
  return effect.kind === 'propose' ? `propose ${effect.to}` : effect.kind;
}

test('what is due by what the metadata and the replica say', () => {
  const table: [ReplicaStatus, Partial<Record<ReplicaState, string>>][] = [
    [
      goesOn,
      { Initializing: 'propose Active', Dead: 'propose Active', Recovery: 'propose Active' },
    ],
    [
      filling,
      {
        Active: 'propose Recovery',
        Initializing: 'propose Active',
        Dead: 'propose Active',
        Recovery: 'propose Active',
      },
    ],
    [halted('transfer'), { Active: 'propose Dead', Recovery: 'propose Dead' }],
    [halted('operator'), { Active: 'propose Dead', Recovery: 'propose Dead' }],
    [halted('rebuild'), { Active: 'propose Dead', Recovery: 'propose Dead', Dead: 'rebuild' }],
  ];
  for (const [status, byState] of table) {
    for (const state of STATES) {
      const expected = byState[state];
      const text = `${state}, ${JSON.stringify(status)}`;
      assert.deepEqual(due(placedAs(state), status), expected ? [expected] : [], text);
    }
  }
});

test('the last Active replica gives nothing up, under all statuses', () => {
  for (const status of [filling, halted('transfer'), halted('rebuild'), halted('operator')]) {
    assert.deepEqual(due(placedAs('Active', false), status), []);
  }
});

test('a proposal names what the replica needs', () => {
  const placed = placedAs('Active');
  const held = learn(opened(placed), { kind: 'status', status: halted('transfer') });
  const [effect] = duties(placed, held, NOW);
  assert.ok(effect?.kind === 'propose');
  assert.deepEqual(effect.halted, { reason: 'on purpose', needs: 'transfer' });
});

test('a replica is rebuilt once, and not while a proposal is under way', () => {
  const dead = placedAs('Dead');
  assert.deepEqual(due(dead, halted('rebuild'), { wasRebuilt: true }), []);
  const proposal = { sinceMs: 0, isUnderWay: true };
  assert.deepEqual(due(dead, halted('rebuild'), { proposal }), []);
});

test('one proposal at a time, and none right after another', () => {
  const dead = placedAs('Dead');
  const since = (sinceMs: number, isUnderWay: boolean) =>
    due(dead, goesOn, { proposal: { sinceMs, isUnderWay } });
  assert.deepEqual(since(0, true), []);
  assert.deepEqual(since(NOW.nowMs - PROPOSE_AFTER_MS + 1, false), []);
  assert.deepEqual(since(NOW.nowMs - PROPOSE_AFTER_MS, false), ['propose Active']);
});

test('what is placed is opened and what is not is dropped, once the metadata is known', () => {
  const placed = placedAs('Active');
  const held = opened(placed);
  assert.deepEqual(duties(placed, undefined, NOW).map(short), ['open']);
  assert.deepEqual(duties(undefined, held, NOW).map(short), ['drop']);
  assert.deepEqual(duties(placed, undefined, { ...NOW, mayPlace: false }), []);
  assert.deepEqual(duties(undefined, held, { ...NOW, mayPlace: false }), []);
});

test('a store that does not open is tried again later, and does not answer meanwhile', () => {
  const placed = placedAs('Active', false);
  const failure: HeldEvent = { kind: 'openFailed', reason: 'disk full', nowMs: NOW.nowMs };
  const failed = learn(opened(placed), failure);
  const laterMs = NOW.nowMs + REOPEN_AFTER_MS;
  assert.deepEqual(duties(placed, failed, { ...NOW, nowMs: laterMs - 1 }), []);
  const [retry] = duties(placed, failed, { ...NOW, nowMs: laterMs });
  assert.ok(retry?.kind === 'open');
  const retried = after(failed, retry, laterMs);
  assert.ok(retried);
  assert.equal(retried.phase.kind, 'failed');
  assert.deepEqual(duties(placed, retried, { ...NOW, nowMs: laterMs + 1 }), []);
});

test('a crashed worker is asked for nothing until it runs again, then for all it held', () => {
  const placed = placedAs('Dead');
  const held = learn(opened(placed), { kind: 'status', status: goesOn });
  const down = learn(held, { kind: 'crashed' });
  const changed = { ...placed, config: { ...config, quantization: { scalar: { type: 'int8' } } } };
  assert.equal(statusOf(down), undefined);
  assert.deepEqual(duties(changed, down, NOW), []);
  const restarted = learn(down, { kind: 'restarted' });
  assert.deepEqual(duties(changed, restarted, NOW).map(short), ['reopen']);
});

test('changed settings are sent once, and codes open the replica again', () => {
  const placed = placedAs('Active', false);
  const held = learn(opened(placed), { kind: 'status', status: goesOn });
  const graphs = { ...placed, config: { ...config, hnsw: { ...config.hnsw, m: 40 } } };
  const [told] = duties(graphs, held, NOW);
  assert.ok(told?.kind === 'configure');
  assert.deepEqual(duties(graphs, after(held, told, NOW.nowMs), NOW), []);
  const codes = { ...placed, config: { ...config, quantization: { scalar: { type: 'int8' } } } };
  assert.deepEqual(duties(codes, held, NOW).map(short), ['reopen']);
});

test('without news there is an end: each effect that is performed is not due again at once', () => {
  const statuses = [goesOn, filling, halted('rebuild'), halted('transfer'), halted('operator')];
  const event = fc.oneof(
    fc.constantFrom(...statuses).map((status) => ({ kind: 'status' as const, status })),
    fc.constant({ kind: 'openFailed' as const, reason: 'on purpose', nowMs: NOW.nowMs }),
    fc.constantFrom<HeldEvent>({ kind: 'crashed' }, { kind: 'restarted' }, { kind: 'proposed' }),
  );
  const world = fc.record({
    state: fc.constantFrom(...STATES),
    isOtherActive: fc.boolean(),
    isPlaced: fc.boolean(),
    events: fc.array(event, { maxLength: 6 }),
    later: fc.integer({ min: 0, max: 2 * REOPEN_AFTER_MS }),
  });
  fc.assert(
    fc.property(world, ({ state, isOtherActive, isPlaced, events, later }) => {
      const placed = placedAs(state, isOtherActive);
      const facts = { ...NOW, nowMs: NOW.nowMs + later };
      let held: Held | undefined = events.reduce(learn, opened(placed));
      const now = isPlaced ? placed : undefined;
      for (const effect of duties(now, held, facts)) held = after(held, effect, facts.nowMs);
      const again = held === undefined ? [] : duties(now, held, facts);
      assert.deepEqual(again, []);
    }),
  );
});
