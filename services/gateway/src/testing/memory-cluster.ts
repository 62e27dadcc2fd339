// Peers that share a metadata log, write streams and reports, all in memory.

import { MemoryMetadataLog } from '@tributary/metadata/memory';
import { MemoryWriteStreams, type MemoryWriteStreamsOptions } from '@tributary/stream/memory';
import type { ResourceReport } from '@tributary/wire';
import type { GatewayConfig } from '../index.ts';
import { MemoryPeer } from './memory-peer.ts';
import { MemoryReports } from './memory-reports.ts';

export interface MemoryClusterOptions {
  readonly peers: number;
  readonly config?: Partial<GatewayConfig>;
  readonly streams?: MemoryWriteStreamsOptions;
  readonly metricsPrefix?: string;
}

export interface MemoryCluster extends AsyncDisposable {
  readonly peers: readonly MemoryPeer[];
  readonly streams: MemoryWriteStreams;
  /** The peer at this index. */
  peer(index: number): MemoryPeer;
  /** `http://host:port` of the REST server of the peer at this index. */
  url(index?: number): string;
  grpcPort(index?: number): number;
}

export async function startMemoryCluster(options: MemoryClusterOptions): Promise<MemoryCluster> {
  const log = new MemoryMetadataLog();
  const streams = new MemoryWriteStreams(options.streams);
  const reports = new MemoryReports();
  const resourceReports = new MemoryReports<ResourceReport>();
  const peers = Array.from({ length: options.peers }, (_, i) => {
    const { config = {}, metricsPrefix = '' } = options;
    const channels = { log, streams, reports, resourceReports };
    return new MemoryPeer({ id: i + 1, ...channels, config, metricsPrefix });
  });
  for (const peer of peers) await peer.start();
  const peerAt = (index: number): MemoryPeer => {
    const peer = peers[index];
    if (peer === undefined) throw new RangeError(`no peer ${index}`);
    return peer;
  };
  return {
    peers,
    streams,
    peer: peerAt,
    url: (index = 0) => `http://127.0.0.1:${peerAt(index).gateway.httpPort}`,
    grpcPort: (index = 0) => peerAt(index).gateway.grpcPort,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(peers.map((peer) => peer.stop()));
    },
  };
}
