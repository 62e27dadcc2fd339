import assert from 'node:assert/strict';
import test from 'node:test';
import { TributaryError } from '@tributary/runtime';
import { goldenText, hexLines } from '@tributary/runtime/testing';
import fc from 'fast-check';
import { encodeError } from './channel-error.ts';
import { creditBody, decodeFrames, encodeFrames, FRAME, type Frame, NO_BYTES } from './frames.ts';

const frames: fc.Arbitrary<Frame[]> = fc.array(
  fc.record({
    number: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    kind: fc.constantFrom(...Object.values(FRAME)),
    method: fc.integer({ min: 0, max: 255 }),
    body: fc.uint8Array({ maxLength: 40 }),
  }),
  { maxLength: 8 },
);
const plain = (all: readonly Frame[]) => all.map((each) => ({ ...each, body: [...each.body] }));

test('frames come out of a message as they went in, in their order, wherever it lies', () => {
  fc.assert(
    fc.property(frames, fc.integer({ min: 0, max: 9 }), (sent, shift) => {
      const message = encodeFrames(sent);
      const moved = new Uint8Array(shift + message.length).subarray(shift);
      moved.set(message);
      assert.deepEqual(plain(decodeFrames(moved)), plain(sent));
    }),
  );
});

test('bodies are aligned in the message', () => {
  fc.assert(
    fc.property(frames, (sent) => {
      for (const { body } of decodeFrames(encodeFrames(sent))) assert.equal(body.byteOffset % 8, 0);
    }),
  );
});

test('a message cut short is corrupt, and never read beyond its end', () => {
  const body = new Uint8Array(5);
  const frame = { number: 1, kind: FRAME.end, method: 0, body };
  const whole = encodeFrames([frame, frame]);
  for (let length = 1; length < whole.length; length++) {
    if (length === whole.length / 2) continue;
    assert.throws(() => decodeFrames(whole.subarray(0, length)), { code: 'corrupt' });
  }
});

test('any bytes are frames or corrupt', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        decodeFrames(bytes);
      } catch (error) {
        assert.ok(error instanceof TributaryError && error.code === 'corrupt');
      }
    }),
  );
});

test('every kind of frame has the bytes of the golden file', () => {
  const body = Uint8Array.of(1, 2, 3);
  const error = encodeError(new TributaryError('not_found', 'no shard 1'));
  const message = encodeFrames([
    { number: 258, kind: FRAME.call, method: 1, body },
    { number: 258, kind: FRAME.part, method: 0, body },
    { number: 258, kind: FRAME.end, method: 0, body: NO_BYTES },
    { number: 259, kind: FRAME.error, method: 0, body: error },
    { number: 260, kind: FRAME.cancel, method: 0, body: NO_BYTES },
    { number: 0xffff_ffff, kind: FRAME.credit, method: 0, body: creditBody(524_288) },
  ]);
  const file = new URL('../golden/frames.hex', import.meta.url);
  assert.equal(hexLines(message), goldenText(file, hexLines(message)));
});
