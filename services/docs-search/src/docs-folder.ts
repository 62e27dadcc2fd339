// What is kept beside the cluster: the model that made the vectors, and a manifest that says how far taking in has
// come. Files are replaced whole, so a process that is killed leaves the old one.

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { decodeModel, encodeModel, type LsaModel } from '@tributary/lsa';
import { replaceFile } from '@tributary/runtime';
import type { Passage } from './passage.ts';

/**
 * Another number for other passages or vectors of the same documentation: what older code took in is taken in again.
 */
const FORMAT = 2;

export interface Manifest {
  /** Of the passages, and so of the model trained on them. */
  readonly fingerprint: string;
  readonly passages: number;
  readonly complete: boolean;
}

export class DocsFolder {
  readonly #folder: string;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.#folder = folder;
  }

  get modelFile(): string {
    return path.join(this.#folder, 'model.lsa');
  }

  /** Undefined where nothing was taken in yet, or the file is not a manifest. */
  readManifest(): Manifest | undefined {
    try {
      const value: unknown = JSON.parse(readFileSync(this.#manifestFile, 'utf8'));
      return isManifest(value) ? value : undefined;
    } catch {
      return undefined;
    }
  }

  writeManifest(manifest: Manifest): void {
    replaceFile(this.#manifestFile, `${JSON.stringify({ format: FORMAT, ...manifest })}\n`);
  }

  /** Throws `corrupt` where the file is damaged, and the system's error where there is none. */
  readModel(): LsaModel {
    return decodeModel(readFileSync(this.modelFile));
  }

  writeModel(model: LsaModel): void {
    replaceFile(this.modelFile, encodeModel(model));
  }

  get #manifestFile(): string {
    return path.join(this.#folder, 'manifest.json');
  }
}

/** Changes with any passage, its origin or the order. */
export function fingerprintOf(passages: readonly Passage[]): string {
  const hash = createHash('sha256');
  for (const passage of passages) hash.update(JSON.stringify(passage));
  return hash.digest('hex');
}

function isManifest(value: unknown): value is Manifest {
  return (
    typeof value === 'object' &&
    value !== null &&
    'format' in value &&
    value.format === FORMAT &&
    'fingerprint' in value &&
    typeof value.fingerprint === 'string' &&
    'passages' in value &&
    typeof value.passages === 'number' &&
    'complete' in value &&
    typeof value.complete === 'boolean'
  );
}
