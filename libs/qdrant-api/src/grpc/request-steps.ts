// A large request decoded step by step. A message of many megabytes is mostly one repeated field (points, searches,
// queries): the occurrences of that one are decoded in runs, and all other fields before them, at once. Their order
// among each other is kept; that between a list and other fields means nothing. Where the list lies within another
// field (the points of an operation of a batch, the ids of a selector), its runs are decoded each in a message of that
// field alone.
//
// Invariant: the message is the one that decoding all bytes in one go gives. Of a malformed one, with a length that
// leads out of its point, the two ways may misread different things.

import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import type { Steps } from '@tributary/runtime';

/** Decoding takes some 5 ms a megabyte. */
const RUN_BYTES = 128 * 1024;
/** Of one run, as empty points take time as well. */
const RUN_FIELDS_MAX = 10_000;
/** Fields that are passed over between two steps. */
const FIELDS_PER_STEP = 10_000;
/** No message of the API has as many fields: bytes with more are no request, and not worth counting on. */
const FIELD_NUMBERS_MAX = 64;

const WIRE_VARINT = 0;
const WIRE_64 = 1;
const WIRE_BYTES = 2;
const WIRE_32 = 5;

interface Field {
  readonly number: number;
  readonly wire: number;
  readonly start: number;
  readonly end: number;
}

/** A list of a list of a batch's operation is the deepest that is large: the ids of a selector. */
const DEPTH_MAX = 4;

/** `decode` reads a whole message, and throws where it is malformed. */
export function* requestSteps<Request>(
  bytes: Buffer,
  decode: (bytes: Buffer) => Request,
): Steps<Request> {
  return yield* decodeSteps(bytes, { first: decode, part: decode, depth: 0 });
}

/** What reads bytes of the message that lies `depth` fields deep in the request. */
interface Decoding<Request> {
  /** With all that stands around it. */
  readonly first: (bytes: Buffer) => Request;
  /** With nothing of it. */
  readonly part: (bytes: Buffer) => Request;
  readonly depth: number;
}

function* decodeSteps<Request>(bytes: Buffer, decoding: Decoding<Request>): Steps<Request> {
  const { first, depth } = decoding;
  if (bytes.length <= RUN_BYTES) return first(bytes);
  const repeated = yield* largestField(bytes);
  if (repeated === undefined) return first(bytes);
  const rest = new Runs(bytes);
  const lists = new Runs(bytes);
  let largest: Field | undefined;
  let passed = 0;
  for (const field of fieldsOf(bytes)) {
    (field.number === repeated.number ? lists : rest).add(field);
    if (field.number === repeated.number) largest = field;
    if (++passed % FIELDS_PER_STEP === 0) yield;
  }
  const around = Buffer.concat(rest.end());
  if (repeated.times === 1) {
    if (largest === undefined || depth === DEPTH_MAX) return first(bytes);
    return yield* decodeSteps(contentOf(bytes, largest), within(largest, around, decoding));
  }
  const message = first(around);
  for (const run of lists.end()) {
    yield;
    const items = yield* partSteps(run, decoding);
    if (!addLists(message, items, depth)) return first(bytes);
  }
  return message;
}

/** A run of one item that is large by itself is again decoded in steps. */
function* partSteps<Request>(run: Buffer, { part, depth }: Decoding<Request>): Steps<Request> {
  return yield* decodeSteps(run, { first: part, part, depth });
}

/** Reads the content of the field, which stands once, as `decoding` reads the message around it. */
function within<Request>(
  { number }: Field,
  around: Buffer,
  { first, part, depth }: Decoding<Request>,
): Decoding<Request> {
  const field = (content: Buffer) => {
    const head = new BinaryWriter().uint32(number * 8 + WIRE_BYTES).uint32(content.length);
    return Buffer.concat([head.finish(), content]);
  };
  return {
    first: (content) => first(Buffer.concat([around, field(content)])),
    part: (content) => part(field(content)),
    depth: depth + 1,
  };
}

/** The field of most bytes; undefined where there is none, or the bytes are no message. */
function* largestField(bytes: Buffer): Steps<{ number: number; times: number } | undefined> {
  const found = new Map<number, { bytes: number; times: number }>();
  let passed = 0;
  let reached = 0;
  for (const { number, wire, start, end } of fieldsOf(bytes)) {
    reached = end;
    if (++passed % FIELDS_PER_STEP === 0) yield;
    const field = found.get(number) ?? { bytes: 0, times: 0 };
    found.set(number, field);
    if (found.size > FIELD_NUMBERS_MAX) return undefined;
    field.bytes += wire === WIRE_BYTES ? end - start : 0;
    field.times++;
  }
  if (reached < bytes.length) return undefined;
  const [first] = [...found].sort(([, a], [, b]) => b.bytes - a.bytes);
  if (first === undefined) return undefined;
  const [number, { times, bytes: most }] = first;
  return most > 0 || times > 1 ? { number, times } : undefined;
}

function contentOf(bytes: Buffer, { start, end }: Field): Buffer {
  const reader = new BinaryReader(bytes.subarray(start, end));
  reader.uint32();
  const length = reader.uint32();
  return bytes.subarray(end - length, end);
}

/** Fields put one after the other, in runs. Those that lie side by side already are not copied. */
class Runs {
  readonly #bytes: Buffer;
  readonly #runs: Buffer[] = [];
  /** The run that is being gathered: whole pieces, and the one from `#start` to `#end`. */
  #pieces: Buffer[] = [];
  #start = 0;
  #end = 0;
  #runBytes = 0;
  #runFields = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  add({ start, end }: Field): void {
    const length = end - start;
    if (this.#runBytes + length > RUN_BYTES || this.#runFields === RUN_FIELDS_MAX) this.#endRun();
    if (start !== this.#end) {
      this.#endPiece();
      this.#start = start;
    }
    this.#end = end;
    this.#runBytes += length;
    this.#runFields++;
  }

  end(): readonly Buffer[] {
    this.#endRun();
    return this.#runs;
  }

  #endRun(): void {
    this.#endPiece();
    const [first, ...others] = this.#pieces;
    if (first !== undefined) {
      this.#runs.push(others.length === 0 ? first : Buffer.concat(this.#pieces));
    }
    this.#pieces = [];
    this.#runBytes = 0;
    this.#runFields = 0;
  }

  #endPiece(): void {
    if (this.#end > this.#start) this.#pieces.push(this.#bytes.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }
}

/** Ends before the first field that is none. */
function* fieldsOf(bytes: Buffer): Generator<Field> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; at < bytes.length; scale *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    return Number.NaN;
  };
  while (at < bytes.length) {
    const start = at;
    const tag = varint();
    const wire = tag % 8;
    if (wire === WIRE_VARINT) varint();
    else if (wire === WIRE_64) at += 8;
    else if (wire === WIRE_32) at += 4;
    else if (wire === WIRE_BYTES) {
      const length = varint();
      at += length;
    } else return;
    // A tag of 0 ends a message.
    if (!(at <= bytes.length) || tag === 0) return;
    yield { number: Math.floor(tag / 8), wire, start, end: at };
  }
}

/**
 * Appends the lists of `part` to those of `message`, `depth` fields deep; false where it has something else there, so
 * that it is no list.
 */
function addLists(message: unknown, part: unknown, depth: number): boolean {
  if (!isRecord(message) || !isRecord(part)) return false;
  let isList = false;
  for (const key in part) {
    const [own, added] = [message[key], part[key]];
    if (depth > 0 && isRecord(added)) {
      // The field that the list lies in: one message, or the only one of a list.
      if (!addLists(own, added, depth - 1)) return false;
      isList = true;
    } else if (Array.isArray(added)) {
      if (added.length === 0) continue;
      if (!Array.isArray(own)) return false;
      if (depth === 0) for (const item of added) own.push(item);
      else if (added.length !== 1 || !addLists(own.at(-1), added[0], depth - 1)) return false;
      isList = true;
    } else if (holdsSomething(added)) return false;
  }
  return isList;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Map) &&
    !ArrayBuffer.isView(value)
  );
}

/** Other than what stands for a field that is not there. */
function holdsSomething(value: unknown): boolean {
  if (value instanceof Map) return value.size > 0;
  if (ArrayBuffer.isView(value)) return value.byteLength > 0;
  return Boolean(value);
}
