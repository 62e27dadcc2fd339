// The flags of `tributary` and what they set. Every flag has a configuration key, so a file or a variable does as well.

import { parseArgs } from 'node:util';
import { messageOf, TributaryError } from '@tributary/runtime';

export interface CommandLine {
  readonly help: boolean;
  readonly version: boolean;
  readonly file?: string;
  /** Values by configuration key. */
  readonly flags: ReadonlyMap<string, unknown>;
}

export const USAGE = `tributary: one peer of a vector database whose write-ahead log is a message stream

  node services/peer/tributary.mjs [flags]

  --uri URL            where other peers reach this one; default http://<host>:<p2p port>
  --bootstrap URL      p2p address of a running peer to join
  --nats-url URLS      nats-servers to use, comma separated; default: look after one of its own
  --nats-monitoring-url URL
                       HTTP monitoring of one of them, for what GET /cluster tells of its Raft
  --data-dir FOLDER    where everything is kept; default ./storage
  --host ADDRESS       address to listen on; default 127.0.0.1
  --http-port N        REST, default 6333
  --grpc-port N        gRPC, default 6334
  --p2p-port N         peer to peer, default 6335
  --workers N          threads that own replicas, default half the cores
  --config-path FILE   YAML file with Qdrant's keys
  --log-level LEVEL    DEBUG, INFO, WARN, ERROR or OFF
  --version
  --help

Every key of the file can be set as a variable: TRIBUTARY__SERVICE__HTTP_PORT=6333
(QDRANT__… works as well).
`;

const OPTIONS = {
  uri: { type: 'string' },
  bootstrap: { type: 'string' },
  'nats-url': { type: 'string' },
  'nats-monitoring-url': { type: 'string' },
  'data-dir': { type: 'string' },
  host: { type: 'string' },
  'http-port': { type: 'string' },
  'grpc-port': { type: 'string' },
  'p2p-port': { type: 'string' },
  workers: { type: 'string' },
  'config-path': { type: 'string' },
  'log-level': { type: 'string' },
  version: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Errors: `bad_request` naming the flag. */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  let values: ReturnType<typeof readFlags>;
  try {
    values = readFlags(argv);
  } catch (cause) {
    const why = messageOf(cause).split('\n')[0];
    throw new TributaryError('bad_request', `${why} (--help lists the flags)`, { cause });
  }
  const flags = new Map<string, unknown>();
  const set = (key: string, value: unknown) => {
    if (value !== undefined) flags.set(key, value);
  };
  set('cluster.uri', values.uri);
  set('cluster.bootstrap', values.bootstrap);
  set('nats.url', values['nats-url']);
  set('nats.monitoring_url', values['nats-monitoring-url']);
  set('storage.storage_path', values['data-dir']);
  set('service.host', values.host);
  set('service.http_port', asNumber(values['http-port']));
  set('service.grpc_port', asNumber(values['grpc-port']));
  set('cluster.p2p.port', asNumber(values['p2p-port']));
  set('replica.workers', asNumber(values.workers));
  set('log_level', values['log-level']);
  const file = values['config-path'];
  return {
    help: values.help === true,
    version: values.version === true,
    flags,
    ...(file === undefined ? {} : { file }),
  };
}

function readFlags(argv: readonly string[]) {
  return parseArgs({ args: [...argv], options: OPTIONS, strict: true }).values;
}

/** The number where the text is one, else the text, which the schema then refuses by its key. */
function asNumber(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  return /^\d+$/.test(text) ? Number(text) : text;
}
