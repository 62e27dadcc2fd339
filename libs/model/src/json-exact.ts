// Numbers as they were written: JSON.parse makes one number of `5` and `5.0`, and rounds integers beyond 2^53.
//
// `needsExactReading` is the quick test: it goes over the text outside its strings once, bounds the depth on the way,
// and tells whether any number is one that JSON.parse would forget something about. Only for such a text `readExactly`
// reads again what JSON.parse has accepted, so it checks no syntax. That costs a payload of 160 bytes 0.8 µs more; a reviver
// that sees the source of each number took seven times as long as JSON.parse alone.

import type { JsonObject, JsonValue } from './json.ts';
import { JsonError } from './json-error.ts';
import { WholeFloat } from './whole-float.ts';

const I64_MIN = -(2n ** 63n);
const U64_MAX = 2n ** 64n - 1n;
/** Integers of as many digits are exact as doubles. */
const SAFE_DIGITS = 15;
/** Integers of more digits, with a sign, are beyond 64 bits. */
const INTEGER_LENGTH_MAX = 20;
/** An exponent of so many digits can bring any number to infinity or zero. */
const LONG_EXPONENT = 3;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const LOWER_E = 0x65;
const UPPER_E = 0x45;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const COMMA = 0x2c;
const SPACE = 0x20;

/** By character: 0 where the scan passes on. */
const NOTED = new Uint8Array(128);
for (const code of [QUOTE, MINUS, DOT, OPEN_LIST, CLOSE_LIST, LOWER_E, UPPER_E]) NOTED[code] = 1;
for (const code of [OPEN_OBJECT, CLOSE_OBJECT]) NOTED[code] = 1;

/** Iterative, so that a text of any depth costs one pass and no stack. Throws a JsonError beyond `depthMax`. */
export function needsExactReading(text: string, depthMax: number): boolean {
  let depth = 0;
  let isNeeded = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 128 || NOTED[code] === 0) continue;
    switch (code) {
      case QUOTE:
        i = endOfString(text, i);
        break;
      case OPEN_LIST:
      case OPEN_OBJECT:
        if (++depth > depthMax) throw new JsonError(`nested deeper than ${depthMax} levels`);
        break;
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        depth--;
        break;
      case DOT:
        isNeeded ||= !isDigit(text.charCodeAt(afterZeros(text, i + 1)));
        break;
      case MINUS:
        isNeeded ||= isNegativeZero(text, i);
        break;
      default:
        isNeeded ||= isDigit(text.charCodeAt(i - 1)) && mayMakeWhole(text, i);
    }
  }
  return isNeeded;
}

/** `-0` without a fraction or an exponent, which only a float can be. */
function isNegativeZero(text: string, minus: number): boolean {
  if (text.charCodeAt(minus + 1) !== ZERO) return false;
  const next = text.charCodeAt(minus + 2);
  return next !== DOT && next !== LOWER_E && next !== UPPER_E;
}

/** Whether the exponent at `start` may leave no fraction: not `1.2e-7`, whose last digit lies behind the point. */
function mayMakeWhole(text: string, start: number): boolean {
  if (text.charCodeAt(start + 1) !== MINUS || text.charCodeAt(start - 1) === ZERO) return true;
  const first = afterZeros(text, start + 2);
  return !isDigit(text.charCodeAt(first)) || isDigit(text.charCodeAt(first + LONG_EXPONENT - 1));
}

function afterZeros(text: string, start: number): number {
  let i = start;
  while (text.charCodeAt(i) === ZERO) i++;
  return i;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

/** Index of the quote that ends the string that starts at `start`; the end of the text where none does. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end;
    end = text.indexOf('"', end + 1);
  }
  return text.length;
}

/** The value of a text that JSON.parse accepts. Throws a JsonError on a number beyond the largest double. */
export function readExactly(text: string): JsonValue {
  return new ExactReader(text).readValue();
}

class ExactReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  readValue(): JsonValue {
    switch (this.#next()) {
      case OPEN_OBJECT:
        return this.#readObject();
      case OPEN_LIST:
        return this.#readList();
      case QUOTE:
        return this.#readString();
      case 0x74: // true
        return this.#pass(4, true);
      case 0x66: // false
        return this.#pass(5, false);
      case 0x6e: // null
        return this.#pass(4, null);
      default:
        return this.#readNumber();
    }
  }

  /** The next character that is not white space. */
  #next(): number {
    while (this.#text.charCodeAt(this.#at) <= SPACE) this.#at++;
    return this.#text.charCodeAt(this.#at);
  }

  #pass<T>(length: number, value: T): T {
    this.#at += length;
    return value;
  }

  #readObject(): JsonObject {
    const object: Record<string, JsonValue> = {};
    this.#at++;
    while (this.#next() !== CLOSE_OBJECT) {
      const key = this.#readString();
      this.#next();
      this.#at++;
      const value = this.readValue();
      if (key === '__proto__') define(object, key, value);
      else object[key] = value;
      if (this.#next() === COMMA) this.#at++;
    }
    this.#at++;
    return object;
  }

  #readList(): JsonValue[] {
    const list: JsonValue[] = [];
    this.#at++;
    while (this.#next() !== CLOSE_LIST) {
      list.push(this.readValue());
      if (this.#next() === COMMA) this.#at++;
    }
    this.#at++;
    return list;
  }

  #readString(): string {
    const start = this.#at;
    const end = endOfString(this.#text, start);
    this.#at = end + 1;
    const inner = this.#text.slice(start + 1, end);
    return inner.includes('\\') ? JSON.parse(`"${inner}"`) : inner;
  }

  #readNumber(): JsonValue {
    const start = this.#at;
    let isInteger = true;
    let code = this.#text.charCodeAt(++this.#at);
    while (isDigit(code) || code === DOT || code === MINUS || code === 0x2b || isExponent(code)) {
      if (!isDigit(code)) isInteger = false;
      code = this.#text.charCodeAt(++this.#at);
    }
    const source = this.#text.slice(start, this.#at);
    return isInteger ? integerOf(source) : floatOf(source);
  }
}

function isExponent(code: number): boolean {
  return code === LOWER_E || code === UPPER_E;
}

/** An assignment to `__proto__` would set the prototype. */
function define(object: Record<string, JsonValue>, key: string, value: JsonValue): void {
  Object.defineProperty(object, key, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

function integerOf(source: string): JsonValue {
  if (source === '-0') return new WholeFloat(-0);
  const number = Number(source);
  if (source.length <= SAFE_DIGITS || Number.isSafeInteger(number)) return number;
  if (source.length > INTEGER_LENGTH_MAX) return finite(number, source);
  const integer = BigInt(source);
  return integer < I64_MIN || integer > U64_MAX ? number : integer;
}

function floatOf(source: string): JsonValue {
  const number = finite(Number(source), source);
  return Number.isSafeInteger(number) ? new WholeFloat(number) : number;
}

function finite(number: number, source: string): number {
  if (Number.isFinite(number)) return number;
  throw new JsonError(`number out of range: ${source.slice(0, 32)}`);
}
