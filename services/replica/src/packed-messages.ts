// Calls or answers that go from thread to thread together, as one array of bytes: each with its number and its length
// before it, 32 bits each, in the order of this machine; padded to 8 bytes, so that vectors in it stay aligned.
//
// Posting clones what is posted, value by value: eight calls as a list of objects with an array each take 11 to 17 µs
// to post and receive, packed 6; a single one takes 2.3 µs either way.

export interface NumberedMessage {
  /** 32 bits. */
  readonly id: number;
  readonly bytes: Uint8Array;
}

const HEAD_BYTES = 8;

export function packMessages(messages: readonly NumberedMessage[]): Uint8Array {
  let size = 0;
  for (const { bytes } of messages) size += HEAD_BYTES + padded(bytes.length);
  const packed = new Uint8Array(size);
  const heads = new Uint32Array(packed.buffer);
  let at = 0;
  for (const { id, bytes } of messages) {
    heads[at / 4] = id;
    heads[at / 4 + 1] = bytes.length;
    packed.set(bytes, at + HEAD_BYTES);
    at += HEAD_BYTES + padded(bytes.length);
  }
  return packed;
}

/** Inverse of `packMessages`; the bytes are views into `packed`. */
export function unpackMessages(packed: Uint8Array): NumberedMessage[] {
  const heads = new Uint32Array(packed.buffer, packed.byteOffset, packed.length / 4);
  const messages: NumberedMessage[] = [];
  let at = 0;
  while (at < packed.length) {
    const id = heads[at / 4] ?? 0;
    const length = heads[at / 4 + 1] ?? 0;
    const from = at + HEAD_BYTES;
    messages.push({ id, bytes: packed.subarray(from, from + length) });
    at = from + padded(length);
  }
  return messages;
}

function padded(length: number): number {
  return Math.ceil(length / 8) * 8;
}
