import assert from 'node:assert/strict';
import test from 'node:test';
import { CLUSTER_MUTANTS } from './cluster-mutants.ts';
import { simulateCluster } from './cluster-world.ts';
import { planOf } from './steps.ts';

/** Seeds within which every planted bug must show. */
const SEEDS = 30;

for (const mutant of CLUSTER_MUTANTS) {
  test(`a planted bug is caught: ${mutant.name}`, async (context) => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      try {
        await simulateCluster(planOf(seed), mutant);
      } catch (error) {
        // A slip in the mutant itself is not caught by the simulation.
        assert.ok(!(error instanceof TypeError || error instanceof ReferenceError), String(error));
        const [firstLine] = String(error).split('\n');
        context.diagnostic(`seed ${seed}: ${firstLine}`);
        return;
      }
    }
    assert.fail(`${SEEDS} seeds let it pass`);
  });
}
