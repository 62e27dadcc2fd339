// Brings up both engines and runs rounds until enough cases have been compared.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProcessCluster, removeFolder } from '@tributary/infra';
import { pythonWithClient } from '../cluster/clients/python-environment.ts';
import { LocalModeEngine, PeerEngine } from './engines.ts';
import { type Difference, type RoundReport, runRound } from './rounds.ts';

export interface ComparisonOptions {
  readonly cases: number;
  /** The first round has this seed, the next the one after. */
  readonly seed: number;
  /** Stops at so many differences. */
  readonly differencesMax: number;
}

/** What was compared, or why nothing was. */
export async function compareEngines(
  options: ComparisonOptions,
): Promise<RoundReport | { readonly missing: string }> {
  const found = await pythonWithClient();
  if ('missing' in found) return found;
  const folder = mkdtempSync(join(tmpdir(), 'tributary-differential-'));
  try {
    await using cluster = await ProcessCluster.start({ folder, servers: 1, peers: 1 });
    await using theirs = new LocalModeEngine(found.python);
    const ours = new PeerEngine(cluster.peers[0]?.url ?? '');
    return await runRounds({ ours, theirs }, options);
  } finally {
    removeFolder(folder);
  }
}

async function runRounds(
  engines: { readonly ours: PeerEngine; readonly theirs: LocalModeEngine },
  { cases, seed, differencesMax }: ComparisonOptions,
): Promise<RoundReport> {
  const total = { cases: 0, differences: [] as Difference[], actions: new Map<string, number>() };
  for (let round = seed; total.cases < cases; round += 1) {
    const report = await runRound(engines, round);
    total.cases += report.cases;
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
