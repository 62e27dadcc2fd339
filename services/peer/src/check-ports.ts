// Whether the peer can listen where it is to, asked before anything is started: a server that finds out later says so
// in words of its own, and does not know the key.

import { portError, TributaryError } from '@tributary/runtime';
import type { PeerConfiguration } from './configuration.ts';

/**
 * Whether the ports of the peer itself can be had. Errors: `bad_request` where two keys name one port, `unavailable`
 * where a port is taken or may not be used.
 */
export async function checkPorts({ service, cluster, nats }: PeerConfiguration): Promise<void> {
  const isOwnNats = nats.url === undefined && cluster.bootstrap === undefined;
  const keys = new Map<number, string>();
  for (const [key, port] of [
    ['service.http_port', service.http_port],
    ['service.grpc_port', service.grpc_port],
    ['service.metrics_port', service.metrics_port],
    ['cluster.p2p.port', cluster.p2p.port],
    ['nats.port', isOwnNats ? nats.port : undefined],
    ['nats.monitor_port', isOwnNats ? nats.monitor_port : undefined],
  ] as const) {
    // The system gives a free one for 0.
    if (port === undefined || port === 0) continue;
    const other = keys.get(port);
    if (other !== undefined) {
      throw new TributaryError(
        'bad_request',
        `configuration: ${key} and ${other} are both ${port}`,
      );
    }
    keys.set(port, key);
    // Those of NATS may be held by the peer's own nats-server, which outlives a crash.
    if (!key.startsWith('nats.')) await checkPort(key, port, service.host);
  }
}

/** Whether a nats-server can be started. Errors: as `checkPorts`. */
export async function checkNatsPorts({ nats }: PeerConfiguration): Promise<void> {
  await checkPort('nats.port', nats.port, nats.host);
  await checkPort('nats.monitor_port', nats.monitor_port, nats.host);
}

async function checkPort(key: string, port: number, host: string): Promise<void> {
  if (port === 0) return;
  const code = await portError(port, host);
  if (code === undefined) return;
  const why = code === 'EADDRINUSE' ? 'is in use' : `cannot be listened on (${code})`;
  throw new TributaryError(
    'unavailable',
    `port ${port} of ${host} ${why}: stop the program that has it, or set another ${key}`,
  );
}
