// Payloads against the messages of Qdrant's official client.

import assert from 'node:assert/strict';
import test from 'node:test';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import * as client from '@qdrant/js-client-grpc';
import type { JsonObject } from '@tributary/model';
import { floatValue, payloadFromBytes, sequence, WholeFloat } from '@tributary/model';
import fc from 'fast-check';
import { errorText, statusOf } from '../errors.ts';
import { payloadOfEntries } from './payload-reader.ts';
import { entriesOfPayload } from './payload-writer.ts';
import { scoredResponse } from './points-responses.ts';
import { pointsService } from './services.ts';

type Value = client.Value;

function valueMessage(json: unknown): Value {
  const value = create(client.ValueSchema);
  if (json === null) value.kind = { case: 'nullValue', value: client.NullValue.NULL_VALUE };
  else if (typeof json === 'string') value.kind = { case: 'stringValue', value: json };
  else if (typeof json === 'boolean') value.kind = { case: 'boolValue', value: json };
  else if (typeof json === 'bigint') value.kind = { case: 'integerValue', value: json };
  else if (typeof json === 'number') {
    if (Number.isSafeInteger(json)) value.kind = { case: 'integerValue', value: BigInt(json) };
    else value.kind = { case: 'doubleValue', value: json };
  } else if (json instanceof WholeFloat) {
    value.kind = { case: 'doubleValue', value: json.value };
  } else if (Array.isArray(json)) {
    const list = create(client.ListValueSchema, { values: json.map(valueMessage) });
    value.kind = { case: 'listValue', value: list };
  } else if (typeof json === 'object') {
    value.kind = {
      case: 'structValue',
      value: create(client.StructSchema, { fields: mapOf(json) }),
    };
  }
  return value;
}

function mapOf(object: object): Record<string, Value> {
  return Object.fromEntries(Object.entries(object).map(([key, each]) => [key, valueMessage(each)]));
}

function jsonOf({ kind }: Value): unknown {
  if (kind.case === 'structValue') {
    const entries = Object.entries(kind.value.fields);
    return Object.fromEntries(entries.map(([key, each]) => [key, jsonOf(each)]));
  }
  if (kind.case === 'listValue') return kind.value.values.map(jsonOf);
  if (kind.case === 'integerValue') {
    const number = Number(kind.value);
    return Number.isSafeInteger(number) ? number : kind.value;
  }
  if (kind.case === 'doubleValue') return floatValue(kind.value);
  return kind.case === 'nullValue' ? null : kind.value;
}

const scalar = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.boolean(),
  fc.constant(null),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(floatValue),
  fc.integer({ min: -3, max: 3 }).map((each) => new WholeFloat(each)),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }),
);
const { payload } = fc.letrec<{ payload: JsonObject; value: JsonObject }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    tie('payload'),
  ) as fc.Arbitrary<JsonObject>,
  payload: fc.dictionary(fc.string({ unit: 'grapheme' }), tie('value'), {
    maxKeys: 4,
    noNullPrototype: true,
  }),
}));

test('payloads come in as the client encodes them and go out as it decodes them', () => {
  fc.assert(
    fc.property(payload, (object) => {
      const sent = create(client.PointStructSchema, { payload: mapOf(object) });
      const upsert = create(client.UpsertPointsSchema, { points: [sent] });
      const bytes = Buffer.from(toBinary(client.UpsertPointsSchema, upsert));
      const [point] = pointsService.upsert.requestDeserialize(bytes).points;
      const stored = payloadOfEntries(point?.payload ?? []);
      assert.deepEqual(payloadFromBytes(stored), object);

      const scored = { id: 1, version: sequence(1), score: 0, payload: stored };
      const written = pointsService.search.responseSerialize(scoredResponse([scored], 0));
      const [received] = fromBinary(client.SearchResponseSchema, written).result;
      const fields = Object.entries(received?.payload ?? {});
      assert.deepEqual(
        Object.fromEntries(fields.map(([key, each]) => [key, jsonOf(each)])),
        object,
      );
    }),
  );
});

test('a payload too deep, not finite or malformed is refused', () => {
  const refuse = (entry: Uint8Array, expected: RegExp) =>
    assert.throws(
      () => payloadOfEntries([entry]),
      (error) => statusOf(error).http === 400 && expected.test(errorText(error)),
    );
  let deep: unknown = 1;
  for (let i = 0; i < 200; i++) deep = [deep];
  refuse(entryOf(valueMessage(deep)), /nested deeper than 128/);
  refuse(entryOf(valueMessage(Number.NaN)), /numbers are finite/);
  refuse(Uint8Array.of(18, 200, 1, 1), /malformed/);
});

test('a payload as deep as JSON may be goes through', () => {
  let deep: unknown = 1;
  for (let i = 0; i < 127; i++) deep = [deep];
  const bytes = payloadOfEntries([entryOf(valueMessage(deep))]);
  assert.deepEqual(payloadOfEntries(entriesOfPayload(bytes)), bytes);
});

/** The bytes of one map entry `k: value`, as they are inside a message. */
function entryOf(value: Value): Uint8Array {
  const struct = create(client.StructSchema, { fields: { k: value } });
  const message = Buffer.from(toBinary(client.StructSchema, struct));
  let start = 1;
  while ((message[start] ?? 0) >= 128) start++;
  return message.subarray(start + 1);
}

test('a double without a fraction is stored as one, an integer as an integer', () => {
  const sent = create(client.PointStructSchema, {
    payload: {
      float: { kind: { case: 'doubleValue', value: 5 } },
      zero: { kind: { case: 'doubleValue', value: -0 } },
      integer: { kind: { case: 'integerValue', value: 5n } },
      most: { kind: { case: 'integerValue', value: 2n ** 63n - 1n } },
    },
  });
  const upsert = create(client.UpsertPointsSchema, { points: [sent] });
  const bytes = Buffer.from(toBinary(client.UpsertPointsSchema, upsert));
  const [point] = pointsService.upsert.requestDeserialize(bytes).points;
  const stored = Buffer.from(payloadOfEntries(point?.payload ?? [])).toString();
  const members = ['"float":5.0', '"zero":-0.0', '"integer":5', '"most":9223372036854775807'];
  assert.deepEqual(JSON.parse(stored), JSON.parse(`{${members.join(',')}}`));
  for (const member of members) assert.ok(`${stored.slice(1, -1)},`.includes(`${member},`), stored);
});
