// The processes of a cluster on this machine: nats-servers first, then peers; ended the other way round.

import path from 'node:path';
import { NatsServerSupervisor } from '@tributary/nats';
import { type Logger, silentLogger, systemClock, systemRandom } from '@tributary/runtime';
import { signalProcess } from '../signal-process.ts';
import { type ClusterLayout, HOST, type NatsPlace, type PeerPlace } from './layout.ts';
import { LaunchError } from './options.ts';
import type { ProcessLedger } from './process-ledger.ts';
import { untilReady } from './readiness.ts';
import { SupervisedProcess } from './supervised-process.ts';

/** What a process may take until it answers; one that answers that it is busy may take longer. */
const ANSWERS_WITHIN_MS = 60_000;
const PEER_STOP_TIMEOUT_MS = 20_000;

export interface LocalClusterOptions {
  readonly root: string;
  readonly layout: ClusterLayout;
  readonly logLevel: string;
  readonly ledger: ProcessLedger;
  readonly say: (line: string) => void;
}

export class LocalCluster {
  readonly #options: LocalClusterOptions;
  readonly #servers: NatsServerSupervisor[] = [];
  readonly #peers: readonly SupervisedProcess[];

  constructor(options: LocalClusterOptions) {
    this.#options = options;
    const { layout, ledger, say } = options;
    this.#peers = layout.peers.map((peer) => {
      const { name, logFile } = peer;
      const args = peerArguments(peer, options);
      return new SupervisedProcess({ name, logFile, program: process.execPath, args }, ledger, say);
    });
  }

  /** Resolves when every peer is ready; throws an error of one line where a server or a peer does not come up. */
  async start(signal: AbortSignal): Promise<void> {
    await this.#startServers(signal);
    await this.#startPeers(signal);
    for (const peer of this.#peers) peer.settle();
  }

  async #startServers(signal: AbortSignal): Promise<void> {
    const { layout } = this.#options;
    const starts = layout.servers.map(async (server) => {
      const settings = serverOptions(server, this.#options);
      this.#servers.push(await NatsServerSupervisor.start(settings, signal));
    });
    // All are waited for, so that each one that runs is known and can be stopped.
    const outcomes = await Promise.allSettled(starts);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  async #startPeers(signal: AbortSignal): Promise<void> {
    for (const peer of this.#peers) peer.start();
    const { layout, say } = this.#options;
    const ready = layout.peers.map(({ name, httpPort }) =>
      untilReady({
        name,
        url: `http://${HOST}:${httpPort}/readyz`,
        timeoutMs: ANSWERS_WITHIN_MS,
        signal,
        whileBusy: (answer) => say(`${name} catches up: ${answer}`),
      }),
    );
    const died = Promise.race(this.#peers.map((peer) => peer.died));
    const failure = await Promise.race([Promise.all(ready).then(() => undefined), died]);
    if (failure !== undefined) throw new LaunchError(failure);
  }

  /** Ends peers, then nats-servers, and waits. Idempotent. */
  async stop(): Promise<void> {
    await Promise.all(this.#peers.map((peer) => peer.stop(PEER_STOP_TIMEOUT_MS)));
    await Promise.all(this.#servers.map((server) => server.stop()));
  }

  /** Kills everything at once. */
  kill(): void {
    for (const peer of this.#peers) peer.kill();
    for (const { pid } of this.#servers) signalProcess(pid, 'SIGKILL');
  }
}

function serverOptions(server: NatsPlace, { root, layout, say }: LocalClusterOptions) {
  return {
    name: server.name,
    dataDir: server.folder,
    host: HOST,
    port: server.clientPort,
    httpPort: server.monitorPort,
    projectRoot: root,
    logger: spokenWarnings(server.name, say),
    clock: systemClock,
    random: systemRandom,
    readyForMs: ANSWERS_WITHIN_MS,
    ...(layout.servers.length > 1 && {
      clusterPort: server.routePort,
      routes: layout.servers.map(({ routePort }) => `nats://${HOST}:${routePort}`),
    }),
  };
}

/** What a supervisor has to tell goes to the terminal, without its fields: they are in the server's own log. */
function spokenWarnings(name: string, say: (line: string) => void): Logger {
  const speak = (_fields: unknown, message: string) => say(`${name}: ${message}`);
  return { ...silentLogger, info: speak, warn: speak, error: speak };
}

function peerArguments(peer: PeerPlace, { root, layout, logLevel }: LocalClusterOptions): string[] {
  const flags: Readonly<Record<string, string | number>> = {
    'data-dir': peer.folder,
    host: HOST,
    'http-port': peer.httpPort,
    'grpc-port': peer.grpcPort,
    'p2p-port': peer.p2pPort,
    'nats-url': layout.servers.map(({ clientPort }) => `nats://${HOST}:${clientPort}`).join(','),
    'nats-monitoring-url': `http://${HOST}:${layout.servers[0]?.monitorPort}`,
    uri: `http://${HOST}:${peer.p2pPort}`,
    'log-level': logLevel,
  };
  return [
    path.join(root, 'services/peer/tributary.mjs'),
    ...Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, String(value)]),
  ];
}
