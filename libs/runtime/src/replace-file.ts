// A small file that is replaced whole: a process that is killed leaves the old one or the new one.

import { renameSync, writeFileSync } from 'node:fs';

/** The content is on disk under the name when it returns. Blocks for as long as that takes. */
export function replaceFile(path: string, content: string | Uint8Array): void {
  writeFileSync(`${path}.new`, content, { flush: true });
  renameSync(`${path}.new`, path);
}
