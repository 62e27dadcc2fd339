// The configuration of a nats-server that a peer looks after: a lone one, or one of a cluster.

export interface ServerSettings {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly httpPort: number;
  readonly storeFolder: string;
  readonly cluster?: ClusterSettings;
}

export interface ClusterSettings {
  readonly name: string;
  readonly port: number;
  /** `nats://host:port` of the cluster ports of the servers, this one's own included or not. */
  readonly routes: readonly string[];
  /** Clients do not learn of the other servers and keep to the addresses they were given, proxies for instance. */
  readonly isUnadvertised?: boolean;
}

/**
 * No WebSocket, MQTT or leaf node listeners: most published advisories concern those. Monitoring has no
 * authentication, so it listens on the loopback only. Without `sync_interval: always` a power loss takes every
 * acknowledged message of the last two minutes.
 */
export function renderServerConfig(settings: ServerSettings): string {
  const { name, host, port, httpPort, storeFolder, cluster } = settings;
  const lines = [
    `server_name: ${quoted(name)}`,
    `listen: ${quoted(`${host}:${port}`)}`,
    `http: ${quoted(`127.0.0.1:${httpPort}`)}`,
    'max_payload: 1MB',
    'max_pending: 128MB',
    'jetstream {',
    `  store_dir: ${quoted(storeFolder)}`,
    '  sync_interval: always',
    '}',
  ];
  if (cluster) {
    lines.push(
      'cluster {',
      `  name: ${quoted(cluster.name)}`,
      `  listen: ${quoted(`${host}:${cluster.port}`)}`,
      `  routes: [${cluster.routes.map(quoted).join(', ')}]`,
      ...(cluster.isUnadvertised ? ['  no_advertise: true'] : []),
      '}',
    );
  }
  return `${lines.join('\n')}\n`;
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
