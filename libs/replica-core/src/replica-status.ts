// What a replica says of itself after each of its steps.

import type { Sequence } from '@tributary/model';
import type { Halt } from '@tributary/replication';
import type { Cut } from '@tributary/storage';
import type { ReplicaAddress } from '@tributary/wire';

export interface ReplicaStatus {
  readonly address: ReplicaAddress;
  readonly appliedSequence: Sequence;
  /** As in `AppliedReplica`. */
  readonly durableSequence?: Sequence;
  readonly lastCut?: Cut;
  /** Has applied everything that was in the stream at some time since it was opened. */
  readonly caughtUp: boolean;
  /** Why it stopped applying; absent while it goes on. */
  readonly halted?: Halt;
}
