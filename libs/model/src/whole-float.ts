// A float without a fraction, as in `5.0`: a JavaScript number could not tell it from the integer 5.
//
// Invariant: the value is a safe integer, -0 among them. Beyond 2^53 there is no need for it: there an integer is a
// bigint, and a number a float.

declare global {
  interface JSON {
    // Node 24 has it; the compiler's library does not know it yet.
    rawJSON?(text: string): unknown;
  }
}

export class WholeFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }

  /** Written with its fraction by JSON.stringify. */
  toJSON(): unknown {
    return rawJson(floatText(this.value));
  }
}

/** A double as a payload value. It must be finite. */
export function floatValue(value: number): number | WholeFloat {
  return Number.isSafeInteger(value) ? new WholeFloat(value) : value;
}

/** JSON text that is read as a float again. */
export function floatText(value: number): string {
  if (!Number.isInteger(value)) return String(value);
  // From 1e21 on it is written with an exponent, which only a float has.
  if (Math.abs(value) >= 1e21) return String(value);
  return Object.is(value, -0) ? '-0.0' : `${value}.0`;
}

export function rawJson(text: string): unknown {
  if (JSON.rawJSON === undefined) throw new TypeError('JSON.rawJSON is missing: Node 24 has it');
  return JSON.rawJSON(text);
}
