// Which ports and folders each process of the local cluster has.

import path from 'node:path';
import type { ClusterOptions } from './options.ts';

export const HOST = '127.0.0.1';

export interface PeerPlace {
  readonly name: string;
  readonly folder: string;
  readonly logFile: string;
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly p2pPort: number;
}

export interface NatsPlace {
  readonly name: string;
  readonly folder: string;
  readonly clientPort: number;
  readonly routePort: number;
  readonly monitorPort: number;
}

export interface ClusterLayout {
  readonly folder: string;
  readonly docsFolder: string;
  readonly logFolder: string;
  readonly peers: readonly PeerPlace[];
  readonly servers: readonly NatsPlace[];
}

const PORTS_PER_PEER = 10;

/** Clusters of different size keep their data apart: a stream of three replicas cannot be run by one server. */
export function layOut(options: ClusterOptions): ClusterLayout {
  const folder = path.join(options.dataFolder, `cluster-${options.peers}`);
  const logFolder = path.join(folder, 'logs');
  const numbers = Array.from({ length: options.peers }, (_, index) => index);
  const place = (kind: string, index: number) => {
    const name = `${kind}-${index + 1}`;
    return { name, folder: path.join(folder, name) };
  };
  return {
    folder,
    logFolder,
    docsFolder: path.join(folder, 'docs'),
    peers: numbers.map((index) => {
      const base = options.portBase + index * PORTS_PER_PEER;
      const { name, folder } = place('peer', index);
      const logFile = path.join(logFolder, `${name}.log`);
      return { name, folder, logFile, httpPort: base, grpcPort: base + 1, p2pPort: base + 2 };
    }),
    servers: numbers.map((index) => {
      const base = options.portBase + index * PORTS_PER_PEER;
      return {
        ...place('nats', index),
        clientPort: base + 3,
        routePort: base + 4,
        monitorPort: base + 5,
      };
    }),
  };
}

export interface PortUse {
  readonly port: number;
  readonly purpose: string;
}

export function peerPorts({ name, httpPort, grpcPort, p2pPort }: PeerPlace): PortUse[] {
  return [
    { port: httpPort, purpose: `REST of ${name}` },
    { port: grpcPort, purpose: `gRPC of ${name}` },
    { port: p2pPort, purpose: `peer-to-peer of ${name}` },
  ];
}

export function serverPorts({ name, clientPort, routePort, monitorPort }: NatsPlace): PortUse[] {
  return [
    { port: clientPort, purpose: `clients of ${name}` },
    { port: routePort, purpose: `routes of ${name}` },
    { port: monitorPort, purpose: `monitoring of ${name}` },
  ];
}
