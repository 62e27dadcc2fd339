// What a coordinator proposes next on the metadata. Pure: the coordinator observes, and performs one event after the
// other until none is due.
//
// Invariant: performed again and again it ends, and no event takes the last Active replica of a shard.

import { type MetadataEvent, type MetadataState, raiseDue } from '@tributary/metadata';
import type { PeerId } from '@tributary/model';
import { deaths } from './deaths.ts';

export interface Observations {
  /** Peers not heard of for as long as makes their replicas Dead. */
  readonly silent: readonly PeerId[];
  /** The highest feature level that this coordinator's version knows; absent for the newest. */
  readonly featureLevel?: number | undefined;
  /** The one that each peer last reported to know, which may be lower than what it joined with. */
  readonly levels?: ReadonlyMap<PeerId, number>;
}

type Rule = (state: MetadataState, seen: Observations) => MetadataEvent | undefined;

/** In the order of their weight. */
const RULES: readonly Rule[] = [
  (state, { silent }) => deaths(state, silent),
  (state, { featureLevel, levels }) => raiseDue(state, featureLevel, levels),
];

/** The next event that is due; undefined where none is. */
export function plan(state: MetadataState, seen: Observations): MetadataEvent | undefined {
  for (const rule of RULES) {
    const event = rule(state, seen);
    if (event !== undefined) return event;
  }
  return undefined;
}
