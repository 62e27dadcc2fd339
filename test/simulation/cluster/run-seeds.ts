// Runs seeds of the cluster's world; a plan that fails is made shorter before it is shown.

import type { ClusterMutant } from './cluster-mutant.ts';
import { type Outcome, simulateCluster } from './cluster-world.ts';
import { type Plan, planOf, type Step } from './steps.ts';

export interface FailedPlan {
  readonly error: unknown;
  /** What is left of the plan; it fails as well, not always for the same reason. */
  readonly plan: Plan;
}

/** The outcome of the seed, or how it fails, with steps taken out as far as `tries` runs find any. */
export async function runSeed(
  seed: number,
  { mutant, tries }: { readonly mutant?: ClusterMutant; readonly tries: number },
): Promise<Outcome | FailedPlan> {
  const plan = planOf(seed);
  try {
    return await simulateCluster(plan, mutant);
  } catch (error) {
    return await shorter({ error, plan }, tries, mutant);
  }
}

/** Takes out ever smaller runs of steps, as long as it still fails. */
async function shorter(
  failed: FailedPlan,
  tries: number,
  mutant: ClusterMutant | undefined,
): Promise<FailedPlan> {
  let shortest = failed;
  let left = tries;
  for (let size = Math.ceil(failed.plan.steps.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < shortest.plan.steps.length && left > 0; left--) {
      const steps = shortest.plan.steps.toSpliced(from, size);
      const plan = { ...shortest.plan, steps };
      const error = await failureOf(plan, mutant);
      if (error === undefined) from += size;
      else shortest = { error, plan };
    }
  }
  return shortest;
}

async function failureOf(plan: Plan, mutant: ClusterMutant | undefined): Promise<unknown> {
  try {
    await simulateCluster(plan, mutant);
    return undefined;
  } catch (error) {
    return error;
  }
}

/** A line a step. */
export function describePlan({ shards, replicas, writeConsistencyFactor, steps }: Plan): string {
  const head =
    `${shards} shards, ${replicas} replicas each, write_consistency_factor ` +
    `${writeConsistencyFactor}; peers are counted from 0`;
  return [head, ...steps.map(describeStep)].join('\n');
}

function describeStep({ kind, ...details }: Step): string {
  const text = JSON.stringify(details, (_key, value: unknown) =>
    value instanceof Uint8Array ? new TextDecoder().decode(value) : value,
  );
  return `  ${kind} ${text}`;
}
