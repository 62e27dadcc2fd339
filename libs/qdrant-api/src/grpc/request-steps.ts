// A large request decoded step by step. A message of many megabytes is mostly one repeated field (points, searches,
// queries): the occurrences of that one are decoded in runs, and all other fields before them, at once. Their order
// among each other is kept; that between a list and other fields means nothing.
//
// Invariant: the message is the one that decoding all bytes in one go gives. Of a malformed one, with a length that
// leads out of its point, the two ways may misread different things.

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

/** `decode` reads a whole message, and throws where it is malformed. */
export function* requestSteps<Request>(
  bytes: Buffer,
  decode: (bytes: Buffer) => Request,
): Steps<Request> {
  if (bytes.length <= RUN_BYTES) return decode(bytes);
  const repeated = yield* largestField(bytes);
  if (repeated === undefined) return decode(bytes);
  const rest = new Runs(bytes);
  const lists = new Runs(bytes);
  let passed = 0;
  for (const field of fieldsOf(bytes)) {
    (field.number === repeated ? lists : rest).add(field);
    if (++passed % FIELDS_PER_STEP === 0) yield;
  }
  const message = decode(Buffer.concat(rest.end()));
  for (const run of lists.end()) {
    yield;
    if (!addLists(message, decode(run))) return decode(bytes);
  }
  return message;
}

/** The field of most bytes; undefined where it stands once only, or the bytes are no message. */
function* largestField(bytes: Buffer): Steps<number | undefined> {
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
  return first !== undefined && first[1].times > 1 ? first[0] : undefined;
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

/** Appends the lists of `part` to those of `message`; false where it has none, so that its field is not a list. */
function addLists<Message>(message: Message, part: Message): boolean {
  let isList = false;
  for (const key in part) {
    const [own, added] = [message[key], part[key]];
    if (!Array.isArray(added) || added.length === 0) continue;
    if (!Array.isArray(own)) return false;
    for (const item of added) own.push(item);
    isList = true;
  }
  return isList;
}
