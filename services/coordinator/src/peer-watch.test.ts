import assert from 'node:assert/strict';
import test from 'node:test';
import { type PeerId, peerId } from '@tributary/model';
import fc from 'fast-check';
import { NOBODY_WATCHED, type PeerWatchEvent, silentPeers, step } from './peer-watch.ts';

const [one, two] = [peerId(1), peerId(2)];

function run(events: readonly PeerWatchEvent[]) {
  return events.reduce(step, NOBODY_WATCHED);
}

function pass(ms: number, ...peers: PeerId[]): PeerWatchEvent {
  return { kind: 'timePassed', ms, peers };
}

test('a peer is silent for the intervals in which it was not heard', () => {
  const watch = run([
    pass(500, one, two),
    pass(500, one, two),
    { kind: 'reported', peer: one },
    pass(500, one, two),
    pass(500, one, two),
  ]);
  assert.deepEqual(silentPeers(watch, 1_500), [two]);
  assert.deepEqual(silentPeers(watch, 500), [two, one]);
  assert.deepEqual(silentPeers(watch, 1_501), []);
});

test('a peer that just joined has not been silent, and one that left is forgotten', () => {
  const watch = run([pass(9_000, one), pass(9_000, one, two)]);
  assert.deepEqual(silentPeers(watch, 1), [one]);
  assert.deepEqual(silentPeers(step(watch, pass(1, two)), 1), [two]);
});

test('having been cut off says nothing about the others', () => {
  const watch = run([pass(0, one, two), pass(9_000, one, two), { kind: 'wasCutOff' }]);
  assert.deepEqual(silentPeers(watch, 1), []);
  // The interval under way began with it, and is none of silence either.
  const later = step(watch, pass(9_000, one, two));
  assert.deepEqual(silentPeers(later, 1), []);
  assert.deepEqual(silentPeers(step(later, pass(1, one)), 1), [one]);
});

test('a peer heard in every interval is never silent, no matter what else happens', () => {
  const others = fc.array(
    fc.oneof(
      fc.constant<PeerWatchEvent>({ kind: 'wasCutOff' }),
      fc.constant<PeerWatchEvent>({ kind: 'reported', peer: two }),
    ),
    { maxLength: 3 },
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(others, fc.nat(5_000))), (rounds) => {
      let watch = NOBODY_WATCHED;
      for (const [events, ms] of rounds) {
        watch = step(watch, pass(ms, one, two));
        assert.ok(!silentPeers(watch, 1).includes(one));
        watch = step(watch, { kind: 'reported', peer: one });
        watch = events.reduce(step, watch);
      }
    }),
  );
});
