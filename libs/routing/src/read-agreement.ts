// Reads that several replicas must agree on. An item counts where enough replicas returned the same version of it.
//
//   consistency   asked           agree
//   N             N               all asked
//   majority      every replica   more than half
//   quorum        more than half  all asked
//   all           every replica   all asked

import {
  exactNumberOf,
  type FacetHit,
  type PointRecord,
  type ReadConsistency,
} from '@tributary/model';
import { type Steps, visitSteps } from '@tributary/runtime';

const RECORDS_PER_STEP = 500;

export interface Agreement {
  /** Replicas to ask. */
  readonly asked: number;
  /** How many of them must have returned an item. */
  readonly needed: number;
}

export function agreementOf(consistency: ReadConsistency, replicas: number): Agreement {
  const majority = Math.floor(replicas / 2) + 1;
  switch (consistency) {
    case 'all':
      return { asked: replicas, needed: replicas };
    case 'majority':
      return { asked: replicas, needed: majority };
    case 'quorum':
      return { asked: majority, needed: majority };
    default: {
      const count = Math.min(Math.max(1, consistency), Math.max(1, replicas));
      return { asked: count, needed: count };
    }
  }
}

/** The items that enough of the lists hold in one version, in the order in which they first appear. */
export function* agreedRecordSteps<T extends PointRecord>(
  lists: readonly (readonly T[])[],
  agreement: Agreement,
): Steps<T[]> {
  const counts = new Map<string, { readonly record: T; count: number }>();
  for (const list of lists) {
    yield* visitSteps(list, RECORDS_PER_STEP, (record) => {
      const key = `${record.version}/${typeof record.id}/${record.id}/${exactNumberOf(record.orderValue)}`;
      const seen = counts.get(key);
      if (seen === undefined) counts.set(key, { record, count: 1 });
      else seen.count++;
    });
  }
  const agreed = [...counts.values()].filter(({ count }) => count >= agreement.needed);
  return agreed.map(({ record }) => record);
}

/** The smallest count where all must agree, the median where a majority does. */
export function agreedCount(counts: readonly number[], agreement: Agreement): number {
  const ascending = counts.toSorted((a, b) => a - b);
  return ascending[agreement.asked - agreement.needed] ?? 0;
}

/** Counts by value, as `agreedCount` of those the replicas gave; a value one of them lacks counts 0 there. */
export function* agreedFacetSteps(
  answers: readonly (readonly FacetHit[])[],
  agreement: Agreement,
): Steps<FacetHit[]> {
  const values = new Set<FacetHit['value']>();
  const tables = answers.map(() => new Map<FacetHit['value'], number>());
  for (const [i, hits] of answers.entries()) {
    yield* visitSteps(hits, RECORDS_PER_STEP, ({ value, count }) => {
      values.add(value);
      tables[i]?.set(value, count);
    });
  }
  const agreed: FacetHit[] = [];
  yield* visitSteps([...values], RECORDS_PER_STEP, (value) => {
    const counts = tables.map((table) => table.get(value) ?? 0);
    const count = agreedCount(counts, agreement);
    if (count > 0) agreed.push({ value, count });
  });
  return agreed;
}
