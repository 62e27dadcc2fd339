import assert from 'node:assert/strict';
import test from 'node:test';
import {
  COLLECTION_DEFAULTS,
  type CollectionConfig,
  collectionId,
  peerId,
  sequence,
  shardId,
} from '@tributary/model';
import fc from 'fast-check';
import { foldAll, histories } from './arbitraries.ts';
import { decodeState, encodeState } from './codec.ts';
import type { MetadataEvent } from './metadata-event.ts';
import { EMPTY_METADATA, findShard, type MetadataState, type PeerState } from './metadata-state.ts';
import { reduce, refusal } from './reducer.ts';
import { areConsistent, firstShards, refusePlacedShards } from './shards.ts';

const ONE = peerId(1);
const ID = collectionId('c');
const PEER: PeerState = {
  ...{ id: ONE, uri: 'http://one:6335', version: '1', featureLevel: 1 },
  state: 'normal',
};
const STATE: MetadataState = {
  ...EMPTY_METADATA,
  sequence: sequence(2),
  peers: new Map([[ONE, PEER]]),
};

function created(...ids: number[]): MetadataEvent {
  const config: CollectionConfig = {
    ...COLLECTION_DEFAULTS,
    vectors: { '': { size: 4, distance: 'Dot' } },
    shardNumber: 3,
  };
  const shards = ids.map((id) => ({ id: shardId(id), peers: [ONE] }));
  return { kind: 'collectionCreated', id: ID, name: 'books', config, shards };
}

test('shards are known by the ids that the event gave them, and the map has them in its order', () => {
  const [three, seven, nine] = [3, 7, 9].map(shardId);
  assert.ok(three !== undefined && seven !== undefined && nine !== undefined);
  const event = created(three, seven, nine);
  assert.equal(refusal(STATE, event), undefined);
  const state = reduce(STATE, event, sequence(3));
  const collection = state.collections.get('books');
  assert.deepEqual([...(collection?.shards.keys() ?? [])], [three, seven, nine]);
  assert.equal(collection?.nextShardId, 10);
  assert.deepEqual(collection?.shardMap, {
    generation: 1,
    keys: new Map([[null, [three, seven, nine]]]),
  });
  const change = { collection: ID, peer: ONE, from: 'Initializing', to: 'Active' } as const;
  const of = (shard: number): MetadataEvent => {
    return { kind: 'replicaStatesChanged', changes: [{ ...change, shard: shardId(shard) }] };
  };
  assert.match(refusal(state, of(0)) ?? '', /Shard 0 of books does not exist/);
  const after = reduce(state, of(7), sequence(4));
  const states = [three, seven, nine].map((id) => findShard(after, ID, id)?.replicas.get(ONE));
  assert.deepEqual(states, ['Initializing', 'Active', 'Initializing']);
});

test('an id is given once: neither twice in an event nor below the next', () => {
  assert.match(refusal(STATE, created(3, 3, 4)) ?? '', /Shard id 3 cannot/);
  assert.match(refusal(STATE, created(3, 7, 5)) ?? '', /Shard id 5 cannot .* the next is 8/);
  const { nextShardId } = firstShards(
    [3, 7].map((id) => ({ id: shardId(id), replicas: new Map() })),
  );
  const added = (id: number) => [{ id: shardId(id), peers: [ONE] }];
  for (const used of [3, 7]) {
    assert.match(refusePlacedShards(STATE, nextShardId, added(used)) ?? '', /cannot be given/);
  }
  // One that was in use and is no more, or never was: nothing tells them apart later.
  assert.match(refusePlacedShards(STATE, nextShardId, added(5)) ?? '', /cannot be given/);
  assert.equal(refusePlacedShards(STATE, nextShardId, added(8)), undefined);
});

test('in every history the map names the shards of its collection, and no id is above the next', () => {
  fc.assert(
    fc.property(histories, (history) => {
      for (const collection of foldAll(history).collections.values()) {
        assert.ok(areConsistent(collection));
        const mapped = [...collection.shardMap.keys.values()].flat();
        assert.deepEqual(mapped, [...collection.shards.keys()]);
        for (const id of mapped) assert.ok(id < collection.nextShardId);
      }
    }),
  );
});

test('the bytes of a collection with its shards are these, and others that contradict themselves are corrupt', () => {
  const state = reduce(STATE, created(3, 7, 9), sequence(3));
  const text = Buffer.from(encodeState(state)).toString('utf8');
  assert.ok(
    text.includes(
      '"shards":[{"id":3,"replicas":[[1,"Initializing"]]},{"id":7,"replicas":[[1,"Initializing"]]},' +
        '{"id":9,"replicas":[[1,"Initializing"]]}],' +
        '"shardMap":{"generation":1,"keys":[[null,[3,7,9]]]}',
    ),
    text,
  );
  assert.deepEqual(decodeState(Buffer.from(text)), state);
  for (const [from, to] of [
    ['"nextShardId":10', '"nextShardId":9'],
    ['[null,[3,7,9]]', '[null,[3,7,8]]'],
    ['[null,[3,7,9]]', '[null,[3,7,7]]'],
    ['"generation":1', '"generation":0'],
    ['{"id":9,', '{"id":7,'],
  ] as const) {
    assert.ok(text.includes(from), from);
    assert.throws(() => decodeState(Buffer.from(text.replace(from, to))), /unreadable/, to);
  }
});
