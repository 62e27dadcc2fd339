import assert from 'node:assert/strict';
import test from 'node:test';
import { type Sequence, sequence } from '@tributary/model';
import fc from 'fast-check';
import { step } from './follower.ts';
import {
  createFollower,
  type Delivery,
  FOLLOWER_DEFAULTS,
  type FollowerEvent,
  type FollowerState,
  type FollowerTask,
  type Heads,
} from './follower-state.ts';

type Told = FollowerEvent extends infer Each
  ? Each extends { readonly nowMs: number }
    ? Omit<Each, 'nowMs'>
    : never
  : never;

const delivery = (at: number, reason?: string, messages = 1): Delivery => ({
  sequence: sequence(at),
  firstSequence: sequence(at - messages + 1),
  messages,
  data: new Uint8Array(0),
  content:
    reason === undefined
      ? { kind: 'entry', entry: { operationId: 'o', timeMs: 0, operations: [] } }
      : { kind: 'unreadable', reason },
});

const heads = (shardCount: number, shardLast: number, more: Partial<Heads> = {}): Heads => ({
  streamFirst: sequence(1),
  streamLast: sequence(shardLast),
  shardCount,
  shardLast: sequence(shardLast),
  ...more,
});

/** Drives a follower by hand; every line is an event it was given and what it asked for. */
class Transcript {
  state: FollowerState;
  readonly warnings: string[] = [];
  task: FollowerTask = { kind: 'rest' };
  flushes = 0;
  nowMs = 0;

  constructor(applied = 0, count = applied) {
    this.state = createFollower({ sequence: sequence(applied), count });
    this.tell({ kind: 'started' });
  }

  tell(event: Told): this {
    const { state, effects } = step(this.state, { ...event, nowMs: this.nowMs } as FollowerEvent);
    this.state = state;
    const tasks: FollowerTask[] = [];
    for (const effect of effects) {
      if (effect.kind === 'flush') this.flushes++;
      else if (effect.kind === 'warn') this.warnings.push(effect.message);
      else tasks.push(effect);
    }
    assert.equal(tasks.length, 1, 'each step asks for one task');
    assert.equal(effects.at(-1), tasks[0], 'the task comes last');
    this.task = tasks[0] ?? this.task;
    return this;
  }

  asks(expected: Partial<FollowerTask> & Pick<FollowerTask, 'kind'>): this {
    assert.partialDeepStrictEqual(this.task, expected);
    return this;
  }

  /** Reads and applies these without trouble. */
  applies(...sequences: number[]): this {
    this.asks({ kind: 'read' }).tell({
      kind: 'read',
      deliveries: sequences.map((at) => delivery(at)),
    });
    this.asks({ kind: 'evaluate' }).tell({
      kind: 'evaluated',
      evaluated: sequences.length,
      refused: [],
    });
    return this.asks({ kind: 'commit' }).tell({ kind: 'committed' });
  }

  get halt() {
    return this.state.phase.kind === 'halted' ? this.state.phase.halt : undefined;
  }
}

test('entries are evaluated, committed, and counted as applied only then', () => {
  const follower = new Transcript().asks({ kind: 'open', after: sequence(0) });
  follower.tell({ kind: 'opened', heads: heads(2, 5) }).asks({ kind: 'read' });
  follower.tell({ kind: 'read', deliveries: [delivery(3), delivery(5)] });
  follower.tell({ kind: 'evaluated', evaluated: 1, refused: [] });
  follower.asks({ kind: 'commit', sequence: sequence(3), count: 1 });
  assert.equal(follower.state.applied, 0);
  follower.tell({ kind: 'committed' }).asks({ kind: 'evaluate', deliveries: [delivery(5)] });
  assert.equal(follower.state.applied, 3);
  assert.equal(follower.state.caughtUp, false);
  follower.tell({ kind: 'evaluated', evaluated: 1, refused: [] }).tell({ kind: 'committed' });
  assert.equal(follower.state.caughtUp, true);
});

test('a refused entry is dead-lettered before it is committed', () => {
  const refused = [{ sequence: sequence(1), reason: 'no', data: new Uint8Array(0) }];
  const follower = new Transcript().tell({ kind: 'opened', heads: heads(1, 1) });
  follower.tell({ kind: 'read', deliveries: [delivery(1)] });
  follower.tell({ kind: 'evaluated', evaluated: 1, refused }).asks({ kind: 'deadLetter', refused });
  follower.tell({ kind: 'failed', code: 'unavailable', message: '' }).asks({ kind: 'backOff' });
  follower.tell({ kind: 'waited' }).asks({ kind: 'open', after: sequence(0) });
  follower.tell({ kind: 'opened', heads: heads(1, 1) });
  follower.tell({ kind: 'read', deliveries: [delivery(1)] });
  follower.tell({ kind: 'evaluated', evaluated: 1, refused }).tell({ kind: 'deadLettered' });
  follower.asks({ kind: 'commit', sequence: sequence(1), count: 1 });
});

test('an unreadable entry is fetched again from any server before it counts as poison', () => {
  const follower = new Transcript().tell({ kind: 'opened', heads: heads(2, 9) });
  follower.tell({ kind: 'read', deliveries: [delivery(4, 'bad'), delivery(9)] });
  follower.asks({ kind: 'refetch', after: sequence(3), upTo: sequence(4) });
  follower.tell({ kind: 'refetched', deliveries: [delivery(4)], missing: [] });
  follower.asks({ kind: 'evaluate', deliveries: [delivery(4), delivery(9)] });
});

test('an entry of a later feature level is never passed over: what is before it is applied, then the replica halts', () => {
  const newer: Delivery = { ...delivery(9), content: { kind: 'newer', reason: 'level 2' } };
  const follower = new Transcript().tell({ kind: 'opened', heads: heads(3, 12) });
  follower.tell({ kind: 'read', deliveries: [delivery(4), newer, delivery(12)] });
  follower.asks({ kind: 'evaluate', deliveries: [delivery(4)] });
  follower.tell({ kind: 'evaluated', evaluated: 1, refused: [] }).tell({ kind: 'committed' });
  assert.equal(follower.state.applied, 4);
  const { phase } = follower.state;
  assert.deepEqual(phase, { kind: 'halted', halt: { needs: 'operator', reason: 'level 2' } });
});

test('what was delivered before is passed over, what is out of order is read again', () => {
  const follower = new Transcript(4).tell({ kind: 'opened', heads: heads(5, 6) });
  follower.tell({ kind: 'read', deliveries: [3, 4, 6, 6].map((at) => delivery(at)) });
  follower.asks({ kind: 'evaluate', deliveries: [delivery(6)] });
  const other = new Transcript().tell({ kind: 'opened', heads: heads(2, 6) });
  other.tell({ kind: 'read', deliveries: [delivery(6), delivery(4)] }).asks({ kind: 'backOff' });
});

test('entries that the reader passed over are fetched before later ones are evaluated', () => {
  const follower = new Transcript().tell({ kind: 'opened', heads: heads(3, 6) });
  follower.tell({ kind: 'read', deliveries: [delivery(2), delivery(6)] });
  follower.asks({ kind: 'refetch', after: sequence(0), upTo: sequence(6) });
  const found = [2, 4, 6].map((at) => delivery(at));
  follower.tell({ kind: 'refetched', deliveries: found, missing: [] });
  follower.asks({ kind: 'evaluate', deliveries: found });
});

test('an entry that no server has any more halts the replica', () => {
  const follower = new Transcript().tell({ kind: 'opened', heads: heads(3, 6) });
  follower.tell({ kind: 'read', deliveries: [delivery(2), delivery(6)] });
  const found = [delivery(2), delivery(6)];
  follower.tell({ kind: 'refetched', deliveries: found, missing: [sequence(4)] });
  assert.equal(follower.halt?.needs, 'operator');
});

test('a missing sequence of another shard does not halt the replica', () => {
  const follower = new Transcript().tell({ kind: 'opened', heads: heads(2, 6) });
  follower.tell({ kind: 'read', deliveries: [] }).asks({ kind: 'check' });
  for (let round = 0; round < 2; round++) {
    follower.tell({ kind: 'checked', heads: heads(2, 6) });
    if (follower.task.kind === 'open') follower.tell({ kind: 'opened', heads: heads(2, 6) });
    follower.tell({ kind: 'read', deliveries: [] });
  }
  follower.tell({ kind: 'checked', heads: heads(2, 6) }).asks({ kind: 'refetch' });
  const found = [delivery(2), delivery(6)];
  follower.tell({ kind: 'refetched', deliveries: found, missing: [sequence(3)] });
  follower.asks({ kind: 'evaluate', deliveries: found });
});

test('a silent reader is asked once more, then replaced, then done without', () => {
  const follower = new Transcript().tell({ kind: 'opened', heads: heads(1, 1) });
  const silence = () =>
    follower.tell({ kind: 'read', deliveries: [] }).tell({ kind: 'checked', heads: heads(1, 1) });
  silence().asks({ kind: 'read' });
  silence().asks({ kind: 'open' });
  follower.tell({ kind: 'opened', heads: heads(1, 1) });
  silence().asks({ kind: 'refetch', after: sequence(0), upTo: sequence(1) });
});

test('a quiet shard is looked at less and less often, and at once again after an entry', () => {
  const follower = new Transcript(9, 4).tell({ kind: 'opened', heads: heads(4, 9) });
  const waits: number[] = [];
  const look = () => {
    if (follower.task.kind === 'read') waits.push(follower.task.waitMs);
    follower.tell({ kind: 'read', deliveries: [] }).tell({ kind: 'checked', heads: heads(4, 9) });
  };
  for (let looks = 0; looks < 7; looks++) look();
  assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  follower.applies(10).asks({ kind: 'read', waitMs: 1_000 });
});

test('a shard that has more than came is looked at soon, however quiet it was', () => {
  const follower = new Transcript(9, 4).tell({ kind: 'opened', heads: heads(4, 9) });
  for (let looks = 0; looks < 7; looks++) {
    follower.tell({ kind: 'read', deliveries: [] }).tell({ kind: 'checked', heads: heads(4, 9) });
  }
  follower.tell({ kind: 'read', deliveries: [] }).tell({ kind: 'checked', heads: heads(5, 11) });
  follower.asks({ kind: 'read', waitMs: 1_000 });
});

test('entries that were passed over for good are noticed when the shard is idle', () => {
  const follower = new Transcript(9, 4).tell({ kind: 'opened', heads: heads(5, 9) });
  follower.tell({ kind: 'read', deliveries: [] }).tell({ kind: 'checked', heads: heads(5, 9) });
  assert.equal(follower.halt?.needs, 'rebuild');
});

test('a server that counts too few is reported and does not stop the replica', () => {
  const follower = new Transcript(9, 6).tell({ kind: 'opened', heads: heads(6, 9) });
  follower.tell({ kind: 'read', deliveries: [] }).tell({ kind: 'checked', heads: heads(5, 9) });
  follower.asks({ kind: 'read' });
  assert.equal(follower.warnings.length, 1);
});

test('a stream that no longer reaches back asks for a transfer', () => {
  const purged = heads(1, 20, { streamFirst: sequence(15) });
  const follower = new Transcript(9).tell({ kind: 'opened', heads: purged });
  assert.equal(follower.halt?.needs, 'transfer');
});

test('one entry purged too many is noticed, and none too few is believed', () => {
  const purgedTo = (first: number) => {
    const after = heads(20 - first + 1, 20, { streamFirst: sequence(first) });
    return new Transcript(9).tell({ kind: 'opened', heads: after });
  };
  purgedTo(10).asks({ kind: 'read' });
  assert.equal(purgedTo(11).halt?.needs, 'transfer');
});

test('an idle replica lets the stream be purged past its last entry', () => {
  const far = heads(1, 1, { streamLast: sequence(5_000) });
  const follower = new Transcript(1).tell({ kind: 'opened', heads: far });
  follower.tell({ kind: 'read', deliveries: [] }).tell({ kind: 'checked', heads: far });
  follower.asks({ kind: 'commit', sequence: sequence(5_000), count: 1 });
});

test('a stream that ends before what is applied is doubted first and then believed', () => {
  const follower = new Transcript(9);
  for (let round = 0; round < 5; round++) {
    follower.tell({ kind: 'opened', heads: heads(3, 3) }).asks({ kind: 'backOff' });
    follower.tell({ kind: 'waited' }).asks({ kind: 'open' });
  }
  follower.tell({ kind: 'opened', heads: heads(3, 3) });
  assert.equal(follower.halt?.needs, 'operator');
});

test('a damaged store halts the replica, a server out of reach does not', () => {
  const follower = new Transcript().tell({ kind: 'opened', heads: heads(1, 1) });
  follower.tell({ kind: 'read', deliveries: [delivery(1)] });
  follower.tell({ kind: 'failed', code: 'corrupt', message: 'bad record' });
  assert.deepEqual(follower.halt, { needs: 'rebuild', reason: 'bad record' });
  const other = new Transcript();
  for (let round = 1; round <= 50; round++) {
    other.tell({ kind: 'failed', code: 'unavailable', message: '' });
    other.asks({ kind: 'backOff', failures: round }).tell({ kind: 'waited' });
  }
  assert.equal(other.halt, undefined);
});

test('the store is flushed when it is time, not at each commit', () => {
  const follower = new Transcript().tell({ kind: 'opened', heads: heads(2, 2) });
  follower.applies(1);
  assert.equal(follower.flushes, 0);
  follower.nowMs = FOLLOWER_DEFAULTS.flushIntervalMs;
  follower.tell({ kind: 'read', deliveries: [delivery(2)] });
  follower.tell({ kind: 'checked', heads: heads(2, 2) });
  follower.tell({ kind: 'evaluated', evaluated: 1, refused: [] }).tell({ kind: 'committed' });
  assert.equal(follower.flushes, 1);
});

test('for any answers of the server, entries are committed in order and none is passed over', () => {
  const script = fc.array(fc.record({ what: fc.nat(5), size: fc.nat(4), bad: fc.boolean() }), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(script, (turns) => {
      const follower = new Transcript();
      const last = 20;
      for (const { what, size, bad } of turns) {
        const { applied } = follower.state;
        const upTo = Math.min(last, applied + size);
        const run = (from: number, to: number) =>
          Array.from({ length: Math.max(0, to - from) }, (_, i) => delivery(from + 1 + i));
        if (bad && follower.task.kind !== 'rest' && what < 3) {
          const code = (['unavailable', 'timeout', 'precondition_failed'] as const)[what];
          follower.tell({ kind: 'failed', code: code ?? 'unavailable', message: '' });
          continue;
        }
        follower.tell(answer(follower.task, what, upTo, run, heads(last, last)));
        assert(follower.state.applied >= applied);
        assert.equal(follower.state.applied, follower.state.appliedCount);
        assert.equal(follower.halt, undefined);
      }
    }),
    { numRuns: 500 },
  );
});

/** A shard that owns every sequence, so that applied sequence and count must agree. */
function answer(
  task: FollowerTask,
  what: number,
  upTo: number,
  run: (from: number, to: number) => Delivery[],
  all: Heads,
): Told {
  switch (task.kind) {
    case 'open':
      return { kind: 'opened', heads: all };
    case 'read':
      return { kind: 'read', deliveries: run(Math.max(0, upTo - 4 - what), upTo) };
    case 'evaluate':
      return { kind: 'evaluated', evaluated: 1 + (what % task.deliveries.length), refused: [] };
    case 'deadLetter':
      return { kind: 'deadLettered' };
    case 'commit':
      return { kind: 'committed' };
    case 'check':
      return { kind: 'checked', heads: all };
    case 'refetch':
      return {
        kind: 'refetched',
        deliveries: run(task.after, task.upTo),
        missing: [] as Sequence[],
      };
    case 'backOff':
      return { kind: 'waited' };
    case 'rest':
      return { kind: 'failed', code: 'cancelled', message: '' };
  }
}

test('an entry of several messages counts as many, and is fetched again from its first', () => {
  const follower = new Transcript().asks({ kind: 'open', after: sequence(0) });
  follower.tell({ kind: 'opened', heads: heads(5, 5) });
  follower.tell({ kind: 'read', deliveries: [delivery(1), delivery(5, 'broken', 4)] });
  follower.asks({ kind: 'evaluate', deliveries: [delivery(1)] });
  follower.tell({ kind: 'evaluated', evaluated: 1, refused: [] });
  follower.asks({ kind: 'commit', sequence: sequence(1), count: 1 }).tell({ kind: 'committed' });
  follower.asks({ kind: 'refetch', after: sequence(1), upTo: sequence(5) });
  const whole = delivery(5, undefined, 4);
  follower.tell({ kind: 'refetched', deliveries: [whole], missing: [] });
  follower.asks({ kind: 'evaluate', deliveries: [whole] });
  follower.tell({ kind: 'evaluated', evaluated: 1, refused: [] });
  follower.asks({ kind: 'commit', sequence: sequence(5), count: 5 });
});

test('an entry that ends behind what is fetched again is taken from there, once', () => {
  const follower = new Transcript();
  follower.tell({ kind: 'opened', heads: heads(6, 6) });
  const large = delivery(4, undefined, 3);
  const [unsound, sound, last] = [delivery(1, 'broken'), delivery(1), delivery(6)];
  // One message less than is counted, of which the window of what is fetched again holds a part.
  follower.tell({ kind: 'read', deliveries: [unsound, large, last] });
  follower.asks({ kind: 'refetch', after: sequence(0), upTo: sequence(6) });
  follower.tell({ kind: 'refetched', deliveries: [sound, large, delivery(5), last], missing: [] });
  follower.asks({ kind: 'evaluate', deliveries: [sound, large, delivery(5), last] });
  follower.tell({ kind: 'evaluated', evaluated: 4, refused: [] });
  follower.asks({ kind: 'commit', sequence: sequence(6), count: 6 });
});
