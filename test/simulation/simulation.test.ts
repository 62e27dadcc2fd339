import assert from 'node:assert/strict';
import test from 'node:test';
import { MUTANTS } from './mutants.ts';
import { simulate } from './world.ts';

const SEEDS = 60;
/** Seeds within which every planted bug must show. */
const MUTANT_SEEDS = 40;

const FAULTS = [
  'failure',
  'duplicate',
  'hang',
  'slowness',
  'poison',
  'entry for all shards',
  'cut',
  'entry in fragments',
  'purge',
  'purge beyond a replica',
  'lost silently',
  'lost loudly',
  'crash',
  'crash that loses commits',
  'crash between commit and announcement',
  'clean restart',
  'get',
  'converged',
  'halted: rebuild',
  'halted: transfer',
];

test('every replica comes to the fold of the log, whatever fails on the way', async () => {
  const occurred = new Map<string, number>();
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      const outcome = await simulate(seed);
      for (const [fault, count] of outcome.occurred) {
        occurred.set(fault, (occurred.get(fault) ?? 0) + count);
      }
    } catch (error) {
      const again = `npm run simulate -- --world replica --from ${seed} --seeds 1`;
      throw new Error(`seed ${seed} fails; replay it with ${again}`, { cause: error });
    }
  }
  for (const fault of FAULTS) assert(occurred.has(fault), `'${fault}' never happened`);
});

for (const mutant of MUTANTS) {
  test(`a planted bug is caught: ${mutant.name}`, async () => {
    for (let seed = 1; seed <= MUTANT_SEEDS; seed++) {
      try {
        await simulate(seed, mutant);
      } catch (error) {
        // A slip in the mutant itself is not caught by the simulation.
        assert.ok(!(error instanceof TypeError || error instanceof ReferenceError), String(error));
        return;
      }
    }
    assert.fail(`${MUTANT_SEEDS} seeds let it pass`);
  });
}
