// How much disk the peer's folder takes, by what lies at its top, and how much is left. Looked up in the background
// when someone asks and what is known is old, so that no one waits for a slow disk.

import { readdir, stat, statfs } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { type Clock, gauge, type Metrics } from '@tributary/runtime';

export interface DiskUsageOptions {
  readonly folder: string;
  readonly clock: Clock;
}

/** What is known is not looked up again before. */
const KEPT_MS = 30_000;

export class DiskUsage {
  readonly #options: DiskUsageOptions;
  #usedBytes: ReadonlyMap<string, number> = new Map();
  #freeBytes: number | undefined;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;

  constructor(options: DiskUsageOptions) {
    this.#options = options;
  }

  /** By the name of a folder at the top; files that lie there themselves are `other`. */
  get usedBytes(): ReadonlyMap<string, number> {
    this.#lookAgain();
    return this.#usedBytes;
  }

  /** For this user, on the file system of the folder; undefined until it was looked up. */
  get freeBytes(): number | undefined {
    this.#lookAgain();
    return this.#freeBytes;
  }

  /** Resolves when what is known is no older than the call, or the folder cannot be read. */
  async look(): Promise<void> {
    await this.#looking;
    this.#lookedMs = Number.NEGATIVE_INFINITY;
    this.#lookAgain();
    await this.#looking;
  }

  #lookAgain(): void {
    const { clock } = this.#options;
    if (this.#looking !== undefined || clock.monotonicMs() - this.#lookedMs < KEPT_MS) return;
    this.#looking = this.#lookNow()
      // What cannot be looked up just now stays as it was known.
      .catch(() => {})
      .finally(() => {
        this.#looking = undefined;
        this.#lookedMs = clock.monotonicMs();
      });
  }

  async #lookNow(): Promise<void> {
    const { folder } = this.#options;
    const { bavail, bsize } = await statfs(folder);
    this.#freeBytes = bavail * bsize;
    const used = new Map<string, number>();
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      const [top = '', ...beneath] = relative(folder, path).split(sep);
      const part = beneath.length === 0 ? 'other' : top;
      // A file may be gone again by now.
      const bytes = await stat(path).then(
        ({ size }) => size,
        () => 0,
      );
      used.set(part, (used.get(part) ?? 0) + bytes);
    }
    this.#usedBytes = used;
  }
}

export function registerDiskUsage(metrics: Metrics, disk: DiskUsage): void {
  // So that the first who asks is told.
  void disk.look();
  metrics.register(() => [
    {
      name: 'tributary_disk_used_bytes',
      help: "Bytes of the files in the peer's folder, by what lies at its top; at most a minute old",
      type: 'gauge',
      samples: [...disk.usedBytes].map(([part, value]) => ({ labels: { part }, value })),
    },
    gauge(
      'tributary_disk_free_bytes',
      "Bytes left on the file system of the peer's folder",
      // A zero would be taken for a full disk.
      disk.freeBytes ?? Number.NaN,
    ),
  ]);
}
