// float32 numbers as the decimals that read back as the same float32: 0.1, where the double's text would be
// 0.10000000149011612.

const POWERS = Float64Array.from({ length: 23 }, (_, i) => 10 ** i);

/** JSON has no infinity, which a score may come to: the largest float32 stands for it. */
const FLOAT32_MAX_TEXT = '3.4028235e+38';

/** JSON text of a float32. */
export function float32Text(value: number): string {
  const magnitude = Math.abs(value);
  if (magnitude >= 1e7) return uncommonText(value);
  if (Number.isInteger(value)) return Object.is(value, -0) ? '-0' : String(value);
  if (magnitude < 1e-6) return uncommonText(value);
  // Seven digits are enough for most float32 numbers, and nine for all (IEEE 754). `scale` is a power of ten that a
  // double holds exactly, so the quotient is the double nearest to the decimal and prints as that decimal.
  const exponent = Math.floor(Math.log10(magnitude));
  for (let digits = 6; digits <= 8; digits++) {
    const scale = POWERS[digits - exponent] ?? 1;
    const decimal = Math.round(value * scale) / scale;
    if (Math.fround(decimal) === value) return String(decimal);
  }
  return String(value);
}

/** `[` … `]` of a vector. */
export function vectorText(vector: Float32Array): string {
  if (vector.length === 0) return '[]';
  let text = '';
  for (let i = 0; i < vector.length; i++) text += `,${float32Text(vector[i] ?? 0)}`;
  return `[${text.slice(1)}]`;
}

function uncommonText(value: number): string {
  if (!Number.isFinite(value)) return value < 0 ? `-${FLOAT32_MAX_TEXT}` : FLOAT32_MAX_TEXT;
  for (let digits = 7; digits <= 9; digits++) {
    const decimal = Number(value.toPrecision(digits));
    if (Math.fround(decimal) === value) return String(decimal);
  }
  return String(value);
}
