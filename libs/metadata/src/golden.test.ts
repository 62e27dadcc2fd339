// What is on META, and in its stored folds, may not change by accident: each kind of event stands in a file as it was
// written, and the fold of them all.

import assert from 'node:assert/strict';
import test from 'node:test';
import {
  COLLECTION_DEFAULTS,
  clusterId,
  collectionId,
  peerId,
  sequence,
  shardId,
} from '@tributary/model';
import { goldenText } from '@tributary/runtime/testing';
import { decodeEvent, decodeState, encodeEvent, encodeState } from './codec.ts';
import { EVENT_LEVELS } from './feature-level.ts';
import type { MetadataEvent } from './metadata-event.ts';
import { EMPTY_METADATA } from './metadata-state.ts';
import { reduce, refusal } from './reducer.ts';

const [ONE, TWO, THREE] = [peerId(1), peerId(2 ** 53 - 1), peerId(3)];
const id = collectionId('c1');
const gone = collectionId('c2');
const config = {
  ...COLLECTION_DEFAULTS,
  vectors: { '': { size: 4, distance: 'Cosine' as const, hnsw: { m: 8 } } },
  sparseVectors: { words: { modifier: 'idf' as const } },
  shardNumber: 2,
  metadata: { owner: 'anna', big: 2n ** 60n },
};
const joined = { kind: 'peerJoined', version: '0.1.0', featureLevel: 1 } as const;
const shards = [
  { id: shardId(0), peers: [ONE, TWO] },
  { id: shardId(7), peers: [TWO] },
];
const active = { collection: id, shard: shardId(0), from: 'Initializing', to: 'Active' } as const;

/** Each accepted after those before it. */
const EVENTS: readonly MetadataEvent[] = [
  { kind: 'clusterFounded', clusterId: clusterId('8c7f6a1e-3b52-4d10-9f6e-0a1b2c3d4e5f') },
  { ...joined, peer: ONE, uri: 'http://one:6335' },
  { ...joined, peer: TWO, uri: 'http://two:6335', featureLevel: 2 },
  { ...joined, peer: THREE, uri: 'http://three:6335', featureLevel: 2 },
  { kind: 'peerStateChanged', peer: ONE, from: 'joining', to: 'normal' },
  { kind: 'peerRemoved', peer: THREE },
  { kind: 'collectionCreated', id, name: 'books', config, shards, createdAtMs: 1_764_500_000_123 },
  {
    kind: 'collectionCreated',
    id: gone,
    name: 'films',
    config: { ...config, tombstones: true },
    shards,
  },
  { kind: 'collectionDeleted', id: gone },
  { kind: 'collectionUpdated', id, config: { ...config, replicationFactor: 2 } },
  {
    kind: 'replicaStatesChanged',
    changes: [
      { ...active, peer: ONE },
      { ...active, peer: TWO },
    ],
  },
  {
    kind: 'vectorNameCreated',
    id,
    name: 'image',
    vector: { kind: 'dense', params: { size: 2, distance: 'Dot' } },
  },
  { kind: 'vectorNameLogged', id, name: 'image', revision: sequence(12) },
  { kind: 'vectorNameDeleted', id, name: 'image' },
  { kind: 'quotasSet', quotas: { enabled: true, maxDiskUsagePercent: 90 } },
  {
    kind: 'aliasesChanged',
    actions: [
      { kind: 'create', alias: 'latest', collection: 'books' },
      { kind: 'rename', from: 'latest', to: 'newest' },
      { kind: 'create', alias: 'old', collection: 'books' },
      { kind: 'delete', alias: 'old' },
    ],
  },
];
/** Not accepted by a cluster whose peers know no more than its level. */
const RAISED: MetadataEvent = { kind: 'featureLevelRaised', level: 2 };

const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8');

test('the events of META are stored as the golden file has them, a line a kind or more, and read back', () => {
  const events = [...EVENTS, RAISED];
  const kinds = new Set(events.map(({ kind }) => kind));
  assert.deepEqual([...kinds].sort(), Object.keys(EVENT_LEVELS).sort(), 'every kind has a line');
  const today = `${events.map((event) => textOf(encodeEvent(event))).join('\n')}\n`;
  const golden = goldenText(new URL('../golden/events.jsonl', import.meta.url), today);
  assert.equal(today, golden);
  const lines = golden.trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => decodeEvent(Buffer.from(line, 'utf8'))),
    events,
  );
});

test('their fold is stored as the golden file has it, and read back', () => {
  const state = EVENTS.reduce((before, event) => {
    assert.equal(refusal(before, event), undefined, event.kind);
    return reduce(before, event, sequence(before.sequence + 1));
  }, EMPTY_METADATA);
  const today = `${textOf(encodeState(state))}\n`;
  const golden = goldenText(new URL('../golden/state.jsonl', import.meta.url), today);
  assert.equal(today, golden);
  assert.deepEqual(decodeState(Buffer.from(golden, 'utf8')), state);
});
