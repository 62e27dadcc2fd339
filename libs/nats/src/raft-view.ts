// What `GET /cluster` shows of the consensus beneath: the Raft group of the stream META, as nats-server reports it.

import type { Clock } from '@tributary/runtime';
import { META_STREAM } from './cluster-streams.ts';
import type { Connection } from './connection.ts';
import { askMonitoring } from './monitoring.ts';
import { readError } from './nats-error.ts';

export interface RaftMember {
  /** Name of the nats-server. */
  readonly name: string;
  readonly isLeader: boolean;
  /** Holds all that the leader has committed, as far as the leader knows. */
  readonly isCurrent: boolean;
  /** Milliseconds since the leader heard of it; undefined for the leader. */
  readonly silentMs?: number;
}

export interface RaftView {
  /** Undefined for a lone server, which needs no consensus. */
  readonly group?: string;
  /** Server that leads the group; undefined while none does. */
  readonly leader?: string;
  readonly members: readonly RaftMember[];
  /** Sequence of the last metadata event. */
  readonly lastSequence: number;
  /** The rest is there where the monitoring port of a member was asked. */
  readonly term?: number;
  readonly committed?: number;
  readonly applied?: number;
}

interface RaftState {
  readonly term: number;
  readonly committed: number;
  readonly applied: number;
}

const NANOSECONDS = 1_000_000;
const ACCOUNT = '$G';

/** Errors: `unavailable` where the stream has no leader or NATS is out of reach. */
export async function raftView(
  connection: Connection,
  options: { readonly monitoringUrl?: string } = {},
): Promise<RaftView> {
  try {
    connection.assertConnected();
    const manager = await connection.manager();
    const info = await connection.whileConnected(manager.streams.info(META_STREAM));
    const { cluster, state } = info;
    const group = textOf(cluster, 'raft_group');
    const raft =
      group && options.monitoringUrl
        ? await raftState(connection.clock, options.monitoringUrl, group)
        : undefined;
    const leader = cluster?.leader;
    const followers = (cluster?.replicas ?? []).map(({ name, current, active }) => ({
      name,
      isLeader: false,
      isCurrent: current,
      silentMs: active / NANOSECONDS,
    }));
    const leading = leader ? [{ name: leader, isLeader: true, isCurrent: true }] : [];
    return {
      ...(group && { group }),
      ...(leader && { leader }),
      ...raft,
      members: [...leading, ...followers],
      lastSequence: state.last_seq,
    };
  } catch (error) {
    throw readError(error, 'raft state of the metadata');
  }
}

/** Undefined where the server does not answer or is no member: the rest of the view is worth showing without it. */
async function raftState(
  clock: Clock,
  monitoringUrl: string,
  group: string,
): Promise<RaftState | undefined> {
  const query = new URLSearchParams({ acc: ACCOUNT, group });
  const answer = await askMonitoring(clock, `${monitoringUrl}/raftz?${query}`);
  const groups: unknown = Reflect.get(Object(answer?.json), ACCOUNT);
  const found: unknown = Reflect.get(Object(groups), group);
  const [term, committed, applied] = ['term', 'committed', 'applied'].map((key) =>
    Number(Reflect.get(Object(found), key)),
  );
  if (!term || committed === undefined || applied === undefined) return undefined;
  return Number.isFinite(committed + applied) ? { term, committed, applied } : undefined;
}

function textOf(value: unknown, key: string): string | undefined {
  const found: unknown = Reflect.get(Object(value), key);
  return typeof found === 'string' ? found : undefined;
}
