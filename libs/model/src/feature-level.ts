// What every peer of a cluster must know before one of them uses it, in levels: a version knows all levels up to its
// own, and a cluster is at the highest one that all its peers know. So an older peer is never handed an entry that it
// would refuse while the others apply it. The kinds of metadata events stand in levels likewise, in libs/metadata.
//
// Whoever adds a kind of operation, or a field that changes what an entry means, raises FEATURE_LEVEL and says so here.

import type { Entry, PointOperation } from './operation.ts';

/** The highest level that this version knows. Level 1 is everything before there were levels. */
export const FEATURE_LEVEL = 1;

const OPERATION_LEVELS: Readonly<Record<PointOperation['kind'], number>> = {
  upsert: 1,
  updateVectors: 1,
  deleteVectors: 1,
  createFieldIndex: 1,
  deleteFieldIndex: 1,
  createVectorName: 1,
  deleteVectorName: 1,
  delete: 1,
  setPayload: 1,
  overwritePayload: 1,
  deletePayload: 1,
  clearPayload: 1,
};
const CUT_LEVEL = 1;

/** The level that a peer must know to apply the entry. */
export function entryLevel({ operations, isCut }: Pick<Entry, 'operations' | 'isCut'>): number {
  let level = isCut === true ? CUT_LEVEL : 1;
  for (const { kind } of operations) level = Math.max(level, OPERATION_LEVELS[kind]);
  return level;
}
