import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import {
  COLLECTION_DEFAULTS,
  collectionId,
  type MemberState,
  type PeerId,
  peerId,
  sequence,
  shardId,
} from '@tributary/model';
import fc from 'fast-check';
import { events, foldAll, histories } from './arbitraries.ts';
import { decodeState, encodeState } from './codec.ts';
import { raiseDue } from './feature-level.ts';
import type { MetadataEvent } from './metadata-event.ts';
import { EMPTY_METADATA, type MetadataState } from './metadata-state.ts';
import { isShown, PEER_TRANSITIONS, takesReplicas } from './peers.ts';
import { reduce, refusal } from './reducer.ts';

const [ONE, TWO, THREE] = [peerId(1), peerId(2), peerId(3)];

function joined(peer: PeerId, featureLevel = 1, uri = `http://p${peer}:1`): MetadataEvent {
  return { kind: 'peerJoined', peer, uri, version: '1', featureLevel };
}

function changed(peer: PeerId, from: MemberState, to: MemberState): MetadataEvent {
  return { kind: 'peerStateChanged', peer, from, to };
}

function created(...placement: PeerId[]): MetadataEvent {
  const vectors = { '': { size: 2, distance: 'Dot' as const } };
  const config = { ...COLLECTION_DEFAULTS, vectors, shardNumber: 1 };
  return {
    kind: 'collectionCreated',
    id: collectionId('a'),
    name: 'books',
    config,
    shards: [{ id: shardId(0), peers: placement }],
  };
}

function fold(...history: MetadataEvent[]): MetadataState {
  return history.reduce(
    (state, event) => reduce(state, event, sequence(state.sequence + 1)),
    EMPTY_METADATA,
  );
}

/** A normal peer, so that others may be drained or removed. */
const STAYING = [joined(THREE, 2), changed(THREE, 'joining', 'normal')];

const TRANSITIONS = Object.entries(PEER_TRANSITIONS).flatMap(([from, to]) =>
  to.map((each) => `${from} to ${each}`),
);

const anyPeer = fc.constantFrom(ONE, TWO);
const anyState = fc.constantFrom<MemberState[]>('joining', 'normal', 'draining');
const peerEvents: fc.Arbitrary<MetadataEvent> = fc.oneof(
  { weight: 2, arbitrary: anyPeer.map((peer) => joined(peer)) },
  { weight: 8, arbitrary: fc.tuple(anyPeer, anyState, anyState).map((each) => changed(...each)) },
  { weight: 1, arbitrary: anyPeer.map((peer) => ({ kind: 'peerRemoved' as const, peer })) },
);

const stateOf = (state: MetadataState, peer: PeerId) => state.peers.get(peer)?.state;

test('the drawing of the states of a peer is the table of their transitions', () => {
  const text = readFileSync(path.join(import.meta.dirname, 'peers.ts'), 'utf8');
  const drawn = [...text.matchAll(/^\/\/ {3}(\w+) +(?:──► (\w+(?: \| \w+)*))? {2,}\w/gm)];
  assert.deepEqual(
    Object.fromEntries(drawn.map(([, from = '', to]) => [from, to?.split(' | ') ?? []])),
    PEER_TRANSITIONS,
  );
});

test('a peer goes through the states as the table says, under all events, and never comes back', () => {
  const reached = new Set<string>();
  const state = (of: MetadataState, peer: PeerId) =>
    of.removedPeers.has(peer) ? 'removed' : (stateOf(of, peer) ?? 'unknown');
  fc.assert(
    fc.property(fc.array(peerEvents, { maxLength: 40, size: 'max' }), (drawn) => {
      let before = EMPTY_METADATA;
      for (const event of drawn) {
        if (refusal(before, event) !== undefined) continue;
        const after = reduce(before, event, sequence(before.sequence + 1));
        for (const peer of [ONE, TWO]) {
          const [from, to] = [state(before, peer), state(after, peer)];
          if (from !== to) reached.add(`${from} to ${to}`);
        }
        for (const peer of after.removedPeers) assert.ok(!after.peers.has(peer));
        before = after;
      }
    }),
    { numRuns: 300, seed: 1 },
  );
  assert.deepEqual([...reached].sort(), [...TRANSITIONS, 'unknown to joining'].sort());
});

test('an id that was removed does not come back, after a stored fold neither', () => {
  const removed = fold(joined(ONE), joined(TWO), { kind: 'peerRemoved', peer: TWO });
  for (const state of [removed, decodeState(encodeState(removed))]) {
    assert.match(refusal(state, joined(TWO)) ?? '', /Peer 2 was removed.*new data folder/);
    assert.match(refusal(state, created(TWO)) ?? '', /Peer 2 does not exist/);
    assert.equal(refusal(state, joined(ONE)), undefined);
    assert.equal(refusal(state, joined(peerId(3))), undefined);
  }
});

test('what a removed peer says late changes nothing', () => {
  fc.assert(
    fc.property(histories, events, (history, event) => {
      const state = foldAll(history);
      if (!('peer' in event) || !state.removedPeers.has(event.peer)) return;
      assert.notEqual(refusal(state, event), undefined);
    }),
  );
});

test('a new address or version leaves a peer in its state', () => {
  const draining = fold(
    ...STAYING,
    joined(ONE),
    changed(ONE, 'joining', 'normal'),
    changed(ONE, 'normal', 'draining'),
  );
  const moved = reduce(draining, joined(ONE, 2, 'http://else:1'), sequence(9));
  assert.equal(stateOf(moved, ONE), 'draining');
  assert.equal(moved.peers.get(ONE)?.uri, 'http://else:1');
  assert.equal(moved.peers.get(ONE)?.featureLevel, 2);
});

test('of two changes from one state the second is refused, and so is one that the table lacks', () => {
  const state = fold(joined(ONE), changed(ONE, 'joining', 'normal'));
  assert.match(refusal(state, changed(ONE, 'joining', 'normal')) ?? '', /is normal, not joining/);
  assert.match(refusal(state, changed(ONE, 'normal', 'joining')) ?? '', /cannot go from normal/);
  assert.match(refusal(state, changed(TWO, 'joining', 'normal')) ?? '', /Peer 2 does not exist/);
});

test('a draining peer gets no replica and keeps those it has; it is not removed while it has one', () => {
  const drain = [changed(ONE, 'joining', 'normal'), changed(ONE, 'normal', 'draining')];
  const draining = fold(...STAYING, joined(ONE), ...drain);
  assert.match(
    refusal(draining, created(ONE)) ?? '',
    /Peer 1 is draining and takes no new replica/,
  );
  const holding = fold(...STAYING, joined(ONE), created(ONE), ...drain);
  assert.equal([...holding.collections.values()].length, 1);
  assert.match(refusal(holding, { kind: 'peerRemoved', peer: ONE }) ?? '', /shards on it/);
  const deleted = reduce(
    holding,
    { kind: 'collectionDeleted', id: collectionId('a') },
    sequence(9),
  );
  assert.equal(refusal(deleted, { kind: 'peerRemoved', peer: ONE }), undefined);
});

test('the last normal peer is neither drained nor removed, until another is normal', () => {
  const joining = fold(joined(ONE), joined(TWO), changed(ONE, 'joining', 'normal'));
  const refused = (state: MetadataState, peer: PeerId) =>
    [changed(peer, 'normal', 'draining'), { kind: 'peerRemoved' as const, peer }].map((event) =>
      /only normal peer .* let another peer join/.test(refusal(state, event) ?? ''),
    );
  assert.deepEqual(refused(joining, ONE), [true, true]);
  assert.equal(refusal(joining, { kind: 'peerRemoved', peer: TWO }), undefined);
  const both = reduce(joining, changed(TWO, 'joining', 'normal'), sequence(9));
  assert.deepEqual(refused(both, ONE), [false, false]);
  const draining = reduce(both, changed(TWO, 'normal', 'draining'), sequence(10));
  assert.deepEqual(refused(draining, ONE), [true, true]);
});

test('only a normal peer is one for new replicas, and clients see all but those that join', () => {
  const seen = (['joining', 'normal', 'draining'] as const).map((state) => {
    const peer = { id: ONE, uri: 'http://one:1', version: '1', featureLevel: 1, state };
    return [state, takesReplicas(peer), isShown(peer)];
  });
  assert.deepEqual(seen, [
    ['joining', false, false],
    ['normal', true, true],
    ['draining', false, true],
  ]);
});

test('a peer that is joining or draining holds up the feature level, one that was removed does not', () => {
  const joining = [joined(ONE, 2), joined(TWO, 1), changed(TWO, 'joining', 'normal')];
  const state = fold(...STAYING, ...joining);
  assert.equal(raiseDue(state, 2), undefined);
  const draining = reduce(state, changed(TWO, 'normal', 'draining'), sequence(9));
  assert.equal(raiseDue(draining, 2), undefined);
  const removed = reduce(draining, { kind: 'peerRemoved', peer: TWO }, sequence(10));
  assert.deepEqual(raiseDue(removed, 2), { kind: 'featureLevelRaised', level: 2 });
});
