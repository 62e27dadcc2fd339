// What a workload did to each key, and what a replica may therefore hold.
//
// Every key belongs to one writer, which changes it one operation at a time. An operation is acknowledged, or its
// outcome is unknown: it may have taken effect, may do so later, or never. A refused one certainly did not.
//
//   allowed final states of a key = its last acknowledged operation, or any operation of unknown outcome

import { createHash } from 'node:crypto';

export type Outcome = 'acknowledged' | 'unknown' | 'refused';

export interface Write {
  readonly key: number;
  /** Number of the write, unique in the run; undefined for a delete. */
  readonly value: number | undefined;
  readonly outcome: Outcome;
}

export interface HeldPoint {
  readonly key: number;
  readonly value: number;
  readonly vector: readonly number[];
}

export interface Verdict {
  /** Keys whose last acknowledged value is not there and no unknown write explains it. */
  readonly lost: string[];
  /** Keys acknowledged as deleted that are there, with no unknown write to explain it. */
  readonly resurrected: string[];
  /** Values no one wrote, or with another vector than was written. */
  readonly phantom: string[];
}

const DIMENSION = 16;

/** The vector of a value: a pure function, so that a reader can tell a torn or foreign one. */
export function vectorOf(value: number): number[] {
  const digest = createHash('sha256').update(`vector ${value}`).digest();
  return Array.from({ length: DIMENSION }, (_, i) => Math.fround((digest[i] ?? 0) / 256 - 0.5));
}

export class History {
  readonly #writes = new Map<number, Write[]>();
  #acknowledged = 0;
  #unknown = 0;

  record(write: Write): void {
    if (write.outcome === 'refused') return;
    if (write.outcome === 'acknowledged') this.#acknowledged++;
    else this.#unknown++;
    const writes = this.#writes.get(write.key);
    if (writes === undefined) this.#writes.set(write.key, [write]);
    else writes.push(write);
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  get unknown(): number {
    return this.#unknown;
  }

  get keys(): number {
    return this.#writes.size;
  }

  /** Holds what one complete reader saw against the history. */
  judge(held: Iterable<HeldPoint>): Verdict {
    const verdict: Verdict = { lost: [], resurrected: [], phantom: [] };
    const seen = new Map<number, number>();
    for (const point of held) {
      seen.set(point.key, point.value);
      if (!isVectorOf(point)) {
        verdict.phantom.push(`key ${point.key}: value ${point.value} with another vector`);
      }
    }
    for (const [key, writes] of this.#writes) this.#judgeKey(key, writes, seen.get(key), verdict);
    for (const [key, value] of seen) {
      const attempted = this.#writes.get(key)?.some((write) => write.value === value) === true;
      if (!attempted) verdict.phantom.push(`key ${key}: value ${value} was never written`);
    }
    return verdict;
  }

  #judgeKey(key: number, writes: readonly Write[], held: number | undefined, into: Verdict): void {
    const last = writes.findLast((write) => write.outcome === 'acknowledged');
    const explained =
      (last === undefined ? held === undefined : last.value === held) ||
      writes.some((write) => write.outcome === 'unknown' && write.value === held);
    if (explained || last === undefined) return;
    if (last.value === undefined) into.resurrected.push(`key ${key}: holds ${held}`);
    else into.lost.push(`key ${key}: holds ${held}, acknowledged ${last.value}`);
  }
}

function isVectorOf(point: HeldPoint): boolean {
  const expected = vectorOf(point.value);
  return point.vector.length === expected.length && point.vector.every((x, i) => x === expected[i]);
}
