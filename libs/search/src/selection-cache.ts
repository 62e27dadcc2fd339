// The newest selections of filters, so that pages and repeated searches between two commits evaluate a filter once.
//
// Invariant: what it gives was computed at the sequence asked for. A commit makes all it holds worthless, so it holds
// one sequence only; beyond `bytesMax` the one used longest ago goes.

import type { Sequence } from '@tributary/model';
import type { Selection } from './selection.ts';

interface Entry {
  readonly selection: Selection;
  readonly bytes: number;
}

export class SelectionCache {
  readonly #bytesMax: number;
  /** In the order of use, the newest last. */
  readonly #entries = new Map<string, Entry>();
  #sequence: Sequence | undefined;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get(key: string, sequence: Sequence): Selection | undefined {
    this.#moveTo(sequence);
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.selection;
  }

  /** Keeps nothing that is larger than the whole cache may be. */
  set(key: string, sequence: Sequence, selection: Selection): void {
    this.#moveTo(sequence);
    this.#remove(key);
    const bytes = 2 * key.length + selection.offsets.byteLength;
    if (bytes > this.#bytesMax) return;
    this.#entries.set(key, { selection, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#remove(oldest);
    }
  }

  #moveTo(sequence: Sequence): void {
    if (this.#sequence === sequence) return;
    this.#sequence = sequence;
    this.#entries.clear();
    this.#bytes = 0;
  }

  #remove(key: string): void {
    this.#bytes -= this.#entries.get(key)?.bytes ?? 0;
    this.#entries.delete(key);
  }
}
