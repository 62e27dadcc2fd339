import assert from 'node:assert/strict';
import test from 'node:test';
import { TributaryError } from '@tributary/runtime';
import fc from 'fast-check';
import { events, foldAll, histories } from './arbitraries.ts';
import { decodeEvent, decodeState, encodeEvent, encodeState } from './codec.ts';

const isCorrupt = (error: unknown) => error instanceof TributaryError && error.code === 'corrupt';
const bytesOf = (text: string) => Buffer.from(text, 'utf8');

test('an event is read back as it was written', () => {
  fc.assert(
    fc.property(events, (event) => {
      assert.deepEqual(decodeEvent(encodeEvent(event)), event);
    }),
  );
});

test('a fold is read back as it was written', () => {
  fc.assert(
    fc.property(histories, (history) => {
      const state = foldAll(history);
      assert.deepEqual(decodeState(encodeState(state)), state);
    }),
  );
});

test('the bytes of an event are these, in every version to come', () => {
  const text =
    '{"version":1,"event":{"kind":"replicaStatesChanged","changes":[{"collection":"c1","shard":2,"peer":3,"from":"Active","to":"Dead"}]}}';
  assert.equal(Buffer.from(encodeEvent(decodeEvent(bytesOf(text)))).toString('utf8'), text);
});

test('events of the first version, and a configuration without later fields, are read', () => {
  const config =
    '{"vectors":{"":{"size":4,"distance":"Cosine"}},"shardNumber":1,"replicationFactor":1,' +
    '"writeConsistencyFactor":1,"onDiskPayload":true,"hnsw":{"m":16,"efConstruct":100,' +
    '"fullScanThresholdKb":10000,"maxIndexingThreads":0,"onDisk":false},"optimizers":' +
    '{"deletedThreshold":0.2,"vacuumMinVectorNumber":1000,"defaultSegmentNumber":0,' +
    '"indexingThresholdKb":10000,"flushIntervalSec":5},"wal":{"walCapacityMb":32,' +
    '"walSegmentsAhead":0}}';
  const text =
    '{"version":1,"event":{"kind":"collectionCreated","id":"c1","name":"books",' +
    `"config":${config},"shards":[{"id":3,"peers":[1]}]}}`;
  const event = decodeEvent(bytesOf(text));
  assert.ok(event.kind === 'collectionCreated');
  assert.equal(event.config.sparseVectors, undefined);
  assert.equal(Buffer.from(encodeEvent(event)).toString('utf8'), text);
});

test('bytes of an unknown version, kind, field or range are corrupt', () => {
  const bad = [
    '',
    'null',
    '{"version":2,"event":{"kind":"peerRemoved","peer":1}}',
    '{"version":1,"event":{"kind":"peerExploded","peer":1}}',
    '{"version":1,"event":{"kind":"peerRemoved","peer":1,"force":true}}',
    '{"version":1,"event":{"kind":"peerRemoved","peer":0}}',
    '{"version":1,"event":{"kind":"peerRemoved","peer":9007199254740993}}',
    '{"version":1,"event":{"kind":"collectionDeleted","id":"../etc"}}',
    '{"version":1,"event":{"kind":"clusterFounded","clusterId":"mine"}}',
    '{"version":1,"event":{"kind":"aliasesChanged","actions":[{"swap":{"from":"a","to":"b"}}]}}',
    '{"version":1,"event":{"kind":"aliasesChanged","actions":[{"delete":{}}]}}',
  ];
  for (const text of bad) assert.throws(() => decodeEvent(bytesOf(text)), isCorrupt, text);
});

test('damaged bytes of a fold are read as corrupt or as a fold, never anything else', () => {
  fc.assert(
    fc.property(histories, fc.nat(), fc.nat(255), (history, where, byte) => {
      const bytes = Buffer.from(encodeState(foldAll(history)));
      bytes[where % bytes.length] = byte;
      try {
        decodeState(bytes);
      } catch (error) {
        assert.ok(isCorrupt(error), String(error));
      }
    }),
  );
});
