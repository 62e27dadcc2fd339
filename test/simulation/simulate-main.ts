// Many seeds of the simulation: `npm run simulate -- --seeds 2000 --from 1 [--world replica|cluster]`.
//
// The first seed that fails ends the run: it is shown with how to replay it, and of the cluster's world with the
// shortest plan found that still fails.

import { inspect, parseArgs } from 'node:util';
import { numberFlag } from '@tributary/infra';
import { describePlan, runSeed } from './cluster/run-seeds.ts';
import { simulate } from './world.ts';

const USAGE = `npm run simulate -- [--world replica|cluster] [--seeds N] [--from N]

  --world    replica: three replicas of a shard follow a log through faults
             cluster: three whole peers, META, logs and clients
             both, where it is left out
  --seeds    how many seeds are run in each world (default 200)
  --from     the first one (default 1)

A seed that fails is told with what broke and how to run it again; the exit code is 1 then.`;

const WORLDS = ['replica', 'cluster'] as const;
type World = (typeof WORLDS)[number];

/** Runs that look for a shorter plan. */
const SHORTENING_TRIES = 300;
const BAR_WIDTH = 30;

interface Failure {
  readonly error: unknown;
  readonly plan?: string;
}

const RUN: Readonly<Record<World, (seed: number) => Promise<Failure | undefined>>> = {
  replica: async (seed) => {
    try {
      await simulate(seed);
      return undefined;
    } catch (error) {
      return { error };
    }
  },
  cluster: async (seed) => {
    const result = await runSeed(seed, { tries: SHORTENING_TRIES });
    if (!('error' in result)) return undefined;
    return { error: result.error, plan: describePlan(result.plan) };
  },
};

async function runWorld(world: World, from: number, seeds: number): Promise<boolean> {
  const startedMs = performance.now();
  for (let done = 0; done < seeds; done++) {
    const seed = from + done;
    showProgress(world, done, seeds);
    const failure = await RUN[world](seed);
    if (failure === undefined) continue;
    clearProgress();
    console.log(`${world}: seed ${seed} fails`);
    if (failure.plan !== undefined) console.log(`\nthe shortest plan found:\n${failure.plan}`);
    console.log(`\n${inspect(failure.error)}`);
    console.log(`\nreplay: npm run simulate -- --world ${world} --from ${seed} --seeds 1`);
    return false;
  }
  clearProgress();
  const tookS = ((performance.now() - startedMs) / 1_000).toFixed(1);
  console.log(`${world}: ${seeds} seeds from ${from} hold (${tookS} s)`);
  return true;
}

function showProgress(world: World, done: number, seeds: number): void {
  if (!process.stdout.isTTY) return;
  const filled = Math.floor((BAR_WIDTH * done) / seeds);
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
  process.stdout.write(`\r${world} ${bar} ${done}/${seeds}`);
}

function clearProgress(): void {
  if (process.stdout.isTTY) process.stdout.write('\r\u001b[K');
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      world: { type: 'string' },
      seeds: { type: 'string', default: '200' },
      from: { type: 'string', default: '1' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const seeds = numberFlag('seeds', values.seeds, 1);
  const from = numberFlag('from', values.from, 0);
  const worlds = WORLDS.filter((world) => (values.world ?? world) === world);
  if (worlds.length === 0) throw new RangeError(`--world is replica or cluster\n\n${USAGE}`);
  for (const world of worlds) if (!(await runWorld(world, from, seeds))) return 1;
  return 0;
}

process.exitCode = await main();
