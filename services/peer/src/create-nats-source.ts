// Where the peer's NATS is: the servers it was told, those of the peer it joins, or a nats-server of its own.

import { join } from 'node:path';
import { findRunningServer, NatsServerSupervisor } from '@tributary/nats';
import { introduceTo } from '@tributary/peer-link';
import {
  abortable,
  type Clock,
  type Logger,
  type Random,
  TributaryError,
} from '@tributary/runtime';
import { checkNatsPorts } from './check-ports.ts';
import type { PeerConfiguration } from './configuration.ts';

export interface NatsSource extends AsyncDisposable {
  readonly urls: readonly string[];
  /** Copies of each stream. */
  readonly replicas: 1 | 3;
  /** HTTP monitoring of one of the servers, where it is known. */
  readonly monitoringUrl?: string;
}

export interface NatsSourceOptions {
  readonly configuration: PeerConfiguration;
  readonly folder: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Gives up waiting for a server or a peer. */
  readonly signal: AbortSignal;
}

const PROJECT_ROOT = join(import.meta.dirname, '../../..');
const INTRODUCE_WITHIN_MS = 30_000;

export async function createNatsSource(options: NatsSourceOptions): Promise<NatsSource> {
  const { nats, cluster } = options.configuration;
  if (nats.url !== undefined) return foreign(nats.url, nats);
  if (cluster.bootstrap !== undefined) {
    const deadlineMs = options.clock.nowMs() + INTRODUCE_WITHIN_MS;
    const introduced = introduceTo(cluster.bootstrap, deadlineMs);
    const { natsUrls } = await abortable(introduced, options.signal);
    if (natsUrls.length === 0) {
      throw new TributaryError('unavailable', `${cluster.bootstrap} names no nats-server`);
    }
    return foreign(natsUrls, nats);
  }
  return await own(options);
}

/** Three servers hold three copies; fewer cannot form a quorum, so one copy it is. */
function foreign(urls: readonly string[], nats: PeerConfiguration['nats']): NatsSource {
  return {
    urls,
    ...(nats.monitoring_url !== undefined && { monitoringUrl: nats.monitoring_url }),
    replicas: nats.replicas ?? (urls.length >= 3 ? 3 : 1),
    [Symbol.asyncDispose]: async () => {},
  };
}

async function own({
  configuration,
  folder,
  clock,
  random,
  logger,
  signal,
}: NatsSourceOptions): Promise<NatsSource> {
  const { host, port, monitor_port: httpPort } = configuration.nats;
  const dataDir = join(folder, 'nats');
  if ((await findRunningServer(dataDir)) === undefined) await checkNatsPorts(configuration);
  const settings = {
    name: 'nats-1',
    dataDir,
    host,
    port,
    httpPort,
    projectRoot: PROJECT_ROOT,
    logger: logger.child({ part: 'nats-server' }),
    clock,
    random,
  };
  const server = await NatsServerSupervisor.start(settings, signal);
  return {
    urls: [server.clientUrl],
    monitoringUrl: server.monitoringUrl,
    replicas: 1,
    [Symbol.asyncDispose]: () => server.stop(),
  };
}
