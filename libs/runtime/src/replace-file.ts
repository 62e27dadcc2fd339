// A small file that is replaced whole: a process that is killed leaves the old one or the new one.

import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * The content is on disk under the name when it returns, through a power loss too. Blocks for as long as that takes.
 */
export function replaceFile(path: string, content: string | Uint8Array): void {
  withOpen(`${path}.new`, 'w', (file) => {
    writeFileSync(file, content);
    fsyncSync(file);
  });
  renameSync(`${path}.new`, path);
  // The name is the folder's.
  withOpen(dirname(path), 'r', fsyncSync);
}

function withOpen(path: string, flags: string, use: (file: number) => void): void {
  const file = openSync(path, flags);
  try {
    use(file);
  } finally {
    closeSync(file);
  }
}
