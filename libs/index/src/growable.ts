// Typed arrays that grow by half of their length, so that n appends copy O(n) elements.

const LENGTH_MIN = 64;

/**
 * `array` itself where it has more than `index` elements, else a longer copy whose new elements are
 * `fill`.
 */
export function grownToHold(array: Uint32Array, index: number, fill: number): Uint32Array {
  if (index < array.length) return array;
  const grown = new Uint32Array(Math.max(LENGTH_MIN, index + 1, Math.ceil(array.length * 1.5)));
  grown.set(array);
  grown.fill(fill, array.length);
  return grown;
}
