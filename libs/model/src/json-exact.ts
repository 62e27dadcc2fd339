// Numbers as they were written: JSON.parse makes one number of `5` and `5.0`, and rounds integers beyond 2^53.
//
// `needsExactReading` is the quick test: it goes over the text outside its strings once, bounds the depth on the way,
// and tells whether any number is one that JSON.parse would forget something about. Only for such a text `readExactly`
// reads again what JSON.parse has accepted, so it checks no syntax. That costs a payload of 160 bytes 1 µs more; a
// reviver that sees the source of each number took seven times as long as JSON.parse alone.

import { JsonError } from './json-error.ts';
import type { JsonObject, JsonValue } from './json-value.ts';
import { WholeFloat } from './whole-float.ts';

const I64_MIN = -(2n ** 63n);
const U64_MAX = 2n ** 64n - 1n;
/** Integers of as many digits are exact as doubles. */
const SAFE_DIGITS = 15;
/** Of a number, the digits a double may tell apart. */
const DOUBLE_DIGITS = 16;
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

/** By character: 0 where the scan passes on. Minus and digits begin a number. */
const NOTED = new Uint8Array(128);
for (const code of [QUOTE, MINUS, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT])
  NOTED[code] = 1;
NOTED.fill(1, ZERO, NINE + 1);

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
      default: {
        const first = code === MINUS ? i + 1 : i;
        const point = afterDigits(text, first);
        const digits = point - first;
        isNeeded ||= digits > SAFE_DIGITS;
        let end = point;
        if (text.charCodeAt(point) === DOT) {
          end = afterDigits(text, point + 1);
          isNeeded ||= mayRoundToWhole(text, { point, end, digits });
        } else if (code === MINUS && text.charCodeAt(first) === ZERO) {
          // `-0`, which only a float can be.
          isNeeded = true;
        }
        if (isExponent(text.charCodeAt(end))) {
          isNeeded ||= text.charCodeAt(first) === ZERO || mayMakeWhole(text, end, digits);
          end = afterDigits(text, end + 2);
        }
        // A minus that begins no number is none that JSON.parse accepts.
        i = Math.max(i, end - 1);
      }
    }
  }
  return isNeeded;
}

/**
 * Whether a fraction may be none as a double: it is zeros, or begins with so many zeros or nines that they end at the
 * sixteenth digit of the number. A double has a unit in the last place of at most 10^(digits - 15.9).
 */
function mayRoundToWhole(
  text: string,
  { point, end, digits }: { readonly point: number; readonly end: number; readonly digits: number },
): boolean {
  const lead = text.charCodeAt(point + 1);
  if (lead !== ZERO && lead !== NINE) return false;
  let i = point + 2;
  while (i < end && text.charCodeAt(i) === lead) i++;
  return (i === end && lead === ZERO) || i - (point + 1) >= DOUBLE_DIGITS - digits;
}

/**
 * Whether the exponent at `start` may leave no fraction: not `1.2e-7`, where all digits come to stand behind the point.
 */
function mayMakeWhole(text: string, start: number, digits: number): boolean {
  if (text.charCodeAt(start + 1) !== MINUS) return true;
  const first = afterZeros(text, start + 2);
  const end = afterDigits(text, first);
  return end - first >= LONG_EXPONENT || Number(text.slice(first, end)) <= digits;
}

function afterZeros(text: string, start: number): number {
  let i = start;
  while (text.charCodeAt(i) === ZERO) i++;
  return i;
}

function afterDigits(text: string, start: number): number {
  let i = start;
  while (isDigit(text.charCodeAt(i))) i++;
  return i;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

function isExponent(code: number): boolean {
  return code === LOWER_E || code === UPPER_E;
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
