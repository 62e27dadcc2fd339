// Generated histories of a cluster, for property tests. Events are drawn from a small world, so that many of them meet.

import type { AliasAction, ReplicaState } from '@tributary/model';
import {
  type AnyVectorParams,
  COLLECTION_DEFAULTS,
  type CollectionConfig,
  clusterId,
  collectionId,
  type MemberState,
  peerId,
  type QuotaConfig,
  sequence,
  shardId,
} from '@tributary/model';
import fc from 'fast-check';
import type { MetadataEvent } from './metadata-event.ts';
import type { SequencedEvent } from './metadata-log.ts';
import { EMPTY_METADATA, type MetadataState } from './metadata-state.ts';
import { reduce, refusal } from './reducer.ts';
import { REPLICA_TRANSITIONS } from './replica-changes.ts';

const peers = fc.integer({ min: 1, max: 4 }).map(peerId);
const collections = fc.constantFrom('a', 'b', 'c').map(collectionId);
const names = fc.constantFrom('books', 'films', '', 'a/b');
const REPLICA_STATES: readonly ReplicaState[] = [
  'Initializing',
  'Active',
  'Dead',
  'Partial',
  'Recovery',
  'Listener',
];
const LEGAL_CHANGES = REPLICA_STATES.flatMap((from) =>
  REPLICA_TRANSITIONS[from].map((to) => ({ from, to })),
);
const ANY_CHANGES = REPLICA_STATES.flatMap((from) => REPLICA_STATES.map((to) => ({ from, to })));
const replicaChange = fc
  .record({
    // Mostly replicas of the beginning, so that one goes through several states in a history.
    collection: fc.constantFrom('a', 'a', 'b', 'c').map(collectionId),
    shard: fc.constantFrom(0, 0, 1, 2).map(shardId),
    peer: fc.constantFrom(1, 1, 2, 2, 3, 4).map(peerId),
    change: fc.constantFrom(...LEGAL_CHANGES, ...LEGAL_CHANGES, ...ANY_CHANGES),
  })
  .map(({ change, ...replica }) => ({ ...replica, ...change }));
const replicaChanges = fc
  .array(replicaChange, { minLength: 1, maxLength: 2 })
  .map((changes) => ({ kind: 'replicaStatesChanged' as const, changes }));

export const configs: fc.Arbitrary<CollectionConfig> = fc.record(
  {
    vectors: fc.constantFrom<CollectionConfig['vectors'][]>(
      { '': { size: 4, distance: 'Cosine' } },
      { '': { size: 4, distance: 'Cosine', hnsw: { m: 8 }, onDisk: true } },
      { image: { size: 8, distance: 'Dot', quantization: { scalar: { type: 'int8' } } } },
      { '': { size: 4, distance: 'Cosine', multivector: { comparator: 'max_sim' } } },
    ),
    sparseVectors: fc.constantFrom<NonNullable<CollectionConfig['sparseVectors']>[]>(
      {},
      { words: { modifier: 'idf', index: { on_disk: true } } },
    ),
    shardNumber: fc.integer({ min: 1, max: 2 }),
    replicationFactor: fc.integer({ min: 1, max: 3 }),
    writeConsistencyFactor: fc.constant(1),
    onDiskPayload: fc.boolean(),
    readFanOutFactor: fc.nat(3),
    hnsw: fc.constant(COLLECTION_DEFAULTS.hnsw),
    optimizers: fc.constant(COLLECTION_DEFAULTS.optimizers),
    wal: fc.constant(COLLECTION_DEFAULTS.wal),
    metadata: fc.constantFrom({ owner: 'anna', big: 2n ** 60n }, {}),
    tombstones: fc.constant(true),
  },
  {
    requiredKeys: [
      'vectors',
      'shardNumber',
      'replicationFactor',
      'writeConsistencyFactor',
      'onDiskPayload',
      'hnsw',
      'optimizers',
      'wal',
    ],
    noNullPrototype: true,
  },
);

const plain = { noNullPrototype: true };
const aliases = fc.constantFrom('latest', 'stable', 'films', '');
const aliasActions: fc.Arbitrary<AliasAction> = fc.oneof(
  fc.record({ kind: fc.constant('create' as const), alias: aliases, collection: names }, plain),
  fc.record({ kind: fc.constant('delete' as const), alias: aliases }, plain),
  fc.record({ kind: fc.constant('rename' as const), from: aliases, to: aliases }, plain),
);
const vectors: fc.Arbitrary<AnyVectorParams> = fc.constantFrom<AnyVectorParams[]>(
  { kind: 'dense', params: { size: 4, distance: 'Dot', datatype: 'float16' } },
  { kind: 'dense', params: { size: 2, distance: 'Dot', multivector: { comparator: 'max_sim' } } },
  { kind: 'sparse', params: { modifier: 'idf' } },
);
const quotas: fc.Arbitrary<QuotaConfig> = fc.constantFrom<QuotaConfig[]>(
  { enabled: false },
  { enabled: true, maxResidentMemoryPercent: 80, maxDiskUsagePercent: 90, releaseMarginPercent: 0 },
);
const vectorNames = fc.constantFrom('image', 'words', 'text');
const vectorNameChanges = fc.oneof(
  fc.record(
    {
      kind: fc.constant('vectorNameCreated' as const),
      id: collections,
      name: vectorNames,
      vector: vectors,
    },
    plain,
  ),
  fc.record(
    { kind: fc.constant('vectorNameDeleted' as const), id: collections, name: vectorNames },
    plain,
  ),
  fc.record(
    {
      kind: fc.constant('vectorNameLogged' as const),
      id: collections,
      name: vectorNames,
      // A short history has few others; what is logged is mostly what was decided a moment ago.
      revision: fc.integer({ min: 1, max: 40 }).map(sequence),
    },
    plain,
  ),
);
const MEMBER_STATES: readonly MemberState[] = ['joining', 'normal', 'draining'];
const PEER_CHANGES = MEMBER_STATES.flatMap((from) => MEMBER_STATES.map((to) => ({ from, to })));
const CLUSTER = clusterId('8c7f6a1e-3b52-4d10-9f6e-0a1b2c3d4e5f');
const clusterChanges = fc.oneof(
  fc.record(
    { kind: fc.constant('clusterFounded' as const), clusterId: fc.constant(CLUSTER) },
    plain,
  ),
  fc.record(
    {
      kind: fc.constant('peerJoined' as const),
      peer: peers,
      uri: fc.constantFrom('http://one:6335', 'http://two:6335', 'nowhere'),
      version: fc.constantFrom('1.0.0', '1.1.0'),
      featureLevel: fc.constantFrom(1, 2),
    },
    plain,
  ),
  fc.record({ kind: fc.constant('featureLevelRaised' as const), level: fc.constant(1) }, plain),
  fc
    .record({ peer: peers, change: fc.constantFrom(...PEER_CHANGES) })
    .map(({ peer, change }) => ({ kind: 'peerStateChanged' as const, peer, ...change })),
  fc.record({ kind: fc.constant('peerRemoved' as const), peer: peers }, plain),
  fc.record(
    {
      kind: fc.constant('collectionCreated' as const),
      id: collections,
      name: names,
      config: configs,
      shards: fc.array(
        fc.record({ id: fc.nat(9).map(shardId), peers: fc.array(peers, { maxLength: 3 }) }, plain),
        { maxLength: 2 },
      ),
    },
    plain,
  ),
  fc.record(
    { kind: fc.constant('collectionUpdated' as const), id: collections, config: configs },
    plain,
  ),
  fc.record({ kind: fc.constant('collectionDeleted' as const), id: collections }, plain),
  fc.record({ kind: fc.constant('quotasSet' as const), quotas }, plain),
  vectorNameChanges,
  fc.record(
    {
      kind: fc.constant('aliasesChanged' as const),
      actions: fc.array(aliasActions, { maxLength: 3 }),
    },
    plain,
  ),
);

/** Any event of the small world; most make no sense in a given state. Changes of replicas are the most frequent. */
export const events: fc.Arbitrary<MetadataEvent> = fc.oneof(
  { weight: 1, arbitrary: clusterChanges },
  { weight: 9, arbitrary: replicaChanges },
);

/**
 * Events at the start of every history: its founding, two peers, a collection, both replicas of its first shard Active.
 */
export const BEGINNING_LENGTH = 5;

/**
 * A cluster that has something to change: two peers and a collection, then those of the drawn events that are legal.
 */
export const histories: fc.Arbitrary<SequencedEvent[]> = fc
  .tuple(configs, fc.array(events, { maxLength: 150, size: 'max' }))
  .map(([config, drawn]) => legal([...beginning(config), ...drawn]));

export function foldAll(history: readonly SequencedEvent[], from = EMPTY_METADATA): MetadataState {
  return history.reduce((state, { event, sequence: at }) => reduce(state, event, at), from);
}

function beginning(config: CollectionConfig): MetadataEvent[] {
  const [one, two] = [peerId(1), peerId(2)];
  const id = collectionId('a');
  // Not their positions.
  const shards = [0, 2].slice(0, config.shardNumber).map((each) => {
    return { id: shardId(each), peers: [one, two] };
  });
  const active = (peer: typeof one) =>
    ({ collection: id, shard: shardId(0), peer, from: 'Initializing', to: 'Active' }) as const;
  return [
    { kind: 'clusterFounded', clusterId: CLUSTER },
    { kind: 'peerJoined', peer: one, uri: 'http://one:6335', version: '1.0.0', featureLevel: 1 },
    { kind: 'peerJoined', peer: two, uri: 'http://two:6335', version: '1.0.0', featureLevel: 1 },
    {
      kind: 'collectionCreated',
      id,
      name: 'books',
      config,
      shards,
      createdAtMs: 1_764_500_000_123,
    },
    { kind: 'replicaStatesChanged', changes: [active(one), active(two)] },
  ];
}

function legal(drawn: readonly MetadataEvent[]): SequencedEvent[] {
  const history: SequencedEvent[] = [];
  let state = EMPTY_METADATA;
  for (const event of drawn) {
    if (refusal(state, event) !== undefined) continue;
    const at = sequence(state.sequence + 1);
    state = reduce(state, event, at);
    history.push({ sequence: at, event });
  }
  return history;
}
