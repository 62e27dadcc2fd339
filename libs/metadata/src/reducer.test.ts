import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { collectionId, peerId, sequence, shardId } from '@tributary/model';
import fc from 'fast-check';
import { BEGINNING_LENGTH, events, foldAll, histories } from './arbitraries.ts';
import { decodeState, encodeState } from './codec.ts';
import type { MetadataEvent } from './metadata-event.ts';
import type { MetadataState } from './metadata-state.ts';
import { reduce, refusal } from './reducer.ts';
import { REPLICA_TRANSITIONS } from './replica-changes.ts';

test('the drawing of the replica states is the table of their transitions', () => {
  const file = path.join(import.meta.dirname, 'replica-changes.ts');
  const drawn = [...readFileSync(file, 'utf8').matchAll(/^ \* +(\w+) +──► (\w+(?: \| \w+)*)/gm)];
  assert.deepEqual(
    Object.fromEntries(drawn.map(([, from = '', to = '']) => [from, to.split(' | ')])),
    REPLICA_TRANSITIONS,
  );
});

test('the fold of a history is the fold of a stored snapshot and the tail', () => {
  fc.assert(
    fc.property(histories, fc.nat(), (history, cut) => {
      const at = cut % (history.length + 1);
      const snapshot = decodeState(encodeState(foldAll(history.slice(0, at))));
      assert.deepEqual(foldAll(history.slice(at), snapshot), foldAll(history));
    }),
  );
});

test('the generated histories reach every kind of event and every change of a replica', () => {
  const reached = new Set<string>();
  fc.assert(
    fc.property(histories, (history) => {
      for (const { event } of history) {
        reached.add(event.kind);
        if (event.kind !== 'replicaStatesChanged') continue;
        for (const { from, to } of event.changes) reached.add(`${from} to ${to}`);
        if (event.changes.length > 1) reached.add('several changes');
      }
    }),
    { numRuns: 200, seed: 1 },
  );
  const expected = [
    'peerJoined',
    'peerRemoved',
    'collectionCreated',
    'collectionUpdated',
    'collectionDeleted',
    'replicaStatesChanged',
    'several changes',
    'aliasesChanged',
    'Active to Dead',
    'Dead to Active',
  ];
  for (const kind of expected) assert.ok(reached.has(kind), kind);
});

test('a state that was reached stays as it was', () => {
  fc.assert(
    fc.property(histories, events, (history, event) => {
      const state = foldAll(history);
      const before = structuredClone(state);
      if (refusal(state, event) === undefined) {
        reduce(state, event, sequence(state.sequence + 1));
      }
      assert.deepEqual(state, before);
    }),
  );
});

test('a collection an event does not name is shared, not copied', () => {
  fc.assert(
    fc.property(histories, events, (history, event) => {
      const before = foldAll(history);
      if (refusal(before, event) !== undefined) return;
      const after = reduce(before, event, sequence(before.sequence + 1));
      const named = namedCollections(event);
      for (const [name, collection] of after.collections) {
        if (!named.includes(collection.id)) assert.equal(collection, before.collections.get(name));
      }
    }),
  );
});

test('a shard that ever had an Active replica has one, names are unique, replicas are at peers, aliases lead to collections', () => {
  fc.assert(
    fc.property(histories, (history) => {
      const wasActive = new Set<string>();
      let state = foldAll([]);
      for (const { event, sequence: at } of history) {
        state = reduce(state, event, at);
        checkState(state, wasActive);
      }
    }),
  );
});

test('the reducer stops at an event that makes no sense, and at one out of order', () => {
  const state = foldAll([]);
  const removal: MetadataEvent = { kind: 'peerRemoved', peer: peerId(1) };
  assert.throws(() => reduce(state, removal, sequence(1)), /Peer 1 does not exist/);
  const join: MetadataEvent = {
    kind: 'peerJoined',
    peer: peerId(1),
    uri: 'http://one:1',
    version: '1',
    featureLevel: 1,
  };
  assert.throws(() => reduce(state, join, sequence(0)), /event 0 comes after 0/);
});

test('a cluster is founded once, before anything else', () => {
  fc.assert(
    fc.property(histories, (history) => {
      const [founding, ...rest] = history.map(({ event }) => event);
      assert.ok(founding?.kind === 'clusterFounded');
      assert.ok(rest.every(({ kind }) => kind !== 'clusterFounded'));
      const state = foldAll(history);
      assert.equal(state.clusterId, founding.clusterId);
      assert.match(refusal(state, founding) ?? '', /first event only/);
    }),
  );
});

test('of two changes from one replica state the second is refused', () => {
  fc.assert(
    fc.property(histories, (history) => {
      const state = foldAll(history.slice(0, BEGINNING_LENGTH));
      const change = {
        collection: collectionId('a'),
        shard: shardId(0),
        peer: peerId(2),
        from: 'Active' as const,
        to: 'Dead' as const,
      };
      const event: MetadataEvent = { kind: 'replicaStatesChanged', changes: [change] };
      const twice: MetadataEvent = { ...event, changes: [change, change] };
      assert.match(refusal(state, twice) ?? '', /is Dead, not Active/);
      const both = [change, { ...change, peer: peerId(1) }];
      assert.match(refusal(state, { ...event, changes: both }) ?? '', /last Active/);
      assert.match(refusal(state, { ...event, changes: [] }) ?? '', /not 0/);
      assert.equal(refusal(state, event), undefined);
      const after = reduce(state, event, sequence(state.sequence + 1));
      assert.match(refusal(after, event) ?? '', /is Dead, not Active/);
    }),
  );
});

test('what a collection is made with for good is not changed afterwards', () => {
  fc.assert(
    fc.property(histories, (history) => {
      const state = foldAll(history.slice(0, BEGINNING_LENGTH));
      const { id, config } = state.collections.values().next().value ?? assert.fail('none');
      const { tombstones = false, ...rest } = config;
      const refusalOf = (changed: typeof config) =>
        refusal(state, { kind: 'collectionUpdated', id, config: changed }) ?? '';
      assert.equal(refusalOf({ ...config, replicationFactor: 3 }), '');
      assert.match(refusalOf({ ...rest, tombstones: !tombstones }), /tombstones cannot be changed/);
      const shardNumber = config.shardNumber + 1;
      assert.match(refusalOf({ ...config, shardNumber }), /number of shards cannot be changed/);
    }),
  );
});

function namedCollections(event: MetadataEvent): readonly string[] {
  if (event.kind === 'replicaStatesChanged') return event.changes.map((each) => each.collection);
  return 'id' in event ? [event.id] : [];
}

function checkState(state: MetadataState, wasActive: Set<string>): void {
  const ids = [...state.collections.values()].map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  for (const [alias, name] of state.aliases) {
    assert.ok(!state.collections.has(alias) && state.collections.has(name), `alias ${alias}`);
  }
  const present = new Set<string>(ids);
  for (const key of wasActive) if (!present.has(key.split('/')[0] ?? '')) wasActive.delete(key);
  for (const [name, collection] of state.collections) {
    assert.equal(collection.name, name);
    for (const [id, shard] of collection.shards) {
      assert.equal(shard.id, id);
      for (const peer of shard.replicas.keys()) assert.ok(state.peers.has(peer));
      const key = `${collection.id}/${id}`;
      const isActive = [...shard.replicas.values()].includes('Active');
      if (isActive) wasActive.add(key);
      assert.equal(isActive, wasActive.has(key), key);
    }
  }
}
