import assert from 'node:assert/strict';
import test from 'node:test';
import {
  COLLECTION_DEFAULTS,
  type CollectionConfig,
  collectionId,
  JSON_DEPTH_MAX,
  type JsonObject,
  peerId,
  type Sequence,
  shardId,
} from '@tributary/model';
import {
  type Random,
  SimulatedClock,
  seededRandom,
  silentLogger,
  TributaryError,
} from '@tributary/runtime';
import fc from 'fast-check';
import { foldAll, histories } from './arbitraries.ts';
import { MemoryMetadataLog } from './memory.ts';
import type { MetadataEvent } from './metadata-event.ts';
import type { MetadataLog, SequencedEvent } from './metadata-log.ts';
import { MetadataReplica } from './replica.ts';

const FOREVER = new AbortController().signal;

/** Peers that fold one log, each through a connection of its own. */
class Peers {
  readonly clock = new SimulatedClock();
  readonly log = new MemoryMetadataLog();
  readonly #stop = new AbortController();
  readonly #running: Promise<void>[] = [];

  join(connect: (log: MetadataLog) => MetadataLog = (log) => log, compactEvents = 128) {
    const replica = new MetadataReplica({
      log: connect(this.log),
      clock: this.clock,
      random: seededRandom(1),
      logger: silentLogger,
      compactEvents,
    });
    this.#running.push(replica.run(this.#stop.signal));
    return replica;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running);
  }
}

/** Loses answers: an append fails as `unknown_outcome` before or after it was made, or later than its answer. */
function unreliable(log: MetadataLog, random: Random): MetadataLog {
  return overriding(log, {
    append: async (event, expected) => {
      const fate = random.next();
      // Time for an append that is late to come before this one.
      if (random.next() < 0.5) await new Promise((resolve) => setImmediate(resolve));
      if (fate < 0.2) throw unknownOutcome();
      if (fate < 0.3) {
        setImmediate(() => log.append(event, expected).catch(() => {}));
        throw unknownOutcome();
      }
      const sequence = await log.append(event, expected);
      if (fate < 0.6) throw unknownOutcome();
      return sequence;
    },
  });
}

function overriding(log: MetadataLog, part: Partial<MetadataLog>): MetadataLog {
  return {
    append: (event, expected, signal) => log.append(event, expected, signal),
    follow: (after, signal) => log.follow(after, signal),
    lastSequence: () => log.lastSequence(),
    loadSnapshot: () => log.loadSnapshot(),
    storeSnapshot: (state) => log.storeSnapshot(state),
    ...part,
  };
}

function unknownOutcome(): TributaryError {
  return new TributaryError('unknown_outcome', 'no answer');
}

function joined(peer: number): MetadataEvent {
  return {
    kind: 'peerJoined',
    peer: peerId(peer),
    uri: `http://p${peer}:1`,
    version: '1',
    featureLevel: 1,
  };
}

test('every peer comes to the fold of the whole log, also one that starts from a snapshot', async () => {
  await fc.assert(
    fc.asyncProperty(histories, fc.integer({ min: 1, max: 20 }), async (history, compact) => {
      await using peers = new Peers();
      const proposer = peers.join(undefined, compact);
      const early = peers.join();
      for (const { event } of history) await proposer.propose(() => event, FOREVER);
      const late = peers.join();
      const expected = foldAll(history);
      for (const replica of [proposer, early, late]) {
        const state = await waitWithClock(peers, replica.sync(FOREVER));
        assert.deepEqual(state, expected);
      }
    }),
    { numRuns: 30 },
  );
});

test('of many peers that claim one name exactly one wins, however many answers are lost', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      await using peers = new Peers();
      const first = peers.join();
      await first.propose(() => joined(1), FOREVER);
      const { config } = created(0);
      const claims = [1, 2, 3, 4].map(async (claimant) => {
        const random = seededRandom(seed + claimant);
        const replica = peers.join((log) => unreliable(log, random));
        await replica.sync(FOREVER);
        const id = collectionId(`claim-${claimant}`);
        const state = await replica.propose((current) => {
          if (current.collections.has('prize')) {
            throw new TributaryError('already_exists', 'taken');
          }
          return { ...created(claimant), id, config };
        }, FOREVER);
        return { id, state };
      });
      const outcomes = await Promise.allSettled(claims);
      const winners = outcomes.filter((outcome) => outcome.status === 'fulfilled');
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') assert.equal(outcome.reason.code, 'already_exists');
      }
      assert.equal(winners.length, 1);
      const [winner] = winners;
      const final = await first.sync(FOREVER);
      assert.equal(final.collections.get('prize')?.id, winner?.value.id);
      assert.equal(final.sequence, 2);
    }),
    { numRuns: 60 },
  );
});

test('a change that is made through lost answers is made once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), async (seed) => {
      await using peers = new Peers();
      const random = seededRandom(seed);
      const replicas = [1, 2, 3].map(() => peers.join((log) => unreliable(log, random)));
      await Promise.all(
        replicas.flatMap((replica, index) =>
          [1, 2, 3].map((n) => replica.propose(() => joined(10 * index + n), FOREVER)),
        ),
      );
      const state = await replicas[0]?.sync(FOREVER);
      assert.equal(state?.peers.size, 9);
      assert.equal(state?.sequence, 9);
    }),
    { numRuns: 60 },
  );
});

test('a proposal is refused with the reason of the reducer, or with what decide throws', async () => {
  await using peers = new Peers();
  const replica = peers.join();
  await assert.rejects(
    replica.propose(() => ({ kind: 'peerRemoved', peer: peerId(7) }), FOREVER),
    { code: 'bad_request', message: 'Peer 7 does not exist' },
  );
  const refusal = new TributaryError('not_found', 'nothing there');
  const decide = () => {
    throw refusal;
  };
  await assert.rejects(replica.propose(decide, FOREVER), refusal);
  assert.equal(replica.state.sequence, 0);
});

test('a change that is too large or could not be read back is refused before it is in the log', async () => {
  await using peers = new Peers();
  const replica = peers.join();
  const id = collectionId('c1');
  const config: CollectionConfig = {
    ...COLLECTION_DEFAULTS,
    vectors: { '': { size: 4, distance: 'Dot' } },
  };
  await replica.propose(() => joined(1), FOREVER);
  const made = { kind: 'collectionCreated' as const, id, name: 'books', config };
  await replica.propose(
    () => ({ ...made, shards: [{ id: shardId(0), peers: [peerId(1)] }] }),
    FOREVER,
  );
  const update = (metadata: JsonObject) =>
    replica.propose(
      () => ({ kind: 'collectionUpdated', id, config: { ...config, metadata } }),
      FOREVER,
    );
  const nested = (levels: number): JsonObject => (levels === 0 ? {} : { a: nested(levels - 1) });
  await update(nested(JSON_DEPTH_MAX));
  const { sequence } = replica.state;
  await assert.rejects(update({ a: 'x'.repeat(600_000) }), { code: 'too_large' });
  await assert.rejects(update(nested(300)), { code: 'bad_request', message: /nested deeper/ });
  assert.equal(replica.state.sequence, sequence);
  const other = peers.join();
  await other.sync(FOREVER);
  assert.deepEqual(other.state, replica.state);
});

test('a proposal of nothing changes nothing', async () => {
  await using peers = new Peers();
  const replica = peers.join();
  assert.equal((await replica.propose(() => undefined, FOREVER)).sequence, 0);
});

test('without a quorum a proposal fails and the fold stays readable', async () => {
  await using peers = new Peers();
  let hasQuorum = true;
  const replica = peers.join((log) =>
    overriding(log, {
      append: async (event, expected) => {
        if (!hasQuorum) throw new TributaryError('unavailable', 'no quorum');
        return log.append(event, expected);
      },
    }),
  );
  await replica.propose(() => joined(1), FOREVER);
  hasQuorum = false;
  await assert.rejects(
    replica.propose(() => joined(2), FOREVER),
    { code: 'unavailable' },
  );
  assert.equal(replica.state.peers.size, 1);
  hasQuorum = true;
  assert.equal((await replica.propose(() => joined(2), FOREVER)).peers.size, 2);
});

test('waiting and proposing end with the reason of the signal', async () => {
  await using peers = new Peers();
  const replica = peers.join((log) =>
    overriding(log, { append: () => new Promise<Sequence>(() => {}) }),
  );
  const controller = new AbortController();
  const reason = new TributaryError('timeout', 'too long');
  const waiting = replica.waitFor(() => false, controller.signal);
  const queued = [1, 2].map((n) => replica.propose(() => joined(n), controller.signal));
  setImmediate(() => controller.abort(reason));
  await assert.rejects(waiting, reason);
  // The first hangs in the log, which has no answer to give; the second has not been sent.
  await assert.rejects(queued[1] ?? Promise.resolve(), reason);
  queued[0]?.catch(() => {});
});

test('a proposal that is given up while the log is out of reach fails and nothing else does', async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', note);
  try {
    await using peers = new Peers();
    const given = new AbortController();
    const replica = peers.join((log) =>
      overriding(log, {
        append: async () => {
          given.abort(new TributaryError('timeout', 'given up'));
          throw unknownOutcome();
        },
        lastSequence: async () => {
          throw new TributaryError('unavailable', 'out of reach');
        },
      }),
    );
    await assert.rejects(
      replica.propose(() => joined(1), given.signal),
      { code: 'timeout' },
    );
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(unhandled, []);
  } finally {
    process.off('unhandledRejection', note);
  }
});

test('a log that breaks off is followed again from where it broke', async () => {
  await using peers = new Peers();
  let breaks = 3;
  const replica = peers.join((log) =>
    overriding(log, {
      follow: async function* (after, signal): AsyncIterable<SequencedEvent> {
        for await (const event of log.follow(after, signal)) {
          yield event;
          if (breaks-- > 0) throw new TributaryError('unavailable', 'connection lost');
        }
      },
    }),
  );
  const writer = peers.join();
  for (let n = 1; n <= 6; n++) await writer.propose(() => joined(n), FOREVER);
  const state = await waitWithClock(peers, replica.sync(FOREVER));
  assert.deepEqual(state, writer.state);
});

test('an event that makes no sense stops the fold and everybody who waits for it', async () => {
  const log = new MemoryMetadataLog();
  await log.append({ kind: 'peerRemoved', peer: peerId(1) }, foldAll([]).sequence);
  const replica = new MetadataReplica({
    log,
    clock: new SimulatedClock(),
    random: seededRandom(1),
    logger: silentLogger,
  });
  const waiting = replica.waitFor(({ sequence }) => sequence > 0, FOREVER);
  const running = replica.run(FOREVER);
  await assert.rejects(waiting, { code: 'corrupt' });
  await assert.rejects(running, { code: 'corrupt' });
  await assert.rejects(
    replica.propose(() => joined(1), FOREVER),
    { code: 'corrupt' },
  );
});

test('a listener hears of every event in order until it is disposed of', async () => {
  await using peers = new Peers();
  const replica = peers.join();
  const heard: number[] = [];
  const subscription = replica.subscribe((state) => heard.push(state.sequence));
  for (let n = 1; n <= 3; n++) await replica.propose(() => joined(n), FOREVER);
  subscription[Symbol.dispose]();
  await replica.propose(() => joined(4), FOREVER);
  assert.deepEqual(heard, [1, 2, 3]);
});

test('a proposal is pending until it is decided, in every outcome', async () => {
  await using peers = new Peers();
  const replica = peers.join();
  assert.equal(replica.pendingProposals, 0);
  const proposals = [
    replica.propose(() => joined(1), FOREVER),
    replica.propose(() => {
      throw new TributaryError('wrong_input', 'refused');
    }, FOREVER),
  ];
  assert.equal(replica.pendingProposals, 2);
  await Promise.allSettled(proposals);
  assert.equal(replica.pendingProposals, 0);
});

function created(claimant: number) {
  const [event] = fc
    .sample(histories, { numRuns: 1, seed: 1 })
    .flatMap((history) => history.map(({ event }) => event))
    .filter((event) => event.kind === 'collectionCreated');
  assert.ok(event);
  const shards = event.shards.map(({ id }) => ({ id, peers: [peerId(1)] }));
  return { ...event, id: collectionId(`claim-${claimant}`), name: 'prize', shards };
}

/** Awaits the promise while the simulated time goes on, so that back-offs pass. */
async function waitWithClock<T>(peers: Peers, promise: Promise<T>): Promise<T> {
  let isSettled = false;
  const done = promise.finally(() => {
    isSettled = true;
  });
  done.catch(() => {});
  for (let i = 0; i < 1_000 && !isSettled; i++) await peers.clock.advance(100);
  assert.ok(isSettled, 'nothing came of it in 100 s');
  return done;
}
