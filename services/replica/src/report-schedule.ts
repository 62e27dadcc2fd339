// Which replicas the next report is about. What changed is reported at once and repeated for a while, since a report
// may get lost; everything is reported now and then, and at once where a listener has come that may know nothing.
//
// Invariant: even if reports are lost, a replica's last status is reported within `wholeEveryMs`, and a replica whose
// status does not change costs nothing else.

import type { ReplicaStatus } from '@tributary/replica-core';
import type { AppliedReplica } from '@tributary/wire';

export interface ReportScheduleOptions {
  /** How long a change is repeated. */
  readonly repeatForMs: number;
  /** Time between two reports of everything. */
  readonly wholeEveryMs: number;
}

export class ReportSchedule {
  readonly #options: ReportScheduleOptions;
  /** When each replica's status last changed, by its name. */
  readonly #changedMs = new Map<string, number>();
  #wholeMs = Number.NEGATIVE_INFINITY;

  constructor(options: ReportScheduleOptions) {
    this.#options = options;
  }

  noteChange(name: string, nowMs: number): void {
    this.#changedMs.set(name, nowMs);
  }

  /** The next report is of everything. */
  noteNewcomer(): void {
    this.#wholeMs = Number.NEGATIVE_INFINITY;
  }

  /** The names that a report at this time is about; `all` are those of the replicas there are. */
  due(all: Iterable<string>, nowMs: number): string[] {
    const { repeatForMs, wholeEveryMs } = this.#options;
    for (const [name, changedMs] of this.#changedMs) {
      if (nowMs - changedMs > repeatForMs) this.#changedMs.delete(name);
    }
    if (nowMs - this.#wholeMs < wholeEveryMs) return [...this.#changedMs.keys()];
    this.#wholeMs = nowMs;
    return [...all];
  }
}

/** What others are to know of a replica's status. */
export function reportOf(status: ReplicaStatus): AppliedReplica {
  const { address, appliedSequence, coveredSequence, durableSequence, lastCut, halted } = status;
  return {
    ...address,
    appliedSequence,
    ...(coveredSequence !== undefined && { coveredSequence }),
    ...(durableSequence !== undefined && { durableSequence }),
    ...(lastCut !== undefined && {
      cut: { sequence: lastCut.sequence, contentHash: lastCut.contentHash },
    }),
    ...(halted !== undefined && { haltedNeeds: halted.needs }),
  };
}
