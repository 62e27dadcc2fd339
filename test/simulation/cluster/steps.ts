// What happens in a run, as data: a function of the seed, so that a run that fails can be replayed and made shorter.

import type { NamedVectors, PointId, PointOperation } from '@tributary/model';
import { type Random, seededRandom } from '@tributary/runtime';
import { DIMENSION } from '../fold-names.ts';
import type { PeerFaults } from './peer-faults.ts';

export const PEERS = 3;
export const POINT_IDS: readonly PointId[] = Array.from({ length: 24 }, (_, i) => i);

export interface WriteStep {
  readonly kind: 'write';
  /** Which peer's gateway is asked, from 0. */
  readonly at: number;
  /** Of this write; a second step with it is the same client that sends the same again. */
  readonly write: number;
  readonly operation: PointOperation;
  readonly isKeyed: boolean;
  readonly wait: boolean;
  readonly isStrong: boolean;
}

/** An alias of its own, or one that clients pass to and fro between two names. */
export type AliasChange =
  | { readonly kind: 'create'; readonly alias: string }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string };

export type Step =
  | WriteStep
  | { readonly kind: 'read'; readonly at: number; readonly hasToken: boolean }
  | { readonly kind: 'alias'; readonly at: number; readonly change: AliasChange }
  | { readonly kind: 'kill'; readonly at: number }
  | { readonly kind: 'stop'; readonly at: number }
  | { readonly kind: 'start'; readonly at: number }
  | { readonly kind: 'crashThread'; readonly at: number }
  | { readonly kind: 'pause'; readonly at: number }
  | { readonly kind: 'resume'; readonly at: number }
  /** The peer is killed and its disk lost; it comes back with its id. */
  | { readonly kind: 'wipe'; readonly at: number }
  | { readonly kind: 'disturb'; readonly at: number; readonly faults: PeerFaults }
  /** An entry of a version that not every peer runs is sent. */
  | { readonly kind: 'writeNewer'; readonly at: number }
  | { readonly kind: 'pass'; readonly ms: number };

export interface Plan {
  readonly seed: number;
  readonly shards: number;
  readonly replicas: number;
  readonly writeConsistencyFactor: number;
  readonly steps: readonly Step[];
}

/** Half of them let time pass. */
const STEPS = 120;
/** Numbers of writes in calm begin here. */
const CALM_WRITES = 100_000;

export function planOf(seed: number): Plan {
  const random = seededRandom(seed);
  // In every fourth run META is what clients change most.
  const isOfMetadata = seed % 4 === 2;
  const replicas = 2 + random.integer(2);
  const steps: Step[] = [];
  const writes: WriteStep[] = [];
  while (steps.length < STEPS) {
    const step = randomStep(random, writes, isOfMetadata);
    if (step.kind === 'write') writes.push(step);
    steps.push(step, { kind: 'pass', ms: passMs(random) });
  }
  return {
    seed,
    shards: 1 + random.integer(3),
    replicas,
    writeConsistencyFactor: 1 + random.integer(replicas),
    steps,
  };
}

/** Mostly less than a report takes; now and then longer than a peer may be silent. */
function passMs(random: Random): number {
  return random.integer(12) === 0 ? 4_000 + random.integer(6_000) : random.integer(700);
}

function randomStep(random: Random, writes: readonly WriteStep[], isOfMetadata: boolean): Step {
  const at = random.integer(PEERS);
  const dice = random.integer(100);
  if (isOfMetadata && dice < 40) return { kind: 'alias', at, change: randomAlias(random) };
  if (dice < 34) return { ...randomWrite(random, writes.length), at };
  if (dice < 38) {
    const again = writes[random.integer(writes.length)];
    return again?.isKeyed ? { ...again, at } : { kind: 'read', at, hasToken: true };
  }
  if (dice < 44) return { kind: 'read', at, hasToken: random.integer(3) > 0 };
  if (dice < 48) return { kind: 'alias', at, change: randomAlias(random) };
  if (dice < 53) return { kind: 'kill', at };
  if (dice < 55) return { kind: 'stop', at };
  if (dice < 68) return { kind: 'start', at };
  if (dice < 70) return { kind: 'crashThread', at };
  if (dice < 73) return { kind: 'pause', at };
  if (dice < 80) return { kind: 'resume', at };
  if (dice < 82) return { kind: 'wipe', at };
  if (dice < 84) return { kind: 'writeNewer', at };
  return { kind: 'disturb', at, faults: randomFaults(random) };
}

function randomWrite(random: Random, write: number): WriteStep {
  return {
    kind: 'write',
    at: 0,
    write,
    operation: randomOperation(random, write),
    isKeyed: random.integer(3) === 0,
    wait: random.integer(4) > 0,
    isStrong: random.integer(8) === 0,
  };
}

/** One that touches every shard, in the time after the steps. */
export function calmWrite(number: number): WriteStep {
  const write = CALM_WRITES + number;
  const payload = new TextEncoder().encode(JSON.stringify({ w: write }));
  const points = POINT_IDS.map((id) => ({ id, vectors: {}, payload }));
  const operation = { kind: 'upsert', points } as const;
  return { kind: 'write', at: 0, write, operation, isKeyed: false, wait: true, isStrong: true };
}

/** No other client gives the alias away. */
export function isOwn(alias: string): boolean {
  return alias.startsWith('own ');
}

function randomAlias(random: Random): AliasChange {
  if (random.integer(2) === 0) {
    return { kind: 'create', alias: `own ${random.integer(1_000_000)}` };
  }
  const names = ['here', 'there'];
  const [from = '', to = ''] = random.integer(2) === 0 ? names : names.toReversed();
  return random.integer(4) === 0 ? { kind: 'create', alias: from } : { kind: 'rename', from, to };
}

function randomFaults(random: Random): PeerFaults {
  const some = (chance: number, value: number) => (random.next() < chance ? value : 0);
  return {
    isCutOff: random.integer(5) === 0,
    lostAnswers: some(0.6, 0.1 + random.next() * 0.4),
    refusals: some(0.4, random.next() * 0.4),
    lostReports: some(0.4, random.next() * 0.6),
    foldDelayMs: some(0.6, random.integer(8_000)),
    slownessMs: some(0.4, random.integer(400)),
  };
}

/** Carries the number of its write in each of its parts: see `writeOf`. */
function randomOperation(random: Random, write: number): PointOperation {
  const payload = { w: write, a: random.integer(4) };
  const matched = { kind: 'match', key: 'a', value: random.integer(4) } as const;
  switch (random.integer(6)) {
    case 0:
      return {
        kind: 'delete',
        selector: { kind: 'filter', filter: { must: [matched], mustNot: [markOf(write)] } },
      };
    case 1:
      return {
        kind: 'setPayload',
        selector: { kind: 'filter', filter: { must: [matched] } },
        payload,
      };
    case 2:
      return {
        kind: 'setPayload',
        selector: { kind: 'ids', ids: [randomId(random), randomId(random)] },
        payload,
      };
    default: {
      const ids = new Set(Array.from({ length: 1 + random.integer(4) }, () => randomId(random)));
      const bytes = new TextEncoder().encode(JSON.stringify(payload));
      const points = [...ids].map((id) => ({ id, vectors: randomVectors(random), payload: bytes }));
      return { kind: 'upsert', points };
    }
  }
}

/** No point has such an id. */
const FIRST_MARK = 1_000_000;

function markOf(write: number) {
  return { kind: 'hasId', ids: [FIRST_MARK + write] } as const;
}

/** The write that the operation is a part of. */
export function writeOf(operation: PointOperation): number | undefined {
  if (operation.kind === 'setPayload') return asNumber(operation.payload.w);
  if (operation.kind === 'upsert') {
    const [point] = operation.points;
    return asNumber(point && JSON.parse(new TextDecoder().decode(point.payload)).w);
  }
  if (operation.kind !== 'delete' || operation.selector.kind !== 'filter') return undefined;
  const [mark] = operation.selector.filter.mustNot ?? [];
  const id = mark?.kind === 'hasId' ? mark.ids[0] : undefined;
  return typeof id === 'number' ? id - FIRST_MARK : undefined;
}

function asNumber(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function randomVectors(random: Random): NamedVectors {
  if (random.integer(8) === 0) return {};
  return { '': Float32Array.from({ length: DIMENSION }, () => random.next()) };
}

function randomId(random: Random): PointId {
  return POINT_IDS[random.integer(POINT_IDS.length)] ?? 0;
}
