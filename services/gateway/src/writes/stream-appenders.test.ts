import assert from 'node:assert/strict';
import test from 'node:test';
import { shardId, type WritePart } from '@tributary/model';
import { seededRandom, systemClock } from '@tributary/runtime';
import { type AppendFate, MemoryWriteStreams } from '@tributary/stream/memory';
import { memoryCollection } from '../testing/memory-collection.ts';
import { isSameStream, StreamAppenders } from './stream-appenders.ts';

const PART: WritePart = {
  shard: shardId(0),
  operations: [{ kind: 'delete', selector: { kind: 'ids', ids: [1] } }],
};

test('each generation of a collection has an appender, and the one before is let go of with its writes', async () => {
  const sent = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<AppendFate>();
  const append = () => {
    sent.resolve();
    return gate.promise;
  };
  const streams = new MemoryWriteStreams({ faults: { append } });
  await using appenders = new StreamAppenders({
    ...{ streams, clock: systemClock, random: seededRandom(1) },
  });
  const before = memoryCollection('c');
  await streams.create(before.id);
  const { shardMap } = before;
  const after = { ...before, shardMap: { ...shardMap, generation: shardMap.generation + 1 } };
  assert.ok(!isSameStream(before, after) && isSameStream(before, memoryCollection('c')));
  const old = appenders.of(before);
  assert.equal(appenders.of(memoryCollection('c')), old);
  const inFlight = old.append([PART]);
  await sent.promise;
  const waiting = old.append([PART]);
  const refused = assert.rejects(waiting, { code: 'unavailable', message: /placed again/ });
  const later = appenders.of(after);
  assert.notEqual(later, old);
  appenders.retain([after]);
  await refused;
  assert.equal(appenders.of(after), later);
  gate.resolve('ok');
  assert.equal((await inFlight).sequence, 1, 'what was sent has the answer of the stream');
});
