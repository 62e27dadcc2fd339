// The bytes of a channel. A message is one or more frames, those of one turn together:
//
//   number u32 · bytes of the body u32 · kind u8 · method u8 · 6 zeros · body · zeros up to a multiple of 8
//
// Little-endian. Bodies begin at multiples of 8, so that vectors that are aligned in them are so in the message.

import { TributaryError } from '@tributary/runtime';

/** A caller sends `call`, `cancel` and `credit`; who answers sends parts, and one `end` or `error`. */
export const FRAME = { call: 0, part: 1, end: 2, error: 3, cancel: 4, credit: 5 } as const;

export type FrameKind = (typeof FRAME)[keyof typeof FRAME];

export interface Frame {
  /** Of the call, 32 bits; its caller chose it. */
  readonly number: number;
  readonly kind: FrameKind;
  /** What is asked, of a call; else 0. 8 bits. */
  readonly method: number;
  readonly body: Uint8Array;
}

export const NO_BYTES = new Uint8Array(0);

const HEAD_BYTES = 16;
const LENGTH_AT = 4;
const KIND_AT = 8;
const METHOD_AT = 9;

/** What a frame of this body takes of a message. */
export function frameBytes({ length }: Uint8Array): number {
  return HEAD_BYTES + padded(length);
}

/** In a buffer of its own, which a port may give away. */
export function encodeFrames(frames: readonly Frame[]): Uint8Array<ArrayBuffer> {
  let size = 0;
  for (const { body } of frames) size += frameBytes(body);
  const message = new Uint8Array(size);
  const view = new DataView(message.buffer);
  let at = 0;
  for (const { number, kind, method, body } of frames) {
    view.setUint32(at, number, true);
    view.setUint32(at + LENGTH_AT, body.length, true);
    message[at + KIND_AT] = kind;
    message[at + METHOD_AT] = method;
    message.set(body, at + HEAD_BYTES);
    at += frameBytes(body);
  }
  return message;
}

/** Inverse of `encodeFrames`; the bodies are views into the message. Errors: `corrupt`. */
export function decodeFrames(message: Uint8Array): Frame[] {
  const { buffer, byteOffset, length } = message;
  const view = new DataView(buffer, byteOffset, length);
  const frames: Frame[] = [];
  let at = 0;
  while (at < length) {
    if (at + HEAD_BYTES > length) throw cutShort(length);
    const from = at + HEAD_BYTES;
    const end = from + view.getUint32(at + LENGTH_AT, true);
    const next = from + padded(end - from);
    if (next > length) throw cutShort(length);
    frames.push({
      number: view.getUint32(at, true),
      kind: kindOf(view.getUint8(at + KIND_AT)),
      method: view.getUint8(at + METHOD_AT),
      body: message.subarray(from, end),
    });
    at = next;
  }
  return frames;
}

export function creditBody(bytes: number): Uint8Array {
  const body = new Uint8Array(4);
  new DataView(body.buffer).setUint32(0, bytes, true);
  return body;
}

/** Errors: `corrupt`. */
export function readCredit(body: Uint8Array): number {
  if (body.length !== 4)
    throw new TributaryError('corrupt', 'a credit of a channel is not 4 bytes');
  return new DataView(body.buffer, body.byteOffset, 4).getUint32(0, true);
}

function kindOf(byte: number): FrameKind {
  switch (byte) {
    case FRAME.call:
    case FRAME.part:
    case FRAME.end:
    case FRAME.error:
    case FRAME.cancel:
    case FRAME.credit:
      return byte;
    default:
      throw new TributaryError('corrupt', `a frame of a channel is of the unknown kind ${byte}`);
  }
}

function padded(length: number): number {
  return Math.ceil(length / 8) * 8;
}

function cutShort(length: number): TributaryError {
  return new TributaryError('corrupt', `a message of a channel, ${length} bytes, ends in a frame`);
}
