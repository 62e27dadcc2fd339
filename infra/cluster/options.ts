// The flags of `npm start --` and what they mean.

import path from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '@tributary/runtime';

export interface ClusterOptions {
  readonly help: boolean;
  readonly peers: 1 | 3;
  /** Folder that holds the data of clusters of either size. */
  readonly dataFolder: string;
  readonly fresh: boolean;
  readonly docs: boolean;
  /** REST port of the first peer; everything else is counted from it. */
  readonly portBase: number;
  readonly logLevel: string;
}

export const USAGE = `Runs a Tributary cluster on this machine and takes in the documentation of the installed packages.

  npm start -- [flags]

  --peers N         3 (default): three peers and three nats-servers; 1: one of each
  --data-dir PATH   where everything is kept; default .tributary/data
  --fresh           throws the data of this cluster away first
  --no-docs         starts the cluster and takes nothing in
  --port-base N     REST port of the first peer, default 6333; gRPC is one higher, peer-to-peer two,
                    nats-server three to five; the next peer's ports are ten higher
  --log-level L     debug, info, warn, error; default info
  --help
`;

/** What the user can put right; printed as one line. */
export class LaunchError extends Error {}

// Three peers take ports base .. base + 25.
const PORT_BASE_MAX = 65_535 - 25;

/** Throws `LaunchError` naming the flag. Paths are taken from `root`. */
export function parseOptions(args: readonly string[], root: string): ClusterOptions {
  const values = readFlags(args);
  const peers = Number(values.peers);
  if (peers !== 1 && peers !== 3) {
    throw new LaunchError(
      `--peers ${values.peers}: 1 or 3 (two servers have no majority to spare)`,
    );
  }
  const portBase = Number(values['port-base']);
  if (!Number.isInteger(portBase) || portBase < 1 || portBase > PORT_BASE_MAX) {
    throw new LaunchError(
      `--port-base ${values['port-base']}: a number from 1 to ${PORT_BASE_MAX}`,
    );
  }
  return {
    help: values.help,
    peers,
    dataFolder: path.resolve(root, values['data-dir']),
    fresh: values.fresh,
    docs: !values['no-docs'],
    portBase,
    logLevel: values['log-level'],
  };
}

function readFlags(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        peers: { type: 'string', default: '3' },
        'data-dir': { type: 'string', default: path.join('.tributary', 'data') },
        fresh: { type: 'boolean', default: false },
        'no-docs': { type: 'boolean', default: false },
        'port-base': { type: 'string', default: '6333' },
        'log-level': { type: 'string', default: 'info' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    const reason = messageOf(error).split('. ')[0];
    throw new LaunchError(`${reason} (npm start -- --help lists the flags)`);
  }
}
