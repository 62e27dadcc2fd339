// A cluster of real processes for tests and benchmarks: nats-servers and peers that can be killed, stopped for a while
// and started again one by one. Everything is under one folder and on free ports; nothing outlives this process.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NatsServerSupervisor } from '@tributary/nats';
import {
  freePorts,
  identifyProcess,
  isRunning,
  silentLogger,
  systemClock,
  systemRandom,
} from '@tributary/runtime';
import { signalProcess } from '../signal-process.ts';
import { PeerProcess } from './peer-process.ts';
import { TcpProxy } from './tcp-proxy.ts';

export interface ProcessClusterOptions {
  /** Made when missing; holds one folder a process. */
  readonly folder: string;
  readonly servers: 1 | 3;
  readonly peers: number;
  /** Flags for every peer in addition to ports, folder and NATS. */
  readonly peerFlags?: readonly string[];
  /** Each peer reaches NATS by links of its own, which can be cut. */
  readonly areLinksSeverable?: boolean;
}

const HOST = '127.0.0.1';
const PROJECT_ROOT = join(import.meta.dirname, '../..');

export class ProcessCluster implements AsyncDisposable {
  readonly peers: readonly PeerProcess[];
  readonly #servers: NatsServerSupervisor[];
  readonly #start: (index: number) => Promise<NatsServerSupervisor>;
  /** For each peer, those to the servers; none where they cannot be cut. */
  readonly #links: readonly (readonly TcpProxy[])[];
  readonly #onExit = () => this.#killAll();

  private constructor(
    servers: NatsServerSupervisor[],
    peers: readonly PeerProcess[],
    links: readonly (readonly TcpProxy[])[],
    start: (index: number) => Promise<NatsServerSupervisor>,
  ) {
    this.#servers = servers;
    this.peers = peers;
    this.#links = links;
    this.#start = start;
    process.on('exit', this.#onExit);
  }

  /** Resolves when every process is ready. */
  static async start(options: ProcessClusterOptions): Promise<ProcessCluster> {
    const { folder } = options;
    const ports = await freePorts(3 * options.servers + 3 * options.peers, HOST);
    const take = () => ports.shift() ?? 0;
    const places = Array.from({ length: options.servers }, (_, index) => ({
      name: `nats-${index + 1}`,
      port: take(),
      clusterPort: take(),
      httpPort: take(),
    }));
    const routes = places.map(({ clusterPort }) => `nats://${HOST}:${clusterPort}`);
    const startServer = async (index: number) => {
      const { name, port, clusterPort, httpPort } = places[index] ?? unknownServer(index);
      return await NatsServerSupervisor.start({
        name,
        dataDir: join(folder, name),
        host: HOST,
        port,
        httpPort,
        ...(options.servers > 1 && { clusterPort, routes }),
        isUnadvertised: options.areLinksSeverable ?? false,
        projectRoot: PROJECT_ROOT,
        logger: silentLogger,
        clock: systemClock,
        random: systemRandom,
      });
    };
    const servers = await startAll(places.map((_, index) => startServer(index)));
    const serverPorts = places.map(({ port }) => port);
    const links = await Promise.all(
      Array.from({ length: options.areLinksSeverable ? options.peers : 0 }, () =>
        Promise.all(serverPorts.map((port) => TcpProxy.start(port))),
      ),
    );
    const peers = Array.from({ length: options.peers }, (_, index) => {
      const name = `peer-${index + 1}`;
      const natsPorts = links[index]?.map(({ port }) => port) ?? serverPorts;
      const natsUrl = natsPorts.map((port) => `nats://${HOST}:${port}`).join(',');
      return new PeerProcess({
        name,
        folder: join(folder, name),
        httpPort: take(),
        grpcPort: take(),
        p2pPort: take(),
        flags: ['--nats-url', natsUrl, ...(options.peerFlags ?? [])],
      });
    });
    const cluster = new ProcessCluster(servers, peers, links, startServer);
    try {
      await Promise.all(peers.map((peer) => peer.start()));
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
    return cluster;
  }

  get natsUrls(): string[] {
    return this.#servers.map((server) => server.clientUrl);
  }

  /** Where the HTTP monitoring of each nats-server listens. */
  get monitoringUrls(): string[] {
    return this.#servers.map((server) => server.monitoringUrl);
  }

  get serverPids(): number[] {
    return this.#servers.map((server) => server.pid ?? 0);
  }

  /** Kills a nats-server with SIGKILL; its supervisor starts it again. */
  killServer(index: number): void {
    signalProcess(this.#servers[index]?.pid, 'SIGKILL');
  }

  /** Resets the peer's connections to every nats-server and refuses new ones. */
  cutFromNats(peer: number): void {
    for (const link of this.#linksOf(peer)) link.cut();
  }

  /** Lets nothing through between the peer and every nats-server, without a word to either. */
  freezeNats(peer: number): void {
    for (const link of this.#linksOf(peer)) link.freeze();
  }

  healNats(peer: number): void {
    for (const link of this.#linksOf(peer)) link.heal();
  }

  /** Kills every process at once with SIGKILL, then starts them all. */
  async killAndStartAll(): Promise<void> {
    for (const peer of this.peers) peer.kill();
    const starts = this.#servers.map(async (server, index) => {
      await abandon(server);
      this.#servers[index] = await this.#start(index);
    });
    await Promise.all(starts);
    await Promise.all(this.peers.map((peer) => peer.start()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off('exit', this.#onExit);
    for (const peer of this.peers) peer.kill();
    await Promise.all(this.peers.map((peer) => peer.ended));
    await Promise.all(this.#servers.map(abandon));
    await Promise.all(this.#links.flat().map((link) => link[Symbol.asyncDispose]()));
  }

  #linksOf(peer: number): readonly TcpProxy[] {
    const links = this.#links[peer];
    if (links === undefined) throw new RangeError(`the links of peer ${peer} cannot be cut`);
    return links;
  }

  #killAll(): void {
    for (const peer of this.peers) peer.kill();
    for (const { pid } of this.#servers) signalProcess(pid, 'SIGKILL');
  }
}

/** All of them, or none: where one does not start, those that do are ended. */
async function startAll(
  starts: readonly Promise<NatsServerSupervisor>[],
): Promise<NatsServerSupervisor[]> {
  const outcomes = await Promise.allSettled(starts);
  const started = outcomes.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const failed = outcomes.find((each) => each.status === 'rejected');
  if (failed === undefined) return started;
  await Promise.all(started.map(abandon));
  throw failed.reason;
}

/** Kills the server for good: no one looks after it any more. */
async function abandon(server: NatsServerSupervisor): Promise<void> {
  await server.leave();
  // Looked up only now: until it was left, its supervisor may have started it again.
  const { pid } = server;
  const identity = pid === undefined ? undefined : await identifyProcess(pid);
  signalProcess(identity?.pid, 'SIGKILL');
  // One that is still dying would be adopted by the next supervisor of its folder.
  while (identity !== undefined && (await isRunning(identity))) await sleep(10);
}

/** Removes the folder of a cluster whose processes have ended. */
export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

function unknownServer(index: number): never {
  throw new RangeError(`there is no nats-server ${index}`);
}
