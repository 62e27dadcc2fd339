// Ways in which a file comes to hold other bytes than were written.

import { closeSync, openSync, readSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs';

export type Damage = 'flipped' | 'truncated' | 'deleted' | 'zeroed';

/** `at` is a share of the file: 0 its first byte, 1 its end. */
export function damage(file: string, kind: Damage, at = 0.5): void {
  const { size } = statSync(file);
  const position = Math.min(size - 1, Math.floor(size * at));
  switch (kind) {
    case 'flipped':
      overwrite(file, position, (old) => old ^ 0x10, 1);
      return;
    case 'truncated':
      truncateSync(file, position);
      return;
    case 'deleted':
      rmSync(file);
      return;
    case 'zeroed':
      overwrite(file, 0, () => 0, size);
      return;
  }
}

function overwrite(
  file: string,
  position: number,
  change: (old: number) => number,
  length: number,
): void {
  const descriptor = openSync(file, 'r+');
  try {
    const bytes = Buffer.alloc(length);
    readSync(descriptor, bytes, 0, length, position);
    writeSync(descriptor, bytes.map(change), 0, length, position);
  } finally {
    closeSync(descriptor);
  }
}
