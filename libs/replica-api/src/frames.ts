// Several byte strings in one message: each with its length before it, 4 bytes little-endian.

import { TributaryError } from '@tributary/runtime';

export function joinFrames(frames: readonly Uint8Array[]): Buffer {
  const size = frames.reduce((sum, frame) => sum + 4 + frame.length, 0);
  const joined = Buffer.allocUnsafe(size);
  let at = 0;
  for (const frame of frames) {
    at = joined.writeUInt32LE(frame.length, at);
    joined.set(frame, at);
    at += frame.length;
  }
  return joined;
}

/** Views into `joined`. Errors: `corrupt`. */
export function splitFrames(joined: Uint8Array): Uint8Array[] {
  const view = new DataView(joined.buffer, joined.byteOffset, joined.byteLength);
  const frames: Uint8Array[] = [];
  let at = 0;
  while (at < joined.length) {
    const length = at + 4 <= joined.length ? view.getUint32(at, true) : Number.POSITIVE_INFINITY;
    if (at + 4 + length > joined.length) {
      throw new TributaryError('corrupt', 'a peer message ends within a frame');
    }
    frames.push(joined.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return frames;
}
