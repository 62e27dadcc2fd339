// Brings up both engines and runs rounds until enough cases have been compared.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProcessCluster, removeFolder } from '@tributary/infra';
import { pythonWithClient, pythonWithEdge } from '../cluster/clients/python-environment.ts';
import type { Oracle } from './collection-generator.ts';
import { PeerEngine, PythonEngine } from './engines.ts';
import { type Difference, type Engines, type RoundReport, runRound } from './rounds.ts';
import { Twin } from './twins.ts';

export interface ComparisonOptions {
  readonly cases: number;
  /** The first round has this seed, the next the one after. */
  readonly seed: number;
  /** Stops at so many differences. */
  readonly differencesMax: number;
  /** Who else is asked; twins are two collections of the peer, each reached by one of the two protocols. */
  readonly oracle: Oracle;
  /** How the peer is asked, unless of twins. */
  readonly protocol: 'rest' | 'grpc';
}

const SHARDS_MANY = 12;
const CLIENT = 'python_engine.py';
const EDGE = 'edge_engine.py';

/** What was compared, or why nothing was. */
export async function compareEngines(
  options: ComparisonOptions,
): Promise<RoundReport | { readonly missing: string }> {
  const found = await (options.oracle === 'edge' ? pythonWithEdge() : pythonWithClient());
  if ('missing' in found) return found;
  const folder = mkdtempSync(join(tmpdir(), 'tributary-differential-'));
  try {
    await using cluster = await ProcessCluster.start({ folder, servers: 1, peers: 1 });
    const [peer] = cluster.peers;
    if (peer === undefined) throw new RangeError('the cluster has no peer');
    const rest = new PeerEngine(peer.url);
    const { oracle } = options;
    if (oracle === 'edge') {
      await using theirs = new PythonEngine(found.python, EDGE);
      return await runRounds({ ours: rest, theirs, oracle }, options);
    }
    if (oracle === 'local' && options.protocol === 'rest') {
      await using theirs = new PythonEngine(found.python, CLIENT);
      return await runRounds({ ours: rest, theirs, oracle }, options);
    }
    const ports = [peer.url, peer.grpcAddress].map((address) => address.split(':').at(-1) ?? '');
    await using grpc = new PythonEngine(found.python, CLIENT, ports);
    if (oracle === 'twin') {
      const [ours, theirs] = [new Twin(rest, SHARDS_MANY), new Twin(grpc, 1)];
      return await runRounds({ ours, theirs, oracle }, options);
    }
    await using theirs = new PythonEngine(found.python, CLIENT);
    return await runRounds({ ours: grpc, theirs, oracle }, options);
  } finally {
    removeFolder(folder);
  }
}

async function runRounds(
  engines: Engines,
  { cases, seed, differencesMax }: ComparisonOptions,
): Promise<RoundReport> {
  const differences: Difference[] = [];
  const actions = new Map<string, number>();
  const total = { cases: 0, undecided: 0, refused: 0, differences, actions };
  for (let round = seed; total.cases < cases; round += 1) {
    const report = await runRound(engines, round);
    total.cases += report.cases;
    total.undecided += report.undecided;
    total.refused += report.refused;
    total.differences.push(...report.differences);
    for (const [name, count] of report.actions) {
      total.actions.set(name, (total.actions.get(name) ?? 0) + count);
    }
    if (total.differences.length >= differencesMax) break;
  }
  return total;
}

export function describe({ seed, step, collection, what }: Difference): string {
  const spaces = JSON.stringify(collection.body);
  const indexes = JSON.stringify(Object.fromEntries(collection.indexes));
  return [
    `seed ${seed}: ${step.action} ${JSON.stringify(step.body).slice(0, 3000)}`,
    `collection ${spaces}, indexes ${indexes}`,
    what,
  ].join('\n');
}
