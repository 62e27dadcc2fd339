// What a follower knows, the events it is given and what it asks for; follower.ts draws how the phases follow each
// other.

import type { Entry, Sequence } from '@tributary/model';
import type { ErrorCode } from '@tributary/runtime';

/** An entry of the shard as it was read: a message, or several where it is larger than one. */
export interface Delivery {
  /** Of its last message. */
  readonly sequence: Sequence;
  readonly firstSequence: Sequence;
  readonly messages: number;
  readonly data: Uint8Array;
  readonly content:
    | { readonly kind: 'entry'; readonly entry: Entry }
    | { readonly kind: 'unreadable'; readonly reason: string }
    /** Sound, and of a feature level that this version does not know. */
    | { readonly kind: 'newer'; readonly reason: string };
}

export interface Refused {
  readonly sequence: Sequence;
  readonly reason: string;
  readonly data: Uint8Array;
}

/** Taken in this order: the stream's end first, then the shard's, so that nothing of the shard lies between them. */
export interface Heads {
  readonly streamFirst: Sequence;
  readonly streamLast: Sequence;
  readonly shardCount: number;
  readonly shardLast: Sequence;
}

export type FollowerEvent = { readonly nowMs: number } & (
  | { readonly kind: 'started' }
  | { readonly kind: 'opened'; readonly heads: Heads }
  | { readonly kind: 'read'; readonly deliveries: readonly Delivery[] }
  /** `evaluated` deliveries from the front are laid over the batch; the others are still to come. */
  | {
      readonly kind: 'evaluated';
      readonly evaluated: number;
      readonly refused: readonly Refused[];
    }
  | { readonly kind: 'deadLettered' }
  | { readonly kind: 'committed' }
  | { readonly kind: 'checked'; readonly heads: Heads }
  /** The shard's entries that begin in the range asked for, and the sequences of these that no server has. */
  | {
      readonly kind: 'refetched';
      readonly deliveries: readonly Delivery[];
      readonly missing: readonly Sequence[];
    }
  | { readonly kind: 'waited' }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string }
);

/** What the driver is to do next; its outcome, or `failed`, is the next event. */
export type FollowerTask =
  | { readonly kind: 'open'; readonly after: Sequence }
  /** Read what there is, and wait for so long where there is nothing. */
  | { readonly kind: 'read'; readonly waitMs: number }
  /** Evaluate a prefix of the deliveries, at least one, in one batch. A cut is the last one at most. */
  | { readonly kind: 'evaluate'; readonly deliveries: readonly Delivery[] }
  | { readonly kind: 'deadLetter'; readonly refused: readonly Refused[] }
  /** Commit the batch last evaluated with this state; where it is a cut, keep the new state as one. */
  | {
      readonly kind: 'commit';
      readonly sequence: Sequence;
      readonly count: number;
      readonly isCut: boolean;
    }
  | { readonly kind: 'check' }
  /** Get each sequence after `after` up to and with `upTo` from any server that has it. */
  | { readonly kind: 'refetch'; readonly after: Sequence; readonly upTo: Sequence }
  /** Close the reader and wait, the longer the more failures there were in a row. */
  | { readonly kind: 'backOff'; readonly failures: number }
  | { readonly kind: 'rest' };

/** What the driver is to make known or start, without an outcome. */
export type FollowerNotice =
  | { readonly kind: 'flush' }
  | { readonly kind: 'warn'; readonly message: string };

export type FollowerEffect = FollowerNotice | FollowerTask;

/**
 * What it takes to go on. `rebuild`: what the replica holds is wrong, and it can be rebuilt from the stream.
 * `transfer`: the stream no longer reaches back. `operator`: the stream itself is damaged or another one.
 */
export interface Halt {
  readonly reason: string;
  readonly needs: 'rebuild' | 'transfer' | 'operator';
}

export type FollowerPhase =
  | { readonly kind: 'idle' }
  | { readonly kind: 'opening' }
  | { readonly kind: 'reading' }
  | { readonly kind: 'evaluating' }
  | {
      readonly kind: 'deadLettering';
      readonly evaluated: number;
      readonly refused: readonly Refused[];
    }
  | { readonly kind: 'committing'; readonly sequence: Sequence; readonly count: number }
  | { readonly kind: 'checking'; readonly isIdle: boolean }
  | { readonly kind: 'refetching'; readonly why: Refetch; readonly upTo: Sequence }
  | { readonly kind: 'backingOff' }
  | { readonly kind: 'halted'; readonly halt: Halt };

/**
 * `loud`: the reader says a message is lost. `short`: fewer came than the server counts. `unreadable`: one has bad
 * bytes.
 */
export type Refetch = 'loud' | 'short' | 'unreadable';

export interface FollowerState {
  readonly phase: FollowerPhase;
  readonly applied: Sequence;
  readonly appliedCount: number;
  /** The shard has nothing after `applied` up to here; what lies between may be purged. */
  readonly covered: Sequence;
  /** Read and not yet committed, in order. */
  readonly pending: readonly Delivery[];
  /** The last heads; what is read up to their `shardLast` is compared with their count. */
  readonly heads: Heads | undefined;
  /** Applied entries minus the stream's message count; constant while the stream's first sequence does not move. */
  readonly purged: { readonly streamFirst: Sequence; readonly count: number };
  /** Everything that was in the stream at the last look is applied. */
  readonly caughtUp: boolean;
  readonly failures: number;
  /** Looks in a row that found the reader silent though the shard has more. */
  readonly silences: number;
  /** Looks in a row that found nothing new of the shard; each doubles the time to the next one. */
  readonly quietLooks: number;
  readonly checkedMs: number;
  readonly flushedMs: number;
  readonly options: FollowerOptions;
}

export interface FollowerOptions {
  readonly flushIntervalMs: number;
  /** How often a busy shard is compared with the server's count. */
  readonly checkIntervalMs: number;
  /** An idle replica moves its applied sequence up when the stream is this far ahead, so that purging need not wait. */
  readonly advanceSequences: number;
  /** How soon a shard of which nothing comes is compared with the server's count, at first and at last. */
  readonly idleCheckMinMs: number;
  readonly idleCheckMaxMs: number;
  /** Most sequences of one refetch. */
  readonly refetchMax: number;
}

export const FOLLOWER_DEFAULTS: FollowerOptions = {
  flushIntervalMs: 5_000,
  checkIntervalMs: 2_000,
  advanceSequences: 1_000,
  idleCheckMinMs: 1_000,
  idleCheckMaxMs: 30_000,
  refetchMax: 2_000,
};

export function createFollower(
  applied: { readonly sequence: Sequence; readonly count: number },
  options: FollowerOptions = FOLLOWER_DEFAULTS,
): FollowerState {
  return {
    phase: { kind: 'idle' },
    applied: applied.sequence,
    appliedCount: applied.count,
    covered: applied.sequence,
    pending: [],
    heads: undefined,
    purged: { streamFirst: 1 as Sequence, count: 0 },
    caughtUp: false,
    failures: 0,
    silences: 0,
    quietLooks: 0,
    checkedMs: 0,
    flushedMs: 0,
    options,
  };
}

/** Entries of the shard that are in the stream, as of the last look at it, and not applied. */
export function queuedEntries({ heads, purged, appliedCount, pending }: FollowerState): number {
  const isComparable = heads !== undefined && heads.streamFirst === purged.streamFirst;
  const behind = isComparable ? heads.shardCount + purged.count - appliedCount : 0;
  return Math.max(0, behind, pending.length);
}
