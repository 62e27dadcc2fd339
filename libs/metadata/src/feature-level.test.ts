import assert from 'node:assert/strict';
import test from 'node:test';
import { peerId, sequence } from '@tributary/model';
import { SimulatedClock, seededRandom, silentLogger } from '@tributary/runtime';
import fc from 'fast-check';
import { events, foldAll, histories } from './arbitraries.ts';
import { decodeEvent, decodeState, encodeState } from './codec.ts';
import { EVENT_LEVELS, raiseDue, refuseKind } from './feature-level.ts';
import { MemoryMetadataLog } from './memory.ts';
import type { MetadataEvent } from './metadata-event.ts';
import type { MetadataLog } from './metadata-log.ts';
import { EMPTY_METADATA, type MetadataState } from './metadata-state.ts';
import { reduce, refusal } from './reducer.ts';
import { MetadataReplica } from './replica.ts';

function stateOf(featureLevel: number, ...peerLevels: number[]): MetadataState {
  const peers = peerLevels.map((level, index) => {
    const id = peerId(index + 1);
    return [
      id,
      { id, uri: `http://p${id}:1`, version: '1', featureLevel: level, state: 'normal' },
    ] as const;
  });
  return { ...EMPTY_METADATA, featureLevel, peers: new Map(peers) };
}

function raised(state: MetadataState, level: number): MetadataState {
  return reduce(state, { kind: 'featureLevelRaised', level }, sequence(state.sequence + 1));
}

function joined(peer: number, featureLevel: number): MetadataEvent {
  const uri = `http://p${peer}:1`;
  return { kind: 'peerJoined', peer: peerId(peer), uri, version: '1', featureLevel };
}

test('no event of a level above the cluster is accepted, of any kind', () => {
  fc.assert(
    fc.property(histories, events, (history, event) => {
      const state = { ...foldAll(history), featureLevel: 0 };
      assert.match(refusal(state, event) ?? '', /takes feature level 1, and the cluster is at 0/);
    }),
  );
});

test('a kind of a later level is refused until the cluster is there, naming the peer that is older', () => {
  const levels = { ...EVENT_LEVELS, quotasSet: 2 };
  assert.match(refuseKind(stateOf(1, 2, 1), 'quotasSet', levels) ?? '', /peer 2 is older$/);
  assert.match(refuseKind(stateOf(1, 2, 2), 'quotasSet', levels) ?? '', /not raised it yet$/);
  assert.equal(refuseKind(stateOf(2, 2, 2), 'quotasSet', levels), undefined);
  assert.equal(refuseKind(stateOf(1, 1), 'aliasesChanged', levels), undefined);
});

test('the level goes up only, and never above what a peer knows', () => {
  const raise = (state: MetadataState, level: number) =>
    refusal(state, { kind: 'featureLevelRaised', level }) ?? '';
  assert.match(raise(stateOf(1, 3, 2), 3), /Peer 2 knows feature level 2 only/);
  assert.match(raise(stateOf(2, 3, 3), 2), /at feature level 2 already/);
  assert.equal(raised(stateOf(1, 3, 2), 2).featureLevel, 2);
});

test('a peer that does not know the level of the cluster cannot join, one that does can', () => {
  const state = raised(stateOf(1, 2, 2), 2);
  assert.match(refusal(state, joined(3, 1)) ?? '', /Peer 3 knows feature level 1.*newer version/);
  assert.match(refusal(state, joined(1, 1)) ?? '', /Peer 1 knows feature level 1/);
  assert.equal(refusal(state, joined(3, 2)), undefined);
  assert.equal(refusal(state, joined(3, 5)), undefined);
});

test('the level that is due is what all peers and the proposer know', () => {
  assert.equal(raiseDue(stateOf(1, 3, 2), 1), undefined);
  assert.deepEqual(raiseDue(stateOf(1, 3, 2), 4), { kind: 'featureLevelRaised', level: 2 });
  assert.deepEqual(raiseDue(stateOf(1, 3, 3), 2), { kind: 'featureLevelRaised', level: 2 });
  assert.equal(raiseDue(stateOf(2, 3, 2), 4), undefined);
});

test('a fold of a later level is refused by a reader of this version, saying what to do', () => {
  const bytes = encodeState(raised(stateOf(1, 2), 2));
  assert.throws(() => decodeState(bytes), {
    code: 'corrupt',
    message: /takes feature level 2, this version knows 1: start a newer version/,
  });
});

test('a peer that lies about its version stops at the first event it does not know; the others go on', async () => {
  const log = new MemoryMetadataLog();
  const stop = new AbortController();
  const { signal } = stop;
  const fold = (through: MetadataLog) => {
    const around = { clock: new SimulatedClock(), random: seededRandom(1), logger: silentLogger };
    const replica = new MetadataReplica({ log: through, ...around });
    return { replica, running: replica.run(signal) };
  };
  const honest = fold(log);
  await honest.replica.propose(() => joined(1, 1), signal);
  const liar = fold(asReadByOlder(log));
  const stopped = assert.rejects(liar.running, {
    code: 'corrupt',
    message: /start a newer version/,
  });
  const before = await liar.replica.sync(signal);
  await honest.replica.propose(() => ({ kind: 'quotasSet', quotas: { enabled: true } }), signal);
  await honest.replica.propose(() => joined(2, 1), signal);
  await stopped;
  assert.deepEqual(liar.replica.state, before);
  const late = liar.replica.propose(() => joined(3, 1), signal);
  await assert.rejects(late, { code: 'corrupt' });
  assert.deepEqual([...honest.replica.state.peers.keys()], [1, 2]);
  stop.abort();
  await honest.running;
});

/** The log to a version that does not know quotas: as if their kind were of the next level. */
function asReadByOlder(log: MemoryMetadataLog): MetadataLog {
  const later = Buffer.from('{"version":2,"event":{"kind":"quotasSet","limits":{}}}');
  return {
    append: (event, expected, signal) => log.append(event, expected, signal),
    lastSequence: () => log.lastSequence(),
    loadSnapshot: () => log.loadSnapshot(),
    storeSnapshot: (state) => log.storeSnapshot(state),
    follow: async function* (after, signal) {
      for await (const each of log.follow(after, signal)) {
        yield each.event.kind === 'quotasSet' ? { ...each, event: decodeEvent(later) } : each;
      }
    },
  };
}
