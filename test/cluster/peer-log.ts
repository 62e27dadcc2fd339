// What a peer wrote to its log, line by line.

import { readFileSync, statSync } from 'node:fs';
import type { PeerProcess } from '@tributary/infra';

export interface LogLine {
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** Where the log ends now; what comes later is read from here. */
export function endOfLog(peer: PeerProcess): number {
  return statSync(peer.logFile).size;
}

export function linesSince(peer: PeerProcess, position: number): LogLine[] {
  const text = readFileSync(peer.logFile).subarray(position).toString();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}
