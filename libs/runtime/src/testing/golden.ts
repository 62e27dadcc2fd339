// Files that hold what a stored or sent format looks like: bytes that were written once must be read for ever.

import { readFileSync, writeFileSync } from 'node:fs';

const LINE = /.{100}/g;

/**
 * What the file holds, to be compared with what is written today. Where `UPDATE_GOLDEN` is 1, the file is made of that
 * first: for what is new, and for what changes on purpose while no one has such data.
 */
export function goldenText(file: URL, today: string): string {
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, today);
  return readFileSync(file, 'utf8');
}

/** The bytes as the text of such a file. */
export function hexLines(bytes: Uint8Array): string {
  return `${Buffer.from(bytes).toString('hex').replaceAll(LINE, '$&\n')}\n`;
}

export function bytesOfHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll('\n', ''), 'hex'));
}
