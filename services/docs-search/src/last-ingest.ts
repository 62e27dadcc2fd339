// Where the last ingest left its model and which peer it asked, so that `npm run search` needs no flags.

import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { replaceFile } from '@tributary/runtime';

export interface LastIngest {
  /** REST address of a peer. */
  readonly url: string;
  readonly folder: string;
}

function file(root: string): string {
  return path.join(root, '.tributary', 'docs-search.json');
}

export function writeLastIngest(root: string, last: LastIngest): void {
  mkdirSync(path.dirname(file(root)), { recursive: true });
  replaceFile(file(root), `${JSON.stringify(last)}\n`);
}

export function readLastIngest(root: string): LastIngest | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file(root), 'utf8'));
    if (typeof value !== 'object' || value === null) return undefined;
    if (!('url' in value) || typeof value.url !== 'string') return undefined;
    if (!('folder' in value) || typeof value.folder !== 'string') return undefined;
    return { url: value.url, folder: value.folder };
  } catch {
    return undefined;
  }
}
