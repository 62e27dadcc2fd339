// Follows the stream of one shard on behalf of one replica. Pure: `step` decides, a driver performs the effects; each
// step asks for exactly one task, whose outcome is the next event.
//
//   opening ─► reading ─► evaluating ─► committing ─► reading …          any failure that may pass:
//      ▲          │           └► deadLettering ┘                            ─► backingOff ─► opening
//      │          └(nothing, or time for it)─► checking ─► reading
//      │                                          ├(reader hangs)─► opening
//      └──────────────────────────────────────────┴(entries missing)─► refetching ─► evaluating | halted
//
// Invariant: an entry is evaluated only when every earlier entry of the shard is applied. Sequences of other shards lie
// between, so a missing entry shows only in the server's count of the shard's entries; where it cannot be read from any
// server, or later ones are applied already, the follower halts: it never skips.

import type { Sequence } from '@tributary/model';
import { assert, type ErrorCode, unreachable } from '@tributary/runtime';
import type {
  Delivery,
  FollowerEffect,
  FollowerEvent,
  FollowerNotice,
  FollowerState,
  Halt,
  Heads,
  Refetch,
  Refused,
} from './follower-state.ts';

/** Failures in a row after which a stream that ends before what is applied is believed to. */
const END_DOUBTS_MAX = 5;

export interface Step {
  readonly state: FollowerState;
  /** Notices, then exactly one task. */
  readonly effects: readonly FollowerEffect[];
}

export function step(state: FollowerState, event: FollowerEvent): Step {
  const { phase } = state;
  switch (event.kind) {
    case 'started':
      assert(phase.kind === 'idle', 'a follower starts once');
      return open({ ...state, flushedMs: event.nowMs });
    case 'opened':
      assert(phase.kind === 'opening', 'opened while opening');
      return opened({ ...state, checkedMs: event.nowMs }, event.heads);
    case 'read':
      assert(phase.kind === 'reading', 'read while reading');
      return received(state, event.deliveries, event.nowMs);
    case 'evaluated':
      assert(phase.kind === 'evaluating', 'evaluated while evaluating');
      return evaluated(state, event.evaluated, event.refused);
    case 'deadLettered':
      assert(phase.kind === 'deadLettering', 'dead-lettered while dead-lettering');
      return commit(state, phase.evaluated);
    case 'committed':
      assert(phase.kind === 'committing', 'committed while committing');
      return committed(state, phase.sequence, phase.count, event.nowMs);
    case 'checked':
      assert(phase.kind === 'checking', 'checked while checking');
      return checked({ ...state, checkedMs: event.nowMs }, event.heads, phase.isIdle);
    case 'refetched':
      assert(phase.kind === 'refetching', 'refetched while refetching');
      return refetched(state, phase.why, phase.upTo, event);
    case 'waited':
      assert(phase.kind === 'backingOff', 'waited while backing off');
      return open(state);
    case 'failed':
      return failed(state, event.code, event.message);
    default:
      return unreachable(event);
  }
}

function open(state: FollowerState): Step {
  const phase = { kind: 'opening' as const };
  const next = { ...state, phase, pending: [], silences: 0, quietLooks: 0 };
  return { state: next, effects: [{ kind: 'open', after: state.applied }] };
}

function opened(state: FollowerState, heads: Heads): Step {
  const refused = beyondStream(state, heads);
  return refused ?? read(settleHeads({ ...state, failures: 0 }, heads));
}

/** Refuses heads that do not reach the replica: what comes next is purged, or the stream is another one. */
function beyondStream(state: FollowerState, heads: Heads): Step | undefined {
  const { applied, covered } = state;
  if (heads.streamFirst > covered + 1) {
    const reason = `the stream begins at ${heads.streamFirst}, applied is ${applied}`;
    return halt(state, 'transfer', reason);
  }
  if (heads.streamLast >= applied) return undefined;
  const reason = `the stream ends at ${heads.streamLast}, before the applied ${applied}`;
  // A server that is just coming up may not know its end yet.
  if (state.failures < END_DOUBTS_MAX) return failed(state, 'unavailable', reason);
  return halt(state, 'operator', reason);
}

/** Takes the heads over as what is expected, and learns what purging took from the server's count. */
function settleHeads(state: FollowerState, heads: Heads): FollowerState {
  const isCaughtUp = heads.shardLast <= state.applied;
  let { purged } = state;
  if (heads.streamFirst > 1 && heads.streamFirst !== purged.streamFirst && isCaughtUp) {
    purged = { streamFirst: heads.streamFirst, count: state.appliedCount - heads.shardCount };
  }
  return { ...state, heads, purged, caughtUp: state.caughtUp || isCaughtUp };
}

function read(state: FollowerState): Step {
  const { idleCheckMinMs, idleCheckMaxMs } = state.options;
  const waitMs = Math.min(idleCheckMaxMs, idleCheckMinMs * 2 ** state.quietLooks);
  return { state: { ...state, phase: { kind: 'reading' } }, effects: [{ kind: 'read', waitMs }] };
}

function received(state: FollowerState, deliveries: readonly Delivery[], nowMs: number): Step {
  const fresh = inOrder(state.applied, deliveries);
  if (fresh === undefined) return failed(state, 'unavailable', 'messages came out of order');
  if (fresh.length === 0) return check(state, true);
  const isTime = nowMs - state.checkedMs >= state.options.checkIntervalMs;
  const next = { ...state, pending: fresh, silences: 0, quietLooks: 0 };
  return isTime ? check(next, false) : take(next);
}

/** Without what is applied already; undefined where the order is broken. */
function inOrder(
  applied: Sequence,
  deliveries: readonly Delivery[],
): readonly Delivery[] | undefined {
  let last = 0;
  for (const { sequence } of deliveries) {
    if (sequence < last) return undefined;
    last = sequence;
  }
  return deliveries.filter(
    ({ sequence }, index) => sequence > applied && sequence !== deliveries[index - 1]?.sequence,
  );
}

/** Goes on with what is pending, once it holds as many entries as the server counts and each can be read. */
function take(state: FollowerState): Step {
  const { pending, heads } = state;
  const last = pending.at(-1)?.sequence ?? state.applied;
  const shortfall = heads === undefined ? 0 : missingBefore(state, heads, last);
  if (heads !== undefined && shortfall > 0)
    return refetch(state, 'short', state.applied, heads.shardLast);
  const first = pending[0];
  if (first?.content.kind === 'unreadable') {
    return refetch(state, 'unreadable', (first.firstSequence - 1) as Sequence, first.sequence);
  }
  return evaluate(state);
}

/** How many entries up to the heads were counted by the server and not seen here; 0 where the heads are not reached. */
function missingBefore(state: FollowerState, heads: Heads, last: Sequence): number {
  const isComparable = heads.streamFirst === state.purged.streamFirst;
  if (!isComparable || last < heads.shardLast || state.applied > heads.shardLast) return 0;
  const seen = state.pending.filter(({ sequence }) => sequence <= heads.shardLast);
  return heads.shardCount + state.purged.count - state.appliedCount - messagesOf(seen);
}

/**
 * Up to the next entry that cannot be read, which is fetched again first, and to the next cut, which ends a commit. An
 * entry of the future is no poison: other replicas apply it, so this one must neither pass it over nor go on.
 */
function evaluate(state: FollowerState): Step {
  const { pending } = state;
  const first = pending[0]?.content;
  if (first?.kind === 'newer') return halt(state, 'operator', first.reason);
  const unreadable = pending.findIndex((each, at) => at > 0 && each.content.kind !== 'entry');
  const readable = unreadable > 0 ? pending.slice(0, unreadable) : pending;
  const cut = readable.findIndex(isCut);
  const deliveries = cut >= 0 ? readable.slice(0, cut + 1) : readable;
  return {
    state: { ...state, phase: { kind: 'evaluating' } },
    effects: [{ kind: 'evaluate', deliveries }],
  };
}

function evaluated(state: FollowerState, count: number, refused: readonly Refused[]): Step {
  assert(count > 0 && count <= state.pending.length, 'at least one pending entry is evaluated');
  if (refused.length === 0) return commit(state, count);
  return {
    state: { ...state, phase: { kind: 'deadLettering', evaluated: count, refused } },
    effects: [{ kind: 'deadLetter', refused }],
  };
}

/** A refused entry is recorded before it is passed, so that a crash in between loses no dead letter. */
function commit(state: FollowerState, evaluatedCount: number): Step {
  const last = state.pending[evaluatedCount - 1];
  assert(last !== undefined, 'what was evaluated is pending');
  const messages = messagesOf(state.pending.slice(0, evaluatedCount));
  return commitAt(state, last.sequence, state.appliedCount + messages, isCut(last));
}

function commitAt(state: FollowerState, sequence: Sequence, count: number, isCut = false): Step {
  return {
    state: { ...state, phase: { kind: 'committing', sequence, count } },
    effects: [{ kind: 'commit', sequence, count, isCut }],
  };
}

function messagesOf(deliveries: readonly Delivery[]): number {
  return deliveries.reduce((sum, { messages }) => sum + messages, 0);
}

function isCut({ content }: Delivery): boolean {
  return content.kind === 'entry' && content.entry.isCut === true;
}

function committed(state: FollowerState, sequence: Sequence, count: number, nowMs: number): Step {
  const isFlushDue = nowMs - state.flushedMs >= state.options.flushIntervalMs;
  const isCaughtUp = state.heads !== undefined && sequence >= state.heads.shardLast;
  const next: FollowerState = {
    ...state,
    applied: sequence,
    appliedCount: count,
    covered: sequence > state.covered ? sequence : state.covered,
    pending: state.pending.filter((delivery) => delivery.sequence > sequence),
    caughtUp: state.caughtUp || isCaughtUp,
    flushedMs: isFlushDue ? nowMs : state.flushedMs,
  };
  const onward = next.pending.length > 0 ? take(next) : read(next);
  const flush: FollowerNotice[] = isFlushDue ? [{ kind: 'flush' }] : [];
  return {
    state: onward.state,
    effects: [...flush, ...onward.effects],
  };
}

function check(state: FollowerState, isIdle: boolean): Step {
  return {
    state: { ...state, phase: { kind: 'checking', isIdle } },
    effects: [{ kind: 'check' }],
  };
}

function checked(state: FollowerState, heads: Heads, isIdle: boolean): Step {
  const halted = beyondStream(state, heads);
  if (halted !== undefined) return halted;
  const settled = settleHeads(state, heads);
  if (!isIdle) return take(settled);
  if (heads.shardLast > state.applied) return silent(settled, heads);
  const isComparable = heads.streamFirst === settled.purged.streamFirst;
  const surplus = heads.shardCount + settled.purged.count - state.appliedCount;
  if (isComparable && surplus > 0) {
    const reason = `${surplus} entries at or before ${state.applied} were never read`;
    return halt(state, 'rebuild', reason);
  }
  const quietLooks = settled.quietLooks + 1;
  const covering = { ...settled, silences: 0, quietLooks, covered: heads.streamLast };
  // A shard without entries advances at once: its store then tells "complete and empty" from "lost".
  const isFirst = state.applied === 0 && heads.streamLast > 0;
  if (isFirst || heads.streamLast - state.applied >= state.options.advanceSequences) {
    return commitAt(covering, heads.streamLast, state.appliedCount);
  }
  const onward = read(covering);
  const isNews = state.heads?.shardCount !== heads.shardCount;
  if (!isComparable || surplus === 0 || !isNews) return onward;
  const message = `the server counts ${-surplus} entries less than were applied`;
  return { state: onward.state, effects: [{ kind: 'warn', message }, ...onward.effects] };
}

/** The shard has more than the reader gives: perhaps it came just now, perhaps the reader hangs, perhaps it is lost. */
function silent(state: FollowerState, heads: Heads): Step {
  const silences = state.silences + 1;
  if (silences === 1) return read({ ...state, silences, quietLooks: 0 });
  if (silences === 2) {
    const reopened = open(state);
    return { ...reopened, state: { ...reopened.state, silences } };
  }
  return refetch(state, 'short', state.applied, heads.shardLast);
}

function refetch(state: FollowerState, why: Refetch, after: Sequence, end: Sequence): Step {
  const upTo = Math.min(end, after + state.options.refetchMax) as Sequence;
  return {
    state: { ...state, phase: { kind: 'refetching', why, upTo } },
    effects: [{ kind: 'refetch', after, upTo }],
  };
}

function refetched(
  state: FollowerState,
  why: Refetch,
  upTo: Sequence,
  found: { readonly deliveries: readonly Delivery[]; readonly missing: readonly Sequence[] },
): Step {
  const beyond = state.pending.filter(({ firstSequence }) => firstSequence > upTo);
  const next = { ...state, pending: [...found.deliveries, ...beyond], silences: 0 };
  if (isIncomplete(next, why, upTo, found.missing.length)) {
    const [lost] = found.missing;
    if (lost !== undefined) return halt(state, 'operator', `no server has the entry at ${lost}`);
    // Everything from here on was had, so whatever else the server counts was passed over before.
    return halt(state, 'rebuild', `an entry at or before ${state.applied} was never read`);
  }
  const first = next.pending[0]?.firstSequence;
  if (first !== undefined && first <= upTo) return evaluate(next);
  // Everything up to here was other shards': the next window begins behind it.
  return commitAt(next, upTo, state.appliedCount);
}

/** Which shard a missing sequence belongs to is unknown, unless the shard's count is complete without it. */
function isIncomplete(
  state: FollowerState,
  why: Refetch,
  upTo: Sequence,
  missing: number,
): boolean {
  const { heads, purged } = state;
  const isWhole = heads !== undefined && upTo >= heads.shardLast;
  const isComparable = heads !== undefined && heads.streamFirst === purged.streamFirst;
  if (why === 'short' && isWhole && isComparable) {
    const last = state.pending.at(-1)?.sequence ?? state.applied;
    return missingBefore(state, heads, last > upTo ? last : upTo) > 0;
  }
  return missing > 0;
}

function failed(state: FollowerState, code: ErrorCode, message: string): Step {
  const { phase, heads, applied, covered } = state;
  if (phase.kind === 'halted') return { state, effects: [{ kind: 'rest' }] };
  if (code === 'corrupt') {
    if (phase.kind === 'evaluating' || phase.kind === 'committing') {
      return halt(state, 'rebuild', message);
    }
    if (phase.kind === 'reading' && heads !== undefined && heads.shardLast > applied) {
      return refetch(state, 'loud', applied, heads.shardLast);
    }
  }
  if (code === 'precondition_failed' && phase.kind === 'reading' && covered > applied) {
    return commitAt(state, covered, state.appliedCount);
  }
  const failures = state.failures + 1;
  return {
    state: { ...state, phase: { kind: 'backingOff' }, pending: [], failures },
    effects: [{ kind: 'backOff', failures }],
  };
}

function halt(state: FollowerState, needs: Halt['needs'], reason: string): Step {
  const next: FollowerState = {
    ...state,
    phase: { kind: 'halted', halt: { reason, needs } },
    pending: [],
    caughtUp: false,
  };
  return { state: next, effects: [{ kind: 'rest' }] };
}
