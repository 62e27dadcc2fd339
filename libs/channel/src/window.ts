// How much of one answer may be under way: bytes and, as each part counts as some, parts.

/** What a caller takes of one answer before it has used any of it. */
export const WINDOW_BYTES = 4 * 1024 * 1024;

const PART_BYTES_MIN = 1024;

/** What a part takes of the window, at both ends. */
export function windowBytes({ length }: Uint8Array): number {
  return Math.max(length, PART_BYTES_MIN);
}
