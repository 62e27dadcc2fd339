// A large JSON text read step by step, so that a thread can do other work in between.
//
// One scan follows the brackets and strings. Wherever a list or an object has grown by a step since its last cut, what
// lies between the two cuts is parsed as a list or an object of its own and added to it; what is smaller than a step is
// parsed with what it lies in. The parts cost together what `parseJson` costs, and the scan comes on top.
//
// Invariant: the value is the one that `parseJson` returns, and what that one refuses is refused.

import { JSON_DEPTH_MAX, JsonError, type JsonValue, parseJson } from './json.ts';

/** Takes some 0.7 ms. */
const STEP_BYTES = 64 * 1024;

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** By byte: 0 where the scan passes on. None of them is part of a longer UTF-8 sequence. */
const NOTED = new Uint8Array(256);
for (const code of [QUOTE, COMMA, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT])
  NOTED[code] = 1;

/** `bytes` are UTF-8. Throws a JsonError as `parseJson` does; its positions count from the part that it names. */
export function* parseJsonInSteps(
  bytes: Buffer,
  stepBytes = STEP_BYTES,
): Generator<undefined, JsonValue, undefined> {
  const reader = new SteppedReader(bytes, stepBytes);
  while (reader.scan()) yield undefined;
  return reader.end();
}

/** A list or an object that the scan is in. */
interface Open {
  readonly isList: boolean;
  readonly start: number;
  /** What was cut off so far; undefined where it is still small. */
  value: JsonValue[] | Record<string, JsonValue> | undefined;
  /** Where the part begins that is not in `value` yet. */
  cutAt: number;
  /** Where the last member begins. */
  memberAt: number;
  /** Whether the last member is in `value` already. */
  isMemberTaken: boolean;
}

class SteppedReader {
  readonly #bytes: Buffer;
  readonly #stepBytes: number;
  readonly #open: Open[] = [];
  #at = 0;
  /** The outermost value, where it was cut, and where it stood. */
  #root: { readonly value: JsonValue; readonly start: number; readonly end: number } | undefined;

  constructor(bytes: Buffer, stepBytes: number) {
    this.#bytes = bytes;
    this.#stepBytes = stepBytes;
  }

  /** Goes on by a step. False at the end of the text. */
  scan(): boolean {
    const bytes = this.#bytes;
    const end = Math.min(this.#at + this.#stepBytes, bytes.length);
    let at = this.#at;
    for (; at < end; at++) {
      const code = bytes[at] ?? 0;
      if (NOTED[code] === 0) continue;
      if (code === QUOTE) at = endOfString(bytes, at);
      else if (code === COMMA) this.#comma(at);
      else if (code === OPEN_LIST || code === OPEN_OBJECT) this.#enter(at, code === OPEN_LIST);
      else this.#leave(at, code === CLOSE_LIST);
    }
    this.#at = at;
    return at < bytes.length;
  }

  end(): JsonValue {
    if (this.#open.length > 0) throw new JsonError('Unexpected end of JSON input');
    const root = this.#root;
    if (root === undefined) return this.#parse(0, this.#bytes.length, '', '');
    this.#requireBlank(0, root.start);
    this.#requireBlank(root.end, this.#bytes.length);
    return root.value;
  }

  #enter(at: number, isList: boolean): void {
    if (this.#open.length === JSON_DEPTH_MAX) {
      throw new JsonError(`nested deeper than ${JSON_DEPTH_MAX} levels`);
    }
    const next = at + 1;
    const state = { value: undefined, cutAt: next, memberAt: next, isMemberTaken: false };
    this.#open.push({ isList, start: at, ...state });
  }

  #comma(at: number): void {
    const open = this.#open.at(-1);
    if (open === undefined) return;
    if (open.isMemberTaken) this.#pass(open, at);
    else if (at - open.cutAt >= this.#stepBytes) this.#cut(open, at);
    open.memberAt = at + 1;
  }

  #leave(at: number, isList: boolean): void {
    const open = this.#open.pop();
    if (open?.isList !== isList) throw unexpected(isList ? ']' : '}', at);
    const { value } = open;
    if (value === undefined) return;
    if (open.isMemberTaken) this.#pass(open, at);
    else this.#cut(open, at);
    const around = this.#open.at(-1);
    if (around !== undefined) {
      this.#add(value, { to: around, start: open.start, end: at + 1 });
      return;
    }
    if (this.#root !== undefined) throw unexpected(open.isList ? '[' : '{', open.start);
    this.#root = { value, start: open.start, end: at + 1 };
  }

  /** Behind a member that was taken there is nothing but a comma or the end. */
  #pass(open: Open, at: number): void {
    this.#requireBlank(open.cutAt, at);
    open.cutAt = at + 1;
    open.isMemberTaken = false;
  }

  /** Parses the members up to `at`, of which there is one at least. */
  #cut(open: Open, at: number): void {
    const [head, tail] = open.isList ? ['[', ']'] : ['{', '}'];
    const members = this.#parse(open.cutAt, at, head, tail);
    let count = 0;
    if (Array.isArray(members)) {
      const list = listOf(open);
      for (const member of members) list.push(member);
      count = members.length;
    } else {
      const object = objectOf(open);
      for (const [key, member] of Object.entries(Object(members))) {
        define(object, key, member as JsonValue);
        count++;
      }
    }
    if (count === 0) throw unexpected(this.#bytes.toString('latin1', at, at + 1), at);
    open.cutAt = at + 1;
  }

  /** Adds a member that was cut itself. */
  #add(
    value: JsonValue,
    { to, start, end }: { readonly to: Open; readonly start: number; readonly end: number },
  ): void {
    if (to.isMemberTaken) throw unexpected(to.isList ? '[' : '{', start);
    if (to.memberAt > to.cutAt) this.#cut(to, to.memberAt - 1);
    if (to.isList) {
      this.#requireBlank(to.memberAt, start);
      listOf(to).push(value);
    } else {
      const [key] = Object.keys(Object(this.#parse(to.memberAt, start, '{', 'null}')));
      if (key === undefined) throw unexpected('{', start);
      define(objectOf(to), key, value);
    }
    to.cutAt = end;
    to.isMemberTaken = true;
  }

  #parse(start: number, end: number, head: string, tail: string): JsonValue {
    const text = this.#bytes.toString('utf8', start, end);
    try {
      return parseJson(`${head}${text}${tail}`);
    } catch (error) {
      if (!(error instanceof JsonError) || start === 0) throw error;
      throw new JsonError(`${error.message}, in the part from byte ${start} on`, { cause: error });
    }
  }

  #requireBlank(start: number, end: number): void {
    for (let at = start; at < end; at++) {
      const code = this.#bytes[at] ?? 0;
      const isBlank = code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
      if (!isBlank) throw unexpected(String.fromCharCode(code), at);
    }
  }
}

function listOf(open: Open): JsonValue[] {
  if (Array.isArray(open.value)) return open.value;
  const list: JsonValue[] = [];
  open.value = list;
  return list;
}

function objectOf(open: Open): Record<string, JsonValue> {
  if (open.value !== undefined && !Array.isArray(open.value)) return open.value;
  const object: Record<string, JsonValue> = {};
  open.value = object;
  return object;
}

/** As JSON.parse does: `__proto__` is a member like any other. */
function define(object: Record<string, JsonValue>, key: string, value: JsonValue): void {
  if (key !== '__proto__') object[key] = value;
  else {
    const attributes = { enumerable: true, writable: true, configurable: true };
    Object.defineProperty(object, key, { value, ...attributes });
  }
}

function unexpected(token: string, at: number): JsonError {
  return new JsonError(`Unexpected token '${token}' in JSON at byte ${at}`);
}

/** Index of the quote that ends the string that starts at `start`; the end of the text where none does. */
function endOfString(bytes: Buffer, start: number): number {
  let end = bytes.indexOf(QUOTE, start + 1);
  while (end !== -1) {
    let backslashes = 0;
    while (bytes[end - 1 - backslashes] === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end;
    end = bytes.indexOf(QUOTE, end + 1);
  }
  return bytes.length;
}
