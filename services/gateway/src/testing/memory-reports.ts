// Reports among the peers of one process.

import type { AppliedReport } from '@tributary/wire';

export class MemoryReports<Report = AppliedReport> {
  readonly #listeners = new Set<(report: Report) => void>();

  publish(report: Report): void {
    for (const listener of [...this.#listeners]) listener(report);
  }

  subscribe(listener: (report: Report) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }
}
