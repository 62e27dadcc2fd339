import assert from 'node:assert/strict';
import test from 'node:test';
import { collectionId, peerId, sequence, shardId } from '@tributary/model';
import fc from 'fast-check';
import { BEGINNING_LENGTH, foldAll, histories } from './arbitraries.ts';
import type { ReplicaStateChange } from './metadata-event.ts';
import { reduce, refusal } from './reducer.ts';
import { changeReplicas } from './replica-changes.ts';

const STEPS = [
  { from: 'Active', to: 'Dead' },
  { from: 'Dead', to: 'Active' },
  { from: 'Dead', to: 'Partial' },
  { from: 'Initializing', to: 'Active' },
] as const;

/** Of the collection that every history begins with, whose first shard has two Active replicas. */
const changes: fc.Arbitrary<ReplicaStateChange[]> = fc.array(
  fc
    .record({
      shard: fc.constantFrom(0, 0, 0, 2).map(shardId),
      peer: fc.constantFrom(1, 2).map(peerId),
      step: fc.constantFrom(...STEPS),
    })
    .map(({ step, ...replica }) => ({ collection: collectionId('a'), ...replica, ...step })),
  { minLength: 1, maxLength: 4 },
);

test('the changes of one event do what an event for each of them does, or nothing', () => {
  let changed = 0;
  fc.assert(
    fc.property(histories, changes, (history, drawn) => {
      const state = foldAll(history.slice(0, BEGINNING_LENGTH));
      let oneByOne = state;
      let refused: string | undefined;
      for (const change of drawn) {
        const event = { kind: 'replicaStatesChanged', changes: [change] } as const;
        refused ??= refusal(oneByOne, event);
        if (refused !== undefined) break;
        oneByOne = reduce(oneByOne, event, sequence(oneByOne.sequence + 1));
      }
      const outcome = changeReplicas(state, drawn);
      if (outcome.kind === 'refused') {
        assert.equal(outcome.message, refused);
        return;
      }
      assert.equal(refused, undefined);
      assert.deepEqual(outcome.collections, oneByOne.collections);
      if (drawn.length > 1) changed++;
    }),
    { seed: 1, numRuns: 2_000 },
  );
  assert.ok(changed > 10, `${changed}`);
});
