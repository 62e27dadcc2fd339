// A number from the command line. What is none must not pass for one: a loop to NaN does nothing and finds no fault.

/** Throws a `RangeError` that names the flag. */
export function numberFlag(name: string, text: string, min: number): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isFinite(value) && value >= min) return value;
  throw new RangeError(`--${name} ${text}: a number, ${min} or more`);
}
