// A replica that follows its stream by itself from the moment it is opened until it is closed.

import type { CollectionVectors } from '@tributary/model';
import {
  type Logger,
  nextSlice,
  silentLogger,
  systemClock,
  systemRandom,
  TributaryError,
} from '@tributary/runtime';
import type { ReplicaAnswers, ReplicaCall, ReplicaCallKind } from '@tributary/wire';
import { Replica, type ReplicaOptions, type ReplicaScan } from './replica.ts';
import type { ReplicaStatus } from './replica-status.ts';

type Defaults = 'createdVectors' | 'clock' | 'random' | 'logger' | 'turn' | 'onStatus';

/** Those of a `Replica`; the clock and what else is left out are the system's. */
export type OpenReplicaOptions = Omit<ReplicaOptions, Defaults> &
  Partial<Pick<ReplicaOptions, Defaults>>;

export interface OpenedReplica extends AsyncDisposable {
  readonly status: ReplicaStatus;
  /** Resolves when everything is applied that is in the stream now. Errors: `unavailable`; those of the stream. */
  catchUp(): Promise<void>;
  /** Errors: see `Replica.call`. */
  call<K extends ReplicaCallKind>(call: Extract<ReplicaCall, { kind: K }>): ReplicaAnswers[K];
  /** See `Replica.scan`. */
  scan(): Promise<ReplicaScan>;
  /** Idempotent. Rejects where following ended by a bug. */
  close(): Promise<void>;
}

/** Errors: `corrupt` where the stored bytes are not what was written. */
export async function openReplica(options: OpenReplicaOptions): Promise<OpenedReplica> {
  const logger: Logger = options.logger ?? silentLogger;
  const createdVectors: CollectionVectors = options.createdVectors ?? options.config;
  const stop = new AbortController();
  const readable = Promise.withResolvers<void>();
  const onStatus = (status: ReplicaStatus) => {
    if (status.caughtUp) readable.resolve();
    options.onStatus?.(status);
  };
  const around = { clock: systemClock, random: systemRandom, turn: nextSlice };
  const replica = await Replica.open(
    { ...around, ...options, logger, createdVectors, onStatus },
    stop.signal,
  );
  let failure: unknown;
  const running = replica.run(stop.signal).catch((error: unknown) => {
    failure = error ?? new Error('the replica failed');
  });
  const close = async () => {
    stop.abort(new TributaryError('cancelled', 'the replica is closed'));
    await running;
    await replica.close();
    if (failure !== undefined) throw failure;
  };
  let closed: Promise<void> | undefined;
  const closeOnce = () => {
    closed ??= close();
    return closed;
  };
  return {
    get status() {
      return replica.status;
    },
    catchUp: async () => {
      if (failure !== undefined) throw failure;
      if (stop.signal.aborted) throw new TributaryError('unavailable', 'the replica is closed');
      await replica.catchUp();
      // Of an empty stream it knows only after its first look that nothing is missing.
      if (!replica.isReadable) await Promise.race([readable.promise, running]);
    },
    // The kind of the answer is that of the call.
    call: <K extends ReplicaCallKind>(call: Extract<ReplicaCall, { kind: K }>) =>
      replica.call(call) as ReplicaAnswers[K],
    scan: () => replica.scan(),
    close: closeOnce,
    [Symbol.asyncDispose]: closeOnce,
  };
}
