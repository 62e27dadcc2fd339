// The stamp says which installation was completed last. Its key names all that the installation depends on: the locked
// packages and the machine they were built for. The Node that runs the set-up is not part of it: that changes between
// the first start and the second, and native modules are built against the stable Node-API.

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const LAYOUT = 1;

export function stampKey(root, cpuFlags) {
  return createHash('sha256')
    .update(readFileSync(path.join(root, 'package-lock.json')))
    .update([LAYOUT, process.platform, process.arch, cpuFlags].join(' '))
    .digest('hex');
}

function stampFile(root) {
  return path.join(root, '.tributary', 'setup.json');
}

export function readStamp(root) {
  try {
    return JSON.parse(readFileSync(stampFile(root), 'utf8'));
  } catch {
    return undefined;
  }
}

export function writeStamp(root, stamp) {
  const file = stampFile(root);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, `${JSON.stringify(stamp, undefined, 2)}\n`);
  renameSync(`${file}.new`, file);
}
