import assert from 'node:assert/strict';
import test from 'node:test';
import { type ErrorCode, TributaryError } from '@tributary/runtime';
import {
  collectionExists,
  collectionNotFound,
  errorText,
  formatError,
  grpcErrorText,
  retryAfterText,
  statusOf,
  validationError,
} from './errors.ts';
import { envelopeParts, errorEnvelope } from './responses/envelope.ts';
import { type UnsupportedFeature, unsupported } from './unsupported.ts';

test('every kind of error has the status and the prefix that clients know', () => {
  const expected: readonly [ErrorCode, number, number, string][] = [
    ['wrong_input', 400, 3, 'Wrong input: why'],
    ['bad_request', 400, 3, 'Bad request: why'],
    ['validation', 422, 3, 'why'],
    ['format', 400, 3, 'why'],
    ['too_large', 413, 8, 'why'],
    ['not_found', 404, 5, 'Not found: why'],
    ['already_exists', 409, 6, 'Wrong input: why'],
    ['forbidden', 403, 7, 'Forbidden: why'],
    ['rate_limited', 429, 8, 'Rate limiting exceeded: why'],
    ['precondition_failed', 500, 9, 'Pre-condition failure: why'],
    ['not_distributed', 405, 12, 'why'],
    ['not_implemented', 501, 12, 'why'],
    ['timeout', 408, 4, 'Timeout: why'],
    ['unknown_outcome', 408, 4, 'Timeout: why'],
    ['unavailable', 503, 14, 'Shard temporarily unavailable: why'],
    ['corrupt', 500, 15, 'Service internal error: why'],
    ['exhausted', 503, 8, 'why'],
    ['insufficient_storage', 507, 8, 'Insufficient storage: why'],
    ['internal', 500, 13, 'Service internal error: why'],
  ];
  for (const [code, http, grpc, text] of expected) {
    const error = new TributaryError(code, 'why');
    assert.deepEqual([statusOf(error).http, statusOf(error).grpc], [http, grpc], code);
    assert.equal(errorText(error), text);
  }
});

test('what is not an operational error is an internal one', () => {
  assert.equal(statusOf(new TypeError('x')).http, 500);
  assert.equal(errorText('x'), 'Service internal error: x');
});

test('a missing and an existing collection are reported in the words clients look for', () => {
  assert.equal(errorText(collectionNotFound('x')), "Not found: Collection `x` doesn't exist!");
  assert.equal(errorText(collectionExists('x')), 'Wrong input: Collection `x` already exists!');
});

test('a fault of a body is not called one of JSON where the body is none', () => {
  const invalid = validationError('limit', 'value 0 invalid');
  assert.equal(errorText(invalid), 'Validation error in JSON body: [limit: value 0 invalid]');
  assert.equal(grpcErrorText(invalid), 'Validation error in body: [limit: value 0 invalid]');
  assert.equal(grpcErrorText(formatError('x')), 'Format error in body: x');
  assert.equal(grpcErrorText(collectionExists('x')), errorText(collectionExists('x')));
});

test('the time to retry is given in whole seconds, and never too early', () => {
  const limited = (retryAfterMs: number) =>
    new TributaryError('rate_limited', '', { retryAfterMs });
  assert.equal(retryAfterText(limited(1)), '1');
  assert.equal(retryAfterText(limited(1_001)), '2');
  assert.equal(retryAfterText(new TributaryError('rate_limited', '')), undefined);
  assert.equal(retryAfterText(new TypeError()), undefined);
});

test('the envelopes are JSON for every text of an error', () => {
  const { head, tail } = envelopeParts(0.5);
  assert.deepEqual(JSON.parse(`${head}[1]${tail}`), { result: [1], status: 'ok', time: 0.5 });
  const error = new TributaryError('bad_request', 'a "quote"\n');
  assert.deepEqual(JSON.parse(errorEnvelope(error, 0)), {
    status: { error: 'Bad request: a "quote"\n' },
    time: 0,
  });
});

test('the refusal of a feature names it and says that this version lacks it', () => {
  const refusals: readonly [UnsupportedFeature, string][] = [
    ['inference', 'inference of vectors from images or objects'],
    ['shardKeys', 'shard keys'],
  ];
  for (const [feature, name] of refusals) {
    const text = `Bad request: This version of Tributary does not support ${name}`;
    assert.equal(errorText(unsupported(feature)), text);
    assert.equal(statusOf(unsupported(feature)).http, 400);
  }
});
