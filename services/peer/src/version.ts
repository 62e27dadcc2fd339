// What the peer says it is. Clients compare the API version with their own: 1.19 suits those of 1.18, 1.19 and 1.20.

import { spawnSync } from 'node:child_process';

export const VERSION = '0.1.0';
export const API_VERSION = '1.19.1';

/** What `--version` prints and the log begins with. */
export const VERSION_LINE = `tributary ${VERSION} (serves Qdrant's API ${API_VERSION})`;

/** 40 hexadecimal digits: the commit of this checkout where there is one. */
export function commitOfCheckout(): string {
  const { stdout } = spawnSync('git', ['rev-parse', 'HEAD'], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
  });
  const text = (stdout ?? '').trim();
  return /^[0-9a-f]{40}$/.test(text) ? text : UNKNOWN_COMMIT;
}

const UNKNOWN_COMMIT = '0'.repeat(40);
