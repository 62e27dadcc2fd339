import type { AppliedReports } from '@tributary/replica-api';
import type { AppliedReport } from '@tributary/wire';

/** Reports among peers of one process. */
export class MemoryReports implements AppliedReports {
  readonly #listeners = new Set<(report: AppliedReport) => void>();

  publish(report: AppliedReport): void {
    for (const listener of [...this.#listeners]) listener(report);
  }

  subscribe(listener: (report: AppliedReport) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }
}
