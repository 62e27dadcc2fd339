// Whether the peer is of the cluster, from its own side:
//
//   unknown ──join──► joining ──serves──► normal ──► … ──(the cluster removes it)──► removed
//
// It makes itself known with its address, its version and what that knows, and becomes normal once its ports answer.
// From there on the state of its replicas tells what it can do, so a restart does not lead back to joining.
//
// A peer that sees that it was removed goes on running so that operators can look at it, and does nothing for the
// cluster any more: it is not ready, refuses requests, gives back the lease and reports nothing. Started again it ends
// at once.

import type { Metadata } from '@tributary/metadata';
import { FEATURE_LEVEL, type PeerId } from '@tributary/model';
import { type Logger, TributaryError } from '@tributary/runtime';
import { VERSION } from './version.ts';

export interface Member {
  readonly metadata: Metadata;
  readonly self: PeerId;
  readonly uri: string;
  /** The data folder. */
  readonly path: string;
}

/** Makes the peer known where it is not, or is known otherwise. Errors: `precondition_failed` where it was removed. */
export async function joinCluster(
  { metadata, self, uri, path }: Member,
  signal: AbortSignal,
): Promise<void> {
  const now = { uri, version: VERSION, featureLevel: FEATURE_LEVEL };
  await metadata.propose(({ peers, removedPeers }) => {
    if (removedPeers.has(self)) throw notAgain(self, path);
    const known = peers.get(self);
    const isKnown =
      known?.uri === now.uri &&
      known.version === now.version &&
      known.featureLevel === now.featureLevel;
    return isKnown ? undefined : { kind: 'peerJoined', peer: self, ...now };
  }, signal);
}

/** To be called once the peer's ports answer: from then on it gets replicas and is shown to clients. */
export async function becomeNormal(
  { metadata, self }: Pick<Member, 'metadata' | 'self'>,
  signal: AbortSignal,
): Promise<void> {
  await metadata.propose(
    ({ peers }) =>
      peers.get(self)?.state === 'joining'
        ? { kind: 'peerStateChanged', peer: self, from: 'joining', to: 'normal' }
        : undefined,
    signal,
  );
}

/** The error for clients once the peer was removed; undefined before. */
export function removalOf(
  { state }: Pick<Metadata, 'state'>,
  self: PeerId,
): TributaryError | undefined {
  if (!state.removedPeers.has(self)) return undefined;
  return new TributaryError(
    'unavailable',
    `peer ${self} was removed from the cluster and serves nothing any more: ask another peer`,
  );
}

export interface Membership extends Disposable {
  /** Aborts once the peer was removed. */
  readonly removed: AbortSignal;
}

export function watchMembership(
  { metadata, self, path }: Omit<Member, 'uri'>,
  logger: Logger,
): Membership {
  const removed = new AbortController();
  const look = () => {
    const removal = removalOf(metadata, self);
    if (removal === undefined || removed.signal.aborted) return;
    logger.warn({ peer: self }, `${removal.message}; ${whatToDo(path)}`);
    removed.abort(removal);
  };
  const subscription = metadata.subscribe(look);
  look();
  return {
    removed: removed.signal,
    [Symbol.dispose]: () => subscription[Symbol.dispose](),
  };
}

interface ReportChannel<Report> {
  publish(report: Report): void;
  subscribe(listener: (report: Report) => void): Disposable;
}

/** The channel to the other peers while this one is of the cluster; what it says later is dropped. */
export function mutedBy<Report>(
  removed: AbortSignal,
  channel: ReportChannel<Report>,
): ReportChannel<Report> {
  return {
    publish: (report) => {
      if (!removed.aborted) channel.publish(report);
    },
    subscribe: (listener) => channel.subscribe(listener),
  };
}

function notAgain(self: PeerId, path: string): TributaryError {
  return new TributaryError(
    'precondition_failed',
    `peer ${self} was removed from the cluster, and its id does not come back: ${whatToDo(path)}`,
  );
}

function whatToDo(path: string): string {
  return `to make this machine a peer again, start it with a new data folder in place of ${path}`;
}
