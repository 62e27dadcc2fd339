// What a host does next for the replicas of its peer. Pure: the host performs the effects and says what came of them.
//
//   placed here ──open──► opening ──(status)──► open ──(worker crashed)──► down ──(it runs again)──► restarted
//                          │ ▲  ▲                │                                                      │
//              (openFailed)│ │  └── rebuild ─────┤   ◄──────────────────(status)── opening ◄──reopen────┘
//                          ▼ │ 10 s: open        │
//                         failed                 │ (and what it proposes, below)
//
//   no longer placed here ──► drop                   settings changed ──► configure, or reopen where codes are others
//
//   what the metadata says      what the replica says          effect
//   Initializing, Dead,         goes on                        propose Active (once it has caught up)
//     Recovery
//   Active, another one too     is filled from an empty store  propose Recovery: it would answer no read
//   Active, another one too     halted, or does not open       propose Dead
//   Recovery                    halted, or does not open       propose Dead
//   Dead                        halted, needs a rebuild        rebuild, once
//
// Invariant: at most one proposal of a replica is under way, and none is begun within half a second of the last.

import type { ReplicaState, Sequence } from '@tributary/model';
import type { ReplicaStatus } from '@tributary/replica-core';
import type { Halt } from '@tributary/replication';
import type { ReplicaAddress } from '@tributary/wire';
import { awaitsActivation, changeOfConfig, type PlacedReplica } from './placed-replicas.ts';

export type Phase =
  | { readonly kind: 'opening' }
  /** Answers calls. */
  | { readonly kind: 'open'; readonly status: ReplicaStatus }
  /** Its data is there, and of no use. `sinceMs`: when it was last opened or failed to, on the monotonic clock. */
  | { readonly kind: 'failed'; readonly status: ReplicaStatus; readonly sinceMs: number }
  | { readonly kind: 'down' }
  /** The worker runs and holds nothing. */
  | { readonly kind: 'restarted' };

/** A replica as a host holds it. */
export interface Held {
  /** As its worker was told. */
  readonly placed: PlacedReplica;
  readonly phase: Phase;
  readonly proposal: { readonly sinceMs: number; readonly isUnderWay: boolean };
  /** From the stream since the host started; once is help, twice is a loop. */
  readonly wasRebuilt: boolean;
}

export interface Facts {
  /** Of the monotonic clock. */
  readonly nowMs: number;
  /**
   * The metadata may be old: then what it does not name is left, and what it names for the first time is not opened
   * yet.
   */
  readonly mayPlace: boolean;
}

export type ProposedState = Extract<ReplicaState, 'Active' | 'Dead' | 'Recovery'>;

export type Effect =
  | { readonly kind: 'open' | 'reopen' | 'configure'; readonly placed: PlacedReplica }
  | { readonly kind: 'rebuild'; readonly placed: PlacedReplica; readonly halted: Halt }
  | { readonly kind: 'drop'; readonly address: ReplicaAddress }
  | {
      readonly kind: 'propose';
      readonly placed: PlacedReplica;
      readonly to: ProposedState;
      /** Why, and what it takes to serve again; absent for one that goes on. */
      readonly halted?: Halt;
    };

/** What came of an effect, or happened by itself. */
export type HeldEvent =
  | { readonly kind: 'status'; readonly status: ReplicaStatus }
  | { readonly kind: 'openFailed'; readonly reason: string; readonly nowMs: number }
  | { readonly kind: 'crashed' }
  | { readonly kind: 'restarted' }
  /** Made or not. */
  | { readonly kind: 'proposed' };

/** What kept a replica from opening may have passed: a full disk, a stream out of reach. */
export const REOPEN_AFTER_MS = 10_000;
export const PROPOSE_AFTER_MS = 500;

/** The effects that are due for one replica, in order: `placed` by the metadata, `held` by the host. */
export function duties(
  placed: PlacedReplica | undefined,
  held: Held | undefined,
  facts: Facts,
): Effect[] {
  if (held === undefined) return placed && facts.mayPlace ? [{ kind: 'open', placed }] : [];
  if (placed === undefined) {
    return facts.mayPlace ? [{ kind: 'drop', address: held.placed.address }] : [];
  }
  const halted = statusOf(held)?.halted;
  if (halted !== undefined && isRebuildDue(halted, placed, held)) {
    return [{ kind: 'rebuild', placed, halted }];
  }
  const effects: Effect[] = [];
  const opening = openingDue(placed, held, facts);
  if (opening !== undefined) effects.push({ kind: opening, placed });
  const to = proposalDue(placed, held, facts);
  if (to !== undefined) effects.push({ kind: 'propose', placed, to, ...(halted && { halted }) });
  return effects;
}

/** The replica as the host holds it once it performs the effect; undefined for one that it lets go. */
export function after(held: Held | undefined, effect: Effect, nowMs: number): Held | undefined {
  if (effect.kind === 'drop') return undefined;
  const { placed } = effect;
  const fresh = { sinceMs: Number.NEGATIVE_INFINITY, isUnderWay: false };
  const base = held ?? { phase: { kind: 'opening' }, proposal: fresh, wasRebuilt: false };
  const told: Held = { ...base, placed };
  switch (effect.kind) {
    case 'propose':
      return { ...told, proposal: { sinceMs: nowMs, isUnderWay: true } };
    case 'rebuild':
      return { ...told, phase: { kind: 'opening' }, wasRebuilt: true };
    case 'open':
    case 'reopen':
      if (told.phase.kind === 'failed')
        return { ...told, phase: { ...told.phase, sinceMs: nowMs } };
      return told.phase.kind === 'open' ? told : { ...told, phase: { kind: 'opening' } };
    case 'configure':
      return told;
  }
}

export function learn(held: Held, event: HeldEvent): Held {
  switch (event.kind) {
    case 'status':
      return { ...held, phase: { kind: 'open', status: event.status } };
    case 'openFailed': {
      const { reason, nowMs: sinceMs } = event;
      const halted = { reason, needs: 'transfer' as const };
      const { address } = held.placed;
      const status = { address, appliedSequence: 0 as Sequence, caughtUp: false, halted };
      return { ...held, phase: { kind: 'failed', status, sinceMs } };
    }
    case 'crashed':
      return { ...held, phase: { kind: 'down' } };
    case 'restarted':
      return { ...held, phase: { kind: 'restarted' } };
    case 'proposed':
      return { ...held, proposal: { ...held.proposal, isUnderWay: false } };
  }
}

/** What the replica last said; undefined where that no longer stands. */
export function statusOf({ phase }: Held): ReplicaStatus | undefined {
  return phase.kind === 'open' || phase.kind === 'failed' ? phase.status : undefined;
}

/** No one reads a Dead replica, and another one is Active: what is wrong may go, and come back by replay. */
function isRebuildDue({ needs }: Halt, placed: PlacedReplica, held: Held): boolean {
  return (
    needs === 'rebuild' && placed.state === 'Dead' && !held.wasRebuilt && !held.proposal.isUnderWay
  );
}

function openingDue(
  placed: PlacedReplica,
  { placed: told, phase }: Held,
  { nowMs }: Facts,
): 'open' | 'reopen' | 'configure' | undefined {
  if (phase.kind === 'down') return undefined;
  if (phase.kind === 'restarted') return 'reopen';
  if (phase.kind === 'failed' && nowMs - phase.sinceMs >= REOPEN_AFTER_MS) return 'open';
  const change = changeOfConfig(told.config, placed.config);
  return change === 'none' ? undefined : change;
}

function proposalDue(
  { state, isOtherActive }: PlacedReplica,
  held: Held,
  { nowMs }: Facts,
): ProposedState | undefined {
  const status = statusOf(held);
  const { isUnderWay, sinceMs } = held.proposal;
  if (status === undefined || isUnderWay || nowMs - sinceMs < PROPOSE_AFTER_MS) return undefined;
  const canGiveUp = state === 'Active' && isOtherActive;
  if (status.halted !== undefined) {
    return canGiveUp || state === 'Recovery' ? 'Dead' : undefined;
  }
  if (status.isFilling === true && canGiveUp) return 'Recovery';
  return awaitsActivation(state) ? 'Active' : undefined;
}
