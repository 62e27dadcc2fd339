// What does a cluster of many replicas cost, and how fast is it made, lost, found again and restarted? What do writes
// cost beside a replica that is being filled, and are replicas equal at every cut while they are written to?
//
// Napkin: making a shard's replica is a folder and one line of an event, so 512 replicas over two cores are a second or
// two; an idle replica has nothing to do, so 600 of them should cost what a timer costs. A database is opened in 5 ms
// of processor time, so 300 of them are 1.5 s of a restart. A Partial replica is not waited for: it costs a write
// nothing.

import { mkdtempSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProcessCluster, removeFolder } from '@tributary/infra';
import { atLeast, atMost, type Goal } from '../goals.ts';
import { ClusterClient } from './cluster-client.ts';
import { type CutsResult, runCuts } from './cuts-part.ts';
import { type IdleResult, runIdle } from './idle-part.ts';
import { type LossResult, runLoss } from './loss-part.ts';
import type { PartContext } from './part-context.ts';
import { type PartialResult, runPartial } from './partial-part.ts';
import { type RestartResult, runRestart } from './restart-part.ts';

export type ScalePart = 'loss' | 'idle' | 'restart' | 'partial' | 'cuts';

export interface ScaleResult {
  readonly loss?: LossResult;
  readonly idle?: IdleResult;
  readonly restart?: RestartResult;
  readonly partial?: PartialResult;
  readonly cuts?: CutsResult;
  /** Of the machine as each part began, in processes that would run: others may share it. */
  readonly load?: { readonly [P in ScalePart]?: number };
}

const PARTS: { readonly [P in ScalePart]: (context: PartContext) => Promise<ScaleResult> } = {
  loss: async (context) => ({ loss: await runLoss(context) }),
  idle: async (context) => ({ idle: await runIdle(context) }),
  restart: async (context) => ({ restart: await runRestart(context) }),
  partial: async (context) => ({ partial: await runPartial(context) }),
  cuts: async (context) => ({ cuts: await runCuts(context) }),
};
export const SCALE_PARTS = Object.keys(PARTS) as readonly ScalePart[];
const PEERS = 3;
/** What a start has to do beside being ready. */
const SETTLED_AFTER_MS = 3_000;
/** A peer that a part stops is not to be Dead within it. */
const NEVER_DEAD = 'cluster:\n  dead_after_sec: 3600\n';

/** Each part on a cluster of its own, in a folder of its own. */
export async function runScale(options: {
  readonly parts: readonly ScalePart[];
  readonly seed: number;
}): Promise<ScaleResult> {
  let result: ScaleResult = {};
  for (const part of options.parts) {
    const load = loadavg()[0] ?? 0;
    const its = await onCluster(part, options.seed);
    console.log(JSON.stringify({ ...its, load }));
    result = { ...result, ...its, load: { ...result.load, [part]: load } };
  }
  return result;
}

async function onCluster(part: ScalePart, seed: number): Promise<ScaleResult> {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-scale-'));
  const config = join(folder, 'config.yaml');
  writeFileSync(config, part === 'partial' ? NEVER_DEAD : '');
  const peerFlags = [
    '--log-level',
    'warn',
    ...(part === 'partial' ? ['--config-path', config] : []),
  ];
  try {
    await using cluster = await ProcessCluster.start({
      folder,
      servers: 3,
      peers: PEERS,
      peerFlags,
    });
    await sleep(SETTLED_AFTER_MS);
    return await PARTS[part]({ cluster, client: new ClusterClient(cluster), seed });
  } finally {
    removeFolder(folder);
  }
}

/** Of the parts that ran. */
export function scaleGoals({ loss, idle, restart, partial, cuts }: ScaleResult): Goal[] {
  return [
    ...(loss === undefined ? [] : lossGoals(loss)),
    ...(idle === undefined ? [] : idleGoals(idle)),
    ...(restart === undefined ? [] : restartGoals(restart)),
    ...(partial === undefined
      ? []
      : [atMost('wait=true beside a Partial replica: p50 to without', 1.2, partial.ratio, '×')]),
    ...(cuts === undefined
      ? []
      : [
          atLeast('cuts under writes at which replicas are equal', 100, cuts.equal, ''),
          atMost('cuts under writes at which replicas differ', 0, cuts.differing, ''),
        ]),
  ];
}

function lossGoals(loss: LossResult): Goal[] {
  return [
    atMost('256 shards × 2 replicas made', 2, loss.createdMs / 1_000, 's'),
    atMost('a peer stopped: its replicas Dead', 6, loss.deadMs / 1_000, 's'),
    atMost('a peer goes on: its replicas Active', 5, loss.activeAgainMs / 1_000, 's'),
  ];
}

function idleGoals({ cores, never, written }: IdleResult): Goal[] {
  return [
    atMost('600 idle replicas: a peer', 2, 100 * cores.peer, '% of a core'),
    atMost('600 idle replicas: a nats-server', 2, 100 * cores.server, '% of a core'),
    atMost('an idle replica: memory', 0.3, never.memoryBytes / 1e6, 'MB'),
    atMost('an idle replica: disk', 200, never.diskBytes / 1e3, 'KB'),
    atMost('an idle replica with a few points: memory', 1, written.memoryBytes / 1e6, 'MB'),
  ];
}

function restartGoals({ emptyMs, writtenMs }: RestartResult): Goal[] {
  return [
    atMost('300 collections: restart of every process', 10, emptyMs / 1_000, 's'),
    atMost('300 collections with points: restart of every process', 10, writtenMs / 1_000, 's'),
  ];
}
