import assert from 'node:assert/strict';
import test from 'node:test';
import { simulateCluster } from './cluster-world.ts';
import { planOf } from './steps.ts';

const SEEDS = 30;

/** What must really have happened in these seeds. */
const EXPECTED = [
  'write completed',
  'write acknowledged',
  'write refused',
  'write unknown',
  'read',
  'read with a token',
  'read refused',
  'peer killed',
  'peer killed, commits lost',
  'clean stop',
  'peer paused',
  'peer wiped',
  'thread crashed',
  'refused',
  'asked while cut off',
  'report lost',
  'META event folded late',
  'append lost',
  'append done, answer lost',
  'append done late, after its answer was given up',
  'lease done, answer lost',
  'META event after another',
  'META event lost',
  'META event done, answer lost',
  'META event done late, after its answer was given up',
  'alias changed',
  'alias refused',
  'peer that is gone is Dead',
  'newer entry refused',
  'loss of a disk noticed',
  'calm',
];

test('no acknowledged write is lost and every replica comes to its log, whatever happens to peers', async () => {
  const occurred = new Map<string, number>();
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      const outcome = await simulateCluster(planOf(seed));
      for (const [event, count] of outcome.occurred) {
        occurred.set(event, (occurred.get(event) ?? 0) + count);
      }
    } catch (cause) {
      const again = `npm run simulate -- --world cluster --from ${seed} --seeds 1`;
      throw new Error(`seed ${seed} fails; replay it with ${again}`, { cause });
    }
  }
  for (const event of EXPECTED) assert(occurred.has(event), `'${event}' never happened`);
});
