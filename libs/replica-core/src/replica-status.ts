// What a replica says of itself after each of its steps.

import type { Sequence } from '@tributary/model';
import type { Halt } from '@tributary/replication';
import type { Cut } from '@tributary/storage';
import type { ReplicaAddress } from '@tributary/wire';

export interface ReplicaStatus {
  readonly address: ReplicaAddress;
  readonly appliedSequence: Sequence;
  /** This and the next as in `AppliedReplica`. */
  readonly coveredSequence?: Sequence;
  readonly durableSequence?: Sequence;
  readonly lastCut?: Cut;
  /** Has applied everything that was in the stream at some time since it was opened. */
  readonly caughtUp: boolean;
  /** Opened empty though the stream has entries of its shard, and not caught up since: it answers no read. */
  readonly isFilling?: boolean;
  /** Why it stopped applying; absent while it goes on. */
  readonly halted?: Halt;
}

const TAKES: Readonly<Record<Halt['needs'], string>> = {
  rebuild: 'it has to be made again from the stream',
  transfer: 'the stream no longer holds what it lacks: it has to be filled from another replica',
  operator: 'the stream itself has to be looked at',
};

/** Why a replica stopped and what it takes to go on, for an operator. */
export function describeHalt({ reason, needs }: Halt): string {
  return `${reason} (${needs}: ${TAKES[needs]})`;
}
