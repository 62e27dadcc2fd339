import assert from 'node:assert/strict';
import test from 'node:test';
import {
  type CollectionState,
  EMPTY_METADATA,
  firstShards,
  type MetadataState,
} from '@tributary/metadata';
import { collectionId, peerId, sequence, shardId, type UnindexedCondition } from '@tributary/model';
import { SimulatedClock } from '@tributary/runtime';
import type { ReplicaDifference } from '../cluster/cut-comparison.ts';
import type { FoundPoints } from '../cluster/difference-search.ts';
import { memoryCollection } from '../testing/memory-collection.ts';
import { Issues, type LocalFacts, type RemoteHalt } from './issues.ts';

const NO_FACTS: LocalFacts = { halted: [], schemas: new Map() };
const COLOUR: UnindexedCondition = { key: 'colour', asks: 'match', helps: 'keyword' };

function withCollection(change: (collection: CollectionState) => CollectionState) {
  const collection = change(memoryCollection('c'));
  let state: MetadataState = { ...EMPTY_METADATA, collections: new Map([['c', collection]]) };
  const clock = new SimulatedClock();
  let differences: ReplicaDifference[] = [];
  let elsewhere: RemoteHalt[] = [];
  let found: FoundPoints | undefined;
  const findPoints = (next: FoundPoints) => {
    found = next;
  };
  const issues = new Issues({
    state: () => state,
    clock,
    differences: () => differences,
    differingPoints: () => found,
    haltedElsewhere: () => elsewhere,
  });
  const haltElsewhere = (next: RemoteHalt[]) => {
    elsewhere = next;
  };
  const differ = (next: ReplicaDifference[]) => {
    differences = next;
  };
  const replace = (next: MetadataState) => {
    state = next;
  };
  const ids = (facts: LocalFacts = NO_FACTS) => issues.list(facts).map(({ id }) => id);
  return { issues, ids, clock, replace, differ, haltElsewhere, findPoints, id: collection.id };
}

function dead(collection: CollectionState): CollectionState {
  const replicas = new Map([
    [peerId(1), 'Active' as const],
    [peerId(2), 'Dead' as const],
  ]);
  return { ...collection, ...firstShards([{ id: shardId(0), replicas }]) };
}

test('a field that slow requests filtered by is an issue until its index is made, or it is cleared', () => {
  const { issues, ids, id } = withCollection((collection) => collection);
  issues.note(id, [COLOUR, { key: 'n', asks: 'range', helps: 'float' }]);
  issues.note(id, [COLOUR, { key: 'any', asks: 'isEmpty', helps: 'keyword' }]);
  assert.deepEqual(ids(), ['UNINDEXED_FIELD/c/colour', 'UNINDEXED_FIELD/c/n']);
  const [issue] = issues.list(NO_FACTS);
  assert.deepEqual(issue?.solution.action, {
    method: 'PUT',
    uri: '/collections/c/index',
    body: { field_name: 'colour', field_schema: 'keyword' },
  });
  const made = new Map([[id, { colour: { type: 'keyword' as const } }]]);
  assert.deepEqual(ids({ halted: [], schemas: made }), ['UNINDEXED_FIELD/c/n']);
  assert.deepEqual(ids(), ['UNINDEXED_FIELD/c/n']);
  issues.clear(NO_FACTS);
  assert.deepEqual(ids(), []);
});

test('replicas that differ are an issue while they do', () => {
  const { issues, ids, differ, findPoints, id } = withCollection((collection) => collection);
  const hashes = new Map([
    [peerId(1), 'a'.repeat(64)],
    [peerId(2), 'b'.repeat(64)],
  ]);
  const at = { at: sequence(9), firstAt: sequence(9), equalAt: sequence(5) };
  differ([{ collection: id, shard: shardId(0), ...at, hashes }]);
  assert.deepEqual(ids(), ['REPLICAS_DIFFER/c/0']);
  const [issue] = issues.list(NO_FACTS);
  assert.match(
    issue?.description ?? '',
    /shard 0 differ at sequence 9 .*peer 2 bbb.*equal at 5\)$/,
  );
  findPoints({ points: [7], isCutShort: false });
  assert.match(issues.list(NO_FACTS)[0]?.description ?? '', /equal at 5\): in point 7$/);
  findPoints({ points: [3, 7], isCutShort: true });
  assert.match(issues.list(NO_FACTS)[0]?.description ?? '', /: at least in points 3, 7$/);
  differ([]);
  assert.deepEqual(ids(), []);
});

test('a replica that is Dead or halted is an issue while it is, and a new one after it was not', () => {
  const { issues, ids, replace, clock } = withCollection(dead);
  const state = { ...EMPTY_METADATA, collections: new Map([['c', dead(memoryCollection('c'))]]) };
  const halted = [{ collection: collectionId('c'), shard: 0, reason: 'a hole in the stream' }];
  const both = { ...NO_FACTS, halted };
  assert.deepEqual(ids(both), ['DEAD_REPLICA/c/0/2', 'HALTED_REPLICA/c/0']);
  const first = issues.list(both).map(({ atMs }) => atMs);
  void clock.advance(5_000);
  assert.deepEqual(
    issues.list(both).map(({ atMs }) => atMs),
    first,
  );
  assert.match(issues.list(both)[1]?.description ?? '', /a hole in the stream/);
  issues.clear(both);
  assert.deepEqual(ids(both), []);
  replace(EMPTY_METADATA);
  assert.deepEqual(ids(), []);
  replace(state);
  assert.deepEqual(ids(), ['DEAD_REPLICA/c/0/2']);
});

test('a replica of another peer that is halted is an issue that says what it needs', () => {
  const { issues, ids, haltElsewhere, id } = withCollection((collection) => collection);
  haltElsewhere([{ collection: id, shard: shardId(0), peer: peerId(7), needs: 'transfer' }]);
  assert.deepEqual(ids(), ['HALTED_REPLICA/c/0/7']);
  const [issue] = issues.list(NO_FACTS);
  assert.match(issue?.description ?? '', /at peer 7 .*needs to be filled from another replica/);
  haltElsewhere([]);
  assert.deepEqual(ids(), []);
});

test('what is noted is bounded, and forgotten with its collection', () => {
  const { issues, ids, replace, id } = withCollection((collection) => collection);
  for (let i = 0; i < 1_000; i++) issues.note(id, [{ ...COLOUR, key: `field ${i}` }]);
  assert.equal(ids().length, 256);
  issues.clear(NO_FACTS);
  issues.note(id, [{ ...COLOUR, key: 'x'.repeat(1_000_000) }]);
  assert.deepEqual(ids(), []);
  issues.note(collectionId('gone'), [COLOUR]);
  replace(EMPTY_METADATA);
  assert.deepEqual(ids(), []);
});
