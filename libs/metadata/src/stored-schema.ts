// What stored events and folds must look like. `satisfies` holds each shape against its type, so a field that the type
// gains and the schema lacks does not compile.

import type { AliasAction } from '@tributary/model';
import {
  type AnyVectorParams,
  type CollectionConfig,
  type CollectionVectors,
  clusterId,
  collectionId,
  DISTANCES,
  type HnswConfig,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  type OptimizersConfig,
  peerId,
  type QuotaConfig,
  type ShardMap,
  type SparseVectorParams,
  sequence,
  shardId,
  type VectorParams,
  type WalConfig,
} from '@tributary/model';
import { z } from 'zod';
import type { MetadataEvent, PlacedShard } from './metadata-event.ts';
import type {
  CollectionState,
  MetadataState,
  PeerState,
  ShardState,
  VectorNameChange,
} from './metadata-state.ts';
import { areConsistent } from './shards.ts';
import { createdVectorsOf } from './vector-names.ts';

type Shape<T> = { [Key in keyof Required<T>]: z.ZodType };
type EventShape<K extends MetadataEvent['kind']> = Shape<Extract<MetadataEvent, { kind: K }>>;

const count = z.int().min(0);
const level = z.int().min(1);
const jsonValue = z.custom<JsonValue>((value) => value !== undefined);
const jsonObject = z.custom<JsonObject>((value) => isJsonObject(value as JsonValue | undefined));
const sequenceSchema = count.transform((value) => sequence(value));
const shard = count.transform((value) => shardId(value));
const peer = z
  .int()
  .min(1)
  .transform((value) => peerId(value));
const collection = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/)
  .transform((value) => collectionId(value));
const cluster = z
  .string()
  .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  .transform((value) => clusterId(value));
const memberState = z.enum(['joining', 'normal', 'draining']);
const replicaState = z.enum(['Initializing', 'Active', 'Dead', 'Partial', 'Recovery', 'Listener']);

const hnsw = z.strictObject({
  m: count,
  efConstruct: count,
  fullScanThresholdKb: count,
  maxIndexingThreads: count,
  onDisk: z.boolean(),
  payloadM: count.exactOptional(),
  inlineStorage: z.boolean().exactOptional(),
  memory: z.string().exactOptional(),
} satisfies Shape<HnswConfig>);
const partialHnsw = z.strictObject({
  m: count.exactOptional(),
  efConstruct: count.exactOptional(),
  fullScanThresholdKb: count.exactOptional(),
  maxIndexingThreads: count.exactOptional(),
  onDisk: z.boolean().exactOptional(),
  payloadM: count.exactOptional(),
  inlineStorage: z.boolean().exactOptional(),
  memory: z.string().exactOptional(),
} satisfies Shape<HnswConfig>);

const optimizers = z.strictObject({
  deletedThreshold: z.number(),
  vacuumMinVectorNumber: count,
  defaultSegmentNumber: count,
  maxSegmentSizeKb: count.exactOptional(),
  memmapThresholdKb: count.exactOptional(),
  indexingThresholdKb: count,
  flushIntervalSec: count,
  maxOptimizationThreads: count.exactOptional(),
  preventUnoptimized: z.boolean().exactOptional(),
} satisfies Shape<OptimizersConfig>);

const wal = z.strictObject({
  walCapacityMb: count,
  walSegmentsAhead: count,
  walRetainClosed: count.exactOptional(),
} satisfies Shape<WalConfig>);

const vectorParams = z.strictObject({
  size: z.int().min(1),
  distance: z.enum(DISTANCES),
  hnsw: partialHnsw.exactOptional(),
  onDisk: z.boolean().exactOptional(),
  memory: z.string().exactOptional(),
  datatype: z.string().exactOptional(),
  quantization: jsonValue.exactOptional(),
  multivector: z.strictObject({ comparator: z.literal('max_sim') }).exactOptional(),
} satisfies Shape<VectorParams>);

const sparseVectorParams = z.strictObject({
  modifier: z.enum(['none', 'idf']).exactOptional(),
  index: jsonObject.exactOptional(),
} satisfies Shape<SparseVectorParams>);

const config = z.strictObject({
  vectors: z.record(z.string(), vectorParams),
  sparseVectors: z.record(z.string(), sparseVectorParams).exactOptional(),
  shardNumber: z.int().min(1),
  replicationFactor: z.int().min(1),
  writeConsistencyFactor: z.int().min(1),
  shardingMethod: z.literal('auto').exactOptional(),
  onDiskPayload: z.boolean(),
  payloadMemory: z.string().exactOptional(),
  idTrackerMemory: z.string().exactOptional(),
  readFanOutFactor: count.exactOptional(),
  readFanOutDelayMs: count.exactOptional(),
  hnsw,
  optimizers,
  wal,
  quantization: jsonValue.exactOptional(),
  strictMode: jsonObject.exactOptional(),
  metadata: jsonObject.exactOptional(),
  tombstones: z.boolean().exactOptional(),
} satisfies Shape<CollectionConfig>);

const collectionVectors = z.strictObject({
  vectors: config.shape.vectors,
  sparseVectors: config.shape.sparseVectors,
} satisfies Shape<CollectionVectors>);

const newVector: z.ZodType<AnyVectorParams> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('dense'), params: vectorParams }),
  z.strictObject({ kind: z.literal('sparse'), params: sparseVectorParams }),
]);

const vectorNameChange: z.ZodType<VectorNameChange> = z.discriminatedUnion('phase', [
  z.strictObject({ phase: z.literal('creating'), revision: sequenceSchema, vector: newVector }),
  z.strictObject({ phase: z.literal('created'), revision: sequenceSchema }),
  z.strictObject({ phase: z.literal('deleting'), revision: sequenceSchema }),
]);

const aliasAction: z.ZodType<AliasAction> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('create'), alias: z.string(), collection: z.string() }),
  z.strictObject({ kind: z.literal('delete'), alias: z.string() }),
  z.strictObject({ kind: z.literal('rename'), from: z.string(), to: z.string() }),
]);

const percent = z.int().min(0).max(100);
const quotas = z.strictObject({
  enabled: z.boolean(),
  maxResidentMemoryPercent: percent.exactOptional(),
  maxDiskUsagePercent: percent.exactOptional(),
  releaseMarginPercent: percent.exactOptional(),
} satisfies Shape<QuotaConfig>);

const event: z.ZodType<MetadataEvent> = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('clusterFounded'),
    clusterId: cluster,
  } satisfies EventShape<'clusterFounded'>),
  z.strictObject({
    kind: z.literal('peerJoined'),
    peer,
    uri: z.string(),
    version: z.string(),
    featureLevel: level,
  } satisfies EventShape<'peerJoined'>),
  z.strictObject({
    kind: z.literal('featureLevelRaised'),
    level,
  } satisfies EventShape<'featureLevelRaised'>),
  z.strictObject({
    kind: z.literal('peerStateChanged'),
    peer,
    from: memberState,
    to: memberState,
  } satisfies EventShape<'peerStateChanged'>),
  z.strictObject({
    kind: z.literal('peerRemoved'),
    peer,
  } satisfies EventShape<'peerRemoved'>),
  z.strictObject({
    kind: z.literal('collectionCreated'),
    id: collection,
    name: z.string(),
    config,
    shards: z.array(
      z.strictObject({ id: shard, peers: z.array(peer) } satisfies Shape<PlacedShard>),
    ),
    createdAtMs: count.exactOptional(),
  } satisfies EventShape<'collectionCreated'>),
  z.strictObject({
    kind: z.literal('collectionUpdated'),
    id: collection,
    config,
  } satisfies EventShape<'collectionUpdated'>),
  z.strictObject({
    kind: z.literal('collectionDeleted'),
    id: collection,
  } satisfies EventShape<'collectionDeleted'>),
  z.strictObject({
    kind: z.literal('vectorNameCreated'),
    id: collection,
    name: z.string(),
    vector: newVector,
  } satisfies EventShape<'vectorNameCreated'>),
  z.strictObject({
    kind: z.literal('vectorNameDeleted'),
    id: collection,
    name: z.string(),
  } satisfies EventShape<'vectorNameDeleted'>),
  z.strictObject({
    kind: z.literal('vectorNameLogged'),
    id: collection,
    name: z.string(),
    revision: sequenceSchema,
  } satisfies EventShape<'vectorNameLogged'>),
  z.strictObject({
    kind: z.literal('replicaStatesChanged'),
    changes: z.array(
      z.strictObject({ collection, shard, peer, from: replicaState, to: replicaState }),
    ),
  } satisfies EventShape<'replicaStatesChanged'>),
  z.strictObject({ kind: z.literal('quotasSet'), quotas } satisfies EventShape<'quotasSet'>),
  z.strictObject({
    kind: z.literal('aliasesChanged'),
    actions: z.array(aliasAction),
  } satisfies EventShape<'aliasesChanged'>),
]);

const peerState: z.ZodType<PeerState> = z.strictObject({
  id: peer,
  uri: z.string(),
  version: z.string(),
  featureLevel: level,
  state: memberState,
} satisfies Shape<PeerState>);

const shardState = z.strictObject({
  id: shard,
  replicas: z.array(z.tuple([peer, replicaState])).transform((replicas) => new Map(replicas)),
} satisfies Shape<ShardState>);

const shardMap = z.strictObject({
  generation: z.int().min(1),
  keys: z
    .array(z.tuple([z.union([z.string(), count, z.null()]), z.array(shard)]))
    .transform((keys) => new Map(keys)),
} satisfies Shape<ShardMap>);

const collectionState: z.ZodType<CollectionState> = z
  .strictObject({
    id: collection,
    name: z.string(),
    config,
    createdAtMs: count.exactOptional(),
    createdVectors: collectionVectors.exactOptional(),
    vectorNames: z.record(z.string(), vectorNameChange).exactOptional(),
    shards: z
      .array(shardState)
      .transform((shards) => new Map(shards.map((each) => [each.id, each] as const))),
    nextShardId: shard,
    shardMap,
  } satisfies Shape<CollectionState>)
  .refine(areConsistent, 'its shard map is not one of its shards')
  // A fold that was stored before names could change has the vectors that its collections were created with.
  .transform(({ createdVectors, vectorNames, ...stored }) => ({
    ...stored,
    createdVectors: createdVectors ?? createdVectorsOf(stored.config),
    vectorNames: vectorNames ?? {},
  }));

const version = level;

export const storedEventSchema = z.strictObject({ version, event });

export const storedStateSchema = z.strictObject({
  version,
  sequence: sequenceSchema,
  clusterId: cluster.exactOptional(),
  featureLevel: level,
  peers: z.array(peerState),
  removedPeers: z.array(peer),
  collections: z.array(collectionState),
  aliases: z.array(z.tuple([z.string(), z.string()])),
  quotas: quotas.exactOptional(),
} satisfies Shape<MetadataState> & { version: z.ZodType });
