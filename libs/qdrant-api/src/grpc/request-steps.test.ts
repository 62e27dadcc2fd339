import assert from 'node:assert/strict';
import test from 'node:test';
import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import * as client from '@qdrant/js-client-grpc';
import { atOnce, type Steps } from '@tributary/runtime';
import fc from 'fast-check';
import { id } from './official-client.test-support.ts';
import { requestSteps } from './request-steps.ts';
import { pointsService } from './services.ts';
import {
  deletePointsMessageSteps,
  setPayloadMessageSteps,
  updateBatchMessageSteps,
  updateVectorsMessageSteps,
  upsertMessageSteps,
} from './write-requests.ts';

const { upsert, queryBatch, updateBatch, setPayload } = pointsService;

function upsertBytes(count: number, size: number): Buffer {
  const points = Array.from({ length: count }, (_, i) => {
    const value = { data: new Array(size).fill(i + 0.5) };
    return { id: id(i), vectors: { vectorsOptions: { case: 'vector' as const, value } } };
  });
  return bytesOf(client.UpsertPointsSchema, { collectionName: 'c', wait: true, points });
}

function bytesOf<S extends DescMessage>(schema: S, init: MessageInitShape<S>): Buffer {
  return Buffer.from(toBinary(schema, create(schema, init)));
}

function stepsOf<T>(steps: Steps<T>): number {
  let count = 0;
  while (!steps.next().done) count++;
  return count;
}

test('a large request is decoded in steps, to the same message', () => {
  const bytes = upsertBytes(2_000, 128);
  assert.ok(stepsOf(requestSteps(bytes, upsert.requestDeserialize)) > 5);
  const whole = upsert.requestDeserialize(bytes);
  assert.deepEqual(atOnce(requestSteps(bytes, upsert.requestDeserialize)), whole);
  assert.equal(whole.points.length, 2_000);
  assert.ok(stepsOf(upsertMessageSteps(whole)) > 5);
  assert.equal(atOnce(upsertMessageSteps(whole)).points.length, 2_000);
});

test('fields between and after the repeated ones are kept', () => {
  const [one, two] = [upsertBytes(1_000, 64), upsertBytes(700, 64)];
  const name = Buffer.from([0x0a, 1, 0x64]);
  const bytes = Buffer.concat([one, name, two, name]);
  const message = atOnce(requestSteps(bytes, upsert.requestDeserialize));
  assert.deepEqual(message, upsert.requestDeserialize(bytes));
  assert.equal(message.collectionName, 'd');
  assert.equal(message.points.length, 1_700);
});

test('a large field that is not a list, and large bytes that are no message, end as in one go', () => {
  const field = { key: 'n'.repeat(80_000) };
  const updateFilter = { must: [{ conditionOneOf: { case: 'field' as const, value: field } }] };
  const once = bytesOf(client.UpsertPointsSchema, { updateFilter });
  const bytes = Buffer.concat([once, once]);
  assert.deepEqual(
    atOnce(requestSteps(bytes, upsert.requestDeserialize)),
    upsert.requestDeserialize(bytes),
  );
  const cut = upsertBytes(2_000, 64).subarray(0, -3);
  assert.throws(() => atOnce(requestSteps(cut, upsert.requestDeserialize)));
});

/** How many times it decoded: once where it went in one go. */
function timesDecoded(bytes: Buffer): number {
  let times = 0;
  const decode = (part: Buffer) => {
    times++;
    return upsert.requestDeserialize(part);
  };
  const message = atOnce(requestSteps(bytes, decode));
  assert.deepEqual(message, upsert.requestDeserialize(bytes));
  return times;
}

test('other fields between all those of the list make no more runs of it', () => {
  // `wait` and an empty point by turns.
  const bytes = Buffer.alloc(512 * 1024, Buffer.from([0x10, 1, 0x1a, 0]));
  const times = timesDecoded(bytes);
  assert.ok(times > 2 && times < 50, `${times}`);
});

test('very many numbers of fields, and bytes behind the end of a message, go in one go', () => {
  const writer = new BinaryWriter();
  for (let i = 0; i < 50_000; i++) writer.tag(1_000 + i, WireType.Varint).uint32(1);
  assert.equal(timesDecoded(Buffer.from(writer.finish())), 1);
  const whole = upsertBytes(700, 64);
  assert.equal(timesDecoded(Buffer.concat([whole, Buffer.from([0]), whole])), 1);
});

test('damaged bytes are a message or an error, in finitely many steps', () => {
  const whole = upsertBytes(700, 64);
  const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const bytes = Buffer.from(whole);
      for (const [at, byte] of changes) bytes[at] = byte;
      try {
        const { points } = atOnce(requestSteps(bytes, upsert.requestDeserialize));
        assert.ok(points.length <= bytes.length);
      } catch (error) {
        assert.ok(error instanceof Error && !(error instanceof assert.AssertionError));
      }
    }),
    { numRuns: 60 },
  );
});

test('a batch of many queries is decoded in steps', () => {
  const dense = { case: 'dense' as const, value: { data: new Array(256).fill(1.5) } };
  const query = { variant: { case: 'nearest' as const, value: { variant: dense } } };
  const queryPoints = Array.from({ length: 400 }, () => ({ collectionName: 'c', query }));
  const bytes = bytesOf(client.QueryBatchPointsSchema, { collectionName: 'c', queryPoints });
  assert.ok(stepsOf(requestSteps(bytes, queryBatch.requestDeserialize)) > 2);
  assert.deepEqual(
    atOnce(requestSteps(bytes, queryBatch.requestDeserialize)),
    queryBatch.requestDeserialize(bytes),
  );
});

function pointsOf(count: number) {
  const vectors = dense(8);
  return Array.from({ length: count }, (_, i) => ({ id: id(i), vectors }));
}

function dense(size: number) {
  const vector = { case: 'dense' as const, value: { data: new Array(size).fill(0.5) } };
  return { vectorsOptions: { case: 'vector' as const, value: { vector } } };
}

function selected(count: number) {
  const ids = Array.from({ length: count }, (_, i) => id(i));
  return { pointsSelectorOneOf: { case: 'points' as const, value: { ids } } };
}

test('a list that lies within other fields is decoded in steps, to the same message', () => {
  const upserts = [3_000, 3, 5_000].map((count) => {
    return { operation: { case: 'upsert' as const, value: { points: pointsOf(count) } } };
  });
  const deletion = { points: selected(30_000) };
  const operations = [
    ...upserts,
    { operation: { case: 'deletePoints' as const, value: deletion } },
    { operation: { case: 'clearPayload' as const, value: { points: selected(2) } } },
  ];
  for (const some of [operations, operations.slice(0, 1), operations.slice(3, 4)]) {
    const batch = { collectionName: 'c', wait: true, operations: some };
    const bytes = bytesOf(client.UpdateBatchPointsSchema, batch);
    const whole = updateBatch.requestDeserialize(bytes);
    assert.ok(stepsOf(requestSteps(bytes, updateBatch.requestDeserialize)) > 1);
    assert.deepEqual(atOnce(requestSteps(bytes, updateBatch.requestDeserialize)), whole);
    assert.equal(atOnce(updateBatchMessageSteps(whole)).length, some.length);
  }
});

test('a large field within another that is no list ends as in one go', () => {
  const kind = { case: 'stringValue' as const, value: '\n\u0001a'.repeat(100_000) };
  const payload = { a: { kind }, b: { kind: { case: 'boolValue' as const, value: true } } };
  const bytes = bytesOf(client.SetPayloadPointsSchema, { payload, pointsSelector: selected(2) });
  assert.deepEqual(
    atOnce(requestSteps(bytes, setPayload.requestDeserialize)),
    setPayload.requestDeserialize(bytes),
  );
  // A text whose bytes could be a message with a list.
  const filter = {
    must: [{ conditionOneOf: { case: 'isNull' as const, value: { key: kind.value } } }],
  };
  const scroll = bytesOf(client.ScrollPointsSchema, { collectionName: 'c', filter });
  assert.deepEqual(
    atOnce(requestSteps(scroll, pointsService.scroll.requestDeserialize)),
    pointsService.scroll.requestDeserialize(scroll),
  );
});

test('every large write is read in steps', () => {
  const bytes = bytesOf(client.UpdatePointVectorsSchema, { points: pointsOf(3_000) });
  const vectors = pointsService.updateVectors.requestDeserialize(bytes);
  const deletion = bytesOf(client.DeletePointsSchema, { points: selected(30_000) });
  const change = bytesOf(client.SetPayloadPointsSchema, { pointsSelector: selected(30_000) });
  for (const steps of [
    updateVectorsMessageSteps(vectors),
    deletePointsMessageSteps(pointsService.delete.requestDeserialize(deletion)),
    setPayloadMessageSteps(setPayload.requestDeserialize(change)),
  ]) {
    assert.ok(stepsOf<unknown>(steps) > 5);
  }
});
