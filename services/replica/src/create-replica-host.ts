// Puts the replicas of a peer together: worker threads on NATS and RocksDB.

import { Worker } from 'node:worker_threads';
import type { Metadata } from '@tributary/metadata';
import type { PeerId } from '@tributary/model';
import type { AppliedReports } from '@tributary/replica-api';
import {
  type Logger,
  type LogLevel,
  systemClock,
  systemRandom,
  type Tracer,
} from '@tributary/runtime';
import type { ReplicaWorkerSettings } from './create-replica-worker.ts';
import { ReplicaHost } from './replica-host.ts';
import { transferred } from './thread-port.ts';
import type { StartWorker } from './worker-link.ts';
import type { FromWorker } from './worker-protocol.ts';

export interface CreateReplicaHostOptions {
  readonly peer: PeerId;
  readonly metadata: Metadata;
  readonly reports: AppliedReports;
  /** Addresses of the cluster's nats-servers, `nats://host:port`. */
  readonly natsUrls: readonly string[];
  /** Servers that hold each stream. */
  readonly natsReplicas: 1 | 3;
  /** Holds `replicas/` and `indexes/`; made when missing. */
  readonly dataFolder: string;
  /** Worker threads; replicas are spread evenly over them. */
  readonly workers: number;
  readonly logger: Logger;
  readonly logLevel: LogLevel;
  readonly tracer?: Tracer | undefined;
}

/** Starts the threads at once; call `run` to hold what the metadata places on the peer. */
export function createReplicaHost(options: CreateReplicaHostOptions): ReplicaHost {
  const { peer, natsUrls, natsReplicas, dataFolder, logLevel, tracer } = options;
  const startWorker: StartWorker = (index, { onMessage, onGone }) => {
    const settings: ReplicaWorkerSettings = {
      index,
      natsUrls,
      natsReplicas,
      dataFolder,
      logLevel,
      isTraced: tracer !== undefined,
      logFields: { peer },
    };
    const thread = new Worker(new URL('./worker-thread.ts', import.meta.url), {
      workerData: settings,
      name: `replicas-${index}`,
    });
    let failure: Error | undefined;
    thread.on('message', (message: FromWorker) => {
      if (message.kind === 'spans') for (const span of message.spans) tracer?.record(span);
      else onMessage(message);
    });
    thread.on('error', (error: Error) => {
      failure = error;
    });
    thread.on('exit', (code) => onGone(failure ?? new Error(`the worker exited with ${code}`)));
    return {
      post: (message) => thread.postMessage(message, transferred(message)),
      terminate: async () => {
        await thread.terminate();
      },
    };
  };
  return new ReplicaHost({ ...options, startWorker, clock: systemClock, random: systemRandom });
}
