import assert from 'node:assert/strict';
import test from 'node:test';
import { errorText, statusOf } from './errors.ts';
import { timeoutMsOfMessage } from './grpc/parameters.ts';
import { parseReadParameters, parseTimeout, parseWriteParameters } from './query-parameters.ts';
import { refusalOf } from './refusal.test-support.ts';

test('query parameters have the defaults that clients rely on', () => {
  assert.deepEqual(parseWriteParameters({}), { wait: false, ordering: 'weak' });
  assert.deepEqual(parseReadParameters({}), {});
  assert.equal(parseTimeout({}), undefined);
});

test('query parameters are read from their text', () => {
  assert.deepEqual(parseWriteParameters({ wait: 'true', ordering: 'strong', timeout: '5' }), {
    wait: true,
    ordering: 'strong',
    timeoutMs: 5_000,
  });
  assert.deepEqual(parseReadParameters({ consistency: 'majority' }), { consistency: 'majority' });
  assert.deepEqual(parseReadParameters({ consistency: '2', timeout: '1' }), {
    consistency: 2,
    timeoutMs: 1_000,
  });
  assert.deepEqual(parseWriteParameters({ wait: ['false', 'true'] }).wait, true);
});

test('a timeout of more than a day is one of a day, which timers can still count', () => {
  assert.equal(parseTimeout({ timeout: '999999999999' }), 86_400_000);
  assert.equal(timeoutMsOfMessage({ timeout: 2n ** 64n - 1n }), 86_400_000);
});

test('a parameter that cannot be read is a 400, one out of range a 422 that names it', () => {
  const deserialize = 'Deserialize error in query parameters: ';
  const refusals: readonly (readonly [() => unknown, number, string])[] = [
    [
      () => parseTimeout({ timeout: '0' }),
      422,
      'Validation error in query parameters: [timeout: value 0 invalid, must be 1 or larger]',
    ],
    [
      () => parseReadParameters({ consistency: '0' }),
      422,
      'Validation error in query parameters: [consistency: value 0 invalid, must be 1 or larger]',
    ],
    [
      () => parseTimeout({ timeout: '-1' }),
      400,
      `${deserialize}timeout: invalid value "-1", expected a whole number`,
    ],
    [
      () => parseWriteParameters({ wait: 'yes' }),
      400,
      `${deserialize}wait: invalid value "yes", expected \`true\` or \`false\``,
    ],
    [
      () => parseWriteParameters({ ordering: 'x' }),
      400,
      `${deserialize}ordering: invalid value "x", expected \`weak\`, \`medium\` or \`strong\``,
    ],
    [
      () => parseReadParameters({ consistency: 'most' }),
      400,
      `${deserialize}consistency: invalid value "most", expected a number of replicas, \`majority\`, \`quorum\` or \`all\``,
    ],
  ];
  for (const [read, http, text] of refusals) {
    assert.throws(read, (error) => statusOf(error).http === http && errorText(error) === text);
  }
});

test('a write may have an idempotency key and a read the sequence it has to see', () => {
  const write = parseWriteParameters({}, { 'x-tributary-idempotency-key': 'order-7' });
  assert.deepEqual(write, { wait: false, ordering: 'weak', idempotencyKey: 'order-7' });
  assert.deepEqual(parseReadParameters({}, { 'x-tributary-min-sequence': '12' }), {
    minSequence: 12,
  });
  for (const key of ['a b', 'ü', 'x'.repeat(256)]) {
    assert.match(
      refusalOf(() => parseWriteParameters({}, { 'x-tributary-idempotency-key': key })),
      /^400 .*x-tributary-idempotency-key: invalid value/,
    );
  }
  for (const token of ['-1', '1.5', 'x', '9'.repeat(16)]) {
    assert.match(
      refusalOf(() => parseReadParameters({}, { 'x-tributary-min-sequence': token })),
      /^400 .*x-tributary-min-sequence: invalid value/,
    );
  }
});
