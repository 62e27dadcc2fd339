// Whether the peer can listen where it is to, asked before anything is started: a server that finds out later says so
// in words of its own, and does not know the key.

import { portError, TributaryError } from '@tributary/runtime';
import type { PeerConfiguration } from './configuration.ts';

/** Errors: `bad_request` where two keys name one port, `unavailable` where a port is taken or may not be used. */
export async function checkPorts({ service, cluster }: PeerConfiguration): Promise<void> {
  const keys = new Map<number, string>();
  for (const [key, port] of [
    ['service.http_port', service.http_port],
    ['service.grpc_port', service.grpc_port],
    ['service.metrics_port', service.metrics_port],
    ['cluster.p2p.port', cluster.p2p.port],
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
    const code = await portError(port, service.host);
    if (code === undefined) continue;
    const why = code === 'EADDRINUSE' ? 'is in use' : `cannot be listened on (${code})`;
    throw new TributaryError(
      'unavailable',
      `port ${port} of ${service.host} ${why}: stop the program that has it, or set another ${key}`,
    );
  }
}
