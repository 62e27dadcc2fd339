// The contracts of `MetadataLog` and `LeaseStore` as tests. Every adapter registers them against itself.

import assert from 'node:assert/strict';
import test from 'node:test';
import { peerId, type Sequence, sequence } from '@tributary/model';
import type { MetadataEvent } from './metadata-event.ts';
import type { LeaseStore, MetadataLog, SequencedEvent } from './metadata-log.ts';
import { EMPTY_METADATA, type MetadataState } from './metadata-state.ts';
import { reduce } from './reducer.ts';

export interface MetadataLogSubject {
  /** One more client of the same log, which is empty at first. */
  open(): Promise<MetadataLog>;
  dispose(): Promise<void>;
}

export interface LeaseStoreSubject {
  /** One more client of the same lease, which no one holds at first. */
  open(): Promise<LeaseStore>;
  passTime(ms: number): Promise<void>;
  dispose(): Promise<void>;
  /** Time to live that the store can keep to; 1,000 ms where not given. */
  readonly ttlMs?: number;
}

/** Longest that any test waits for an event, in milliseconds. */
const PATIENCE_MS = 10_000;
const NONE = sequence(0);

export function metadataLogConformance(
  name: string,
  create: () => Promise<MetadataLogSubject>,
): void {
  const check = checking(name, create);
  appendTests(check);
  snapshotTests(check);
}

type Check<S> = (property: string, body: (subject: S) => Promise<void>) => void;

/** Makes tests of a property, each with a subject of its own. */
function checking<S extends { dispose: () => Promise<void> }>(
  name: string,
  create: () => Promise<S>,
): Check<S> {
  return (property, body) => {
    test(`${name}: ${property}`, async () => {
      const subject = await create();
      try {
        await body(subject);
      } finally {
        await subject.dispose();
      }
    });
  };
}

function appendTests(check: Check<MetadataLogSubject>): void {
  check('an empty log has the last sequence 0 and no snapshot', async ({ open }) => {
    const log = await open();
    assert.equal(await log.lastSequence(), 0);
    assert.equal(await log.loadSnapshot(), undefined);
  });

  check('every client reads the events in the order of their sequences', async ({ open }) => {
    const [writer, reader] = [await open(), await open()];
    const appended = await appendPeers(writer, NONE, 5);
    assert.deepEqual(await readUntil(reader, NONE, appended.at(-1)?.sequence), appended);
    assert.equal(await reader.lastSequence(), appended.at(-1)?.sequence);
  });

  check('following from a sequence starts after it', async ({ open }) => {
    const log = await open();
    const appended = await appendPeers(log, NONE, 4);
    const after = appended[1]?.sequence ?? NONE;
    assert.deepEqual(await readUntil(log, after, appended.at(-1)?.sequence), appended.slice(2));
  });

  check('a follower gets the events that come later', async ({ open }) => {
    const [writer, reader] = [await open(), await open()];
    const early = await appendPeers(writer, NONE, 1);
    const last = early.at(-1)?.sequence ?? NONE;
    const reading = readCount(reader, NONE, 3);
    const late = await appendPeers(writer, last, 2);
    assert.deepEqual(await reading, [...early, ...late]);
  });

  check('an append whose expected sequence is not the last is refused', async ({ open }) => {
    const [one, two] = [await open(), await open()];
    const [first] = await appendPeers(one, NONE, 1);
    await assert.rejects(two.append(joined(9), NONE), { code: 'precondition_failed' });
    const beyond = sequence((first?.sequence ?? 0) + 1);
    await assert.rejects(two.append(joined(9), beyond), { code: 'precondition_failed' });
    assert.equal(await two.lastSequence(), first?.sequence);
  });

  check('of several appends for one place exactly one wins', async ({ open }) => {
    const logs = await Promise.all(Array.from({ length: 5 }, open));
    const outcomes = await Promise.allSettled(
      logs.map((log, index) => log.append(joined(index + 1), NONE)),
    );
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
    const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') {
        assert.equal(outcome.reason.code, 'precondition_failed');
      }
    }
    const [reader] = logs;
    assert.ok(reader);
    const [only] = await readUntil(reader, NONE, await reader.lastSequence());
    assert.deepEqual(only?.event, joined(winner + 1));
  });

  check('an event of any kind is read as it was written', async ({ open }) => {
    const [writer, reader] = [await open(), await open()];
    const actions = [
      { kind: 'create' as const, alias: 'a', collection: 'b' },
      { kind: 'rename' as const, from: 'a', to: 'c' },
      { kind: 'delete' as const, alias: 'c' },
    ];
    const at = await writer.append({ kind: 'aliasesChanged', actions }, NONE);
    const [read] = await readUntil(reader, NONE, at);
    assert.deepEqual(read?.event, { kind: 'aliasesChanged', actions });
  });

  check('a follower ends when its signal aborts', async ({ open }) => {
    const log = await open();
    const controller = new AbortController();
    const reading = (async () => {
      for await (const _ of log.follow(NONE, controller.signal)) assert.fail('the log is empty');
    })();
    setTimeout(() => controller.abort(), 20);
    await withPatience(reading);
  });
}

function snapshotTests(check: Check<MetadataLogSubject>): void {
  check('a stored fold is loaded as it was, and the log goes on after it', async ({ open }) => {
    const [writer, reader] = [await open(), await open()];
    const state = fold(await appendPeers(writer, NONE, 3));
    await writer.storeSnapshot(state);
    assert.deepEqual(await reader.loadSnapshot(), state);
    assert.equal(await reader.lastSequence(), state.sequence);
    const late = await appendPeers(reader, state.sequence, 2);
    assert.deepEqual(await readUntil(reader, state.sequence, late.at(-1)?.sequence), late);
  });

  check('following from before what was let go of is refused, never a hole', async ({ open }) => {
    const log = await open();
    const appended = await appendPeers(log, NONE, 3);
    await log.storeSnapshot(fold(appended));
    const last = appended.at(-1)?.sequence ?? NONE;
    await appendPeers(log, last, 1);
    await assert.rejects(readCount(log, NONE, 1), { code: 'precondition_failed' });
  });

  check('an older fold does not take the place of a newer one', async ({ open }) => {
    const log = await open();
    const appended = await appendPeers(log, NONE, 4);
    await log.storeSnapshot(fold(appended));
    await log.storeSnapshot(fold(appended.slice(0, 2)));
    assert.deepEqual(await log.loadSnapshot(), fold(appended));
  });

  check('events after the fold stay', async ({ open }) => {
    const log = await open();
    const appended = await appendPeers(log, NONE, 5);
    const state = fold(appended.slice(0, 3));
    await log.storeSnapshot(state);
    const rest = await readUntil(log, state.sequence, appended.at(-1)?.sequence);
    assert.deepEqual(rest, appended.slice(3));
  });
}

export function leaseStoreConformance(
  name: string,
  create: () => Promise<LeaseStoreSubject>,
): void {
  const check = checking(name, create);
  const ttlOf = (subject: LeaseStoreSubject) => subject.ttlMs ?? 1_000;

  check('no one holds a new lease', async ({ open }) => {
    assert.equal(await (await open()).current(), undefined);
  });

  check('the first to ask gets it and everybody sees who holds it', async (subject) => {
    const [one, two] = [await subject.open(), await subject.open()];
    const lease = await one.acquire('one', ttlOf(subject));
    assert.equal(lease.holder, 'one');
    assert.deepEqual(await two.acquire('two', ttlOf(subject)), lease);
    assert.deepEqual(await two.current(), lease);
  });

  check('of several that ask at once exactly one gets it', async (subject) => {
    const holders = ['a', 'b', 'c', 'd'];
    const leases = await Promise.all(
      holders.map(async (holder) => (await subject.open()).acquire(holder, ttlOf(subject))),
    );
    assert.equal(new Set(leases.map(({ holder }) => holder)).size, 1);
  });

  check('a lease that is renewed outlives its time to live in one term', async (subject) => {
    const ttlMs = ttlOf(subject);
    const [one, two] = [await subject.open(), await subject.open()];
    const lease = await one.acquire('one', ttlMs);
    for (let i = 0; i < 4; i++) {
      await subject.passTime(ttlMs / 2);
      assert.deepEqual(await one.acquire('one', ttlMs), lease);
      assert.deepEqual(await two.acquire('two', ttlMs), lease);
    }
  });

  check('a lease that is not renewed goes to the next, in a higher term', async (subject) => {
    const ttlMs = ttlOf(subject);
    const [one, two] = [await subject.open(), await subject.open()];
    const old = await one.acquire('one', ttlMs);
    assert.deepEqual(await two.acquire('two', ttlMs), old);
    await subject.passTime(2 * ttlMs);
    const lease = await two.acquire('two', ttlMs);
    assert.equal(lease.holder, 'two');
    assert.ok(lease.term > old.term);
    assert.deepEqual(await one.acquire('one', ttlMs), lease);
  });

  check('a lease given up is free at once; only its holder can give it up', async (subject) => {
    const ttlMs = ttlOf(subject);
    const [one, two] = [await subject.open(), await subject.open()];
    const old = await one.acquire('one', ttlMs);
    await two.release('two');
    assert.deepEqual(await two.acquire('two', ttlMs), old);
    await one.release('one');
    assert.equal(await two.current(), undefined);
    const lease = await two.acquire('two', ttlMs);
    assert.equal(lease.holder, 'two');
    assert.ok(lease.term > old.term);
  });
}

function joined(peer: number): MetadataEvent {
  const uri = `http://127.0.0.1:${6000 + peer}`;
  return { kind: 'peerJoined', peer: peerId(peer), uri, version: '1.0.0', featureLevel: 1 };
}

async function appendPeers(
  log: MetadataLog,
  after: Sequence,
  count: number,
): Promise<SequencedEvent[]> {
  const appended: SequencedEvent[] = [];
  let last = after;
  for (let i = 0; i < count; i++) {
    const event = joined(last + i + 1);
    last = await log.append(event, last);
    appended.push({ sequence: last, event });
  }
  return appended;
}

function fold(events: readonly SequencedEvent[]): MetadataState {
  return events.reduce(
    (state, { event, sequence }) => reduce(state, event, sequence),
    EMPTY_METADATA,
  );
}

/** The events after `after` up to and with `until`. */
function readUntil(
  log: MetadataLog,
  after: Sequence,
  until: Sequence | undefined,
): Promise<SequencedEvent[]> {
  return read(log, after, (events) => (events.at(-1)?.sequence ?? 0) >= (until ?? Infinity));
}

function readCount(log: MetadataLog, after: Sequence, count: number): Promise<SequencedEvent[]> {
  return read(log, after, (events) => events.length >= count);
}

async function read(
  log: MetadataLog,
  after: Sequence,
  isEnough: (events: readonly SequencedEvent[]) => boolean,
): Promise<SequencedEvent[]> {
  const events: SequencedEvent[] = [];
  const controller = new AbortController();
  const reading = (async () => {
    for await (const sequenced of log.follow(after, controller.signal)) {
      events.push(sequenced);
      if (isEnough(events)) return events;
    }
    return events;
  })();
  try {
    return await withPatience(reading);
  } finally {
    controller.abort();
  }
}

async function withPatience<T>(promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`nothing in ${PATIENCE_MS} ms`)), PATIENCE_MS);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
