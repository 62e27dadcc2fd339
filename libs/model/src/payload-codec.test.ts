import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { payloads } from './arbitraries.ts';
import { JsonError } from './json.ts';
import { payloadFromBytes, payloadToBytes } from './payload-codec.ts';

test('a payload is read back as it was written', () => {
  fc.assert(
    fc.property(payloads, (payload) => {
      assert.deepEqual(payloadFromBytes(payloadToBytes(payload)), payload);
    }),
  );
});

test('an empty payload has no bytes', () => {
  assert.equal(payloadToBytes({}).length, 0);
  assert.deepEqual(payloadFromBytes(new Uint8Array(0)), {});
});

test('bytes within a larger buffer are read alone', () => {
  const bytes = Buffer.from('garbage{"a":"é"}garbage', 'utf8').subarray(7, 17);
  assert.deepEqual(payloadFromBytes(bytes), { a: 'é' });
});

test('a payload that is no object is refused', () => {
  for (const text of ['[]', 'null', '1', '"a"', '{']) {
    assert.throws(() => payloadFromBytes(Buffer.from(text)), JsonError, text);
  }
});
