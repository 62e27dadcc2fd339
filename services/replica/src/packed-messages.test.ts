import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { packMessages, unpackMessages } from './packed-messages.ts';

const messages = fc.array(
  fc.record({
    id: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    bytes: fc.uint8Array({ maxLength: 40 }),
  }),
  { maxLength: 8 },
);

test('messages that were packed and cloned are those that were packed, in their order', () => {
  fc.assert(
    fc.property(messages, (sent) => {
      const received = unpackMessages(structuredClone(packMessages(sent)));
      assert.deepEqual(
        received.map(({ id, bytes }) => ({ id, bytes: [...bytes] })),
        sent.map(({ id, bytes }) => ({ id, bytes: [...bytes] })),
      );
    }),
  );
});

test('bytes that are aligned by themselves are aligned among others', () => {
  fc.assert(
    fc.property(messages, (sent) => {
      for (const { bytes } of unpackMessages(packMessages(sent))) {
        assert.equal(bytes.byteOffset % 8, 0);
      }
    }),
  );
});
