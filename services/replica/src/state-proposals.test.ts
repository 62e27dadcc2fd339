import assert from 'node:assert/strict';
import test from 'node:test';
import {
  EMPTY_METADATA,
  type MetadataEvent,
  type MetadataState,
  REPLICA_CHANGES_MAX,
} from '@tributary/metadata';
import { collectionId, peerId, shardId } from '@tributary/model';
import { SimulatedClock, TributaryError } from '@tributary/runtime';
import { StateProposals } from './state-proposals.ts';

type Decide = (state: MetadataState) => MetadataEvent | undefined;

/** Proposals that wait until they are let go. */
function setUp() {
  const proposed: (readonly number[])[] = [];
  const held: PromiseWithResolvers<MetadataState>[] = [];
  const clock = new SimulatedClock();
  const metadata = {
    propose: async (decide: Decide, signal: AbortSignal) => {
      const event = decide(EMPTY_METADATA);
      const changes = event?.kind === 'replicaStatesChanged' ? event.changes : [];
      proposed.push(changes.map(({ shard }) => shard));
      const answer = Promise.withResolvers<MetadataState>();
      signal.addEventListener('abort', () => answer.reject(signal.reason));
      held.push(answer);
      return await answer.promise;
    },
  };
  const { signal } = new AbortController();
  const proposals = new StateProposals({ metadata, clock, withinMs: 10_000, signal });
  const change = (shard: number) => () => ({
    collection: collectionId('c'),
    shard: shardId(shard),
    peer: peerId(1),
    from: 'Initializing' as const,
    to: 'Active' as const,
  });
  return { proposals, proposed, held, clock, change };
}

test('changes that come while a proposal is under way are one event', async () => {
  const { proposals, proposed, held, change } = setUp();
  const first = proposals.propose(change(0));
  await Promise.resolve();
  const others = [1, 2, 3].map((shard) => proposals.propose(change(shard)));
  const notDue = proposals.propose(() => undefined);
  held[0]?.resolve(EMPTY_METADATA);
  await first;
  await Promise.resolve();
  held[1]?.resolve(EMPTY_METADATA);
  await Promise.all([...others, notDue]);
  assert.deepEqual(proposed, [[0], [1, 2, 3]]);
});

test('one event changes no more replicas than META takes at once', async () => {
  const { proposals, proposed, held, change } = setUp();
  const count = REPLICA_CHANGES_MAX + 1;
  const all = Array.from({ length: count }, (_, shard) => proposals.propose(change(shard)));
  await Promise.resolve();
  held[0]?.resolve(EMPTY_METADATA);
  await Promise.all(all.slice(0, -1));
  await Promise.resolve();
  held[1]?.resolve(EMPTY_METADATA);
  await all.at(-1);
  assert.deepEqual(
    proposed.map(({ length }) => length),
    [REPLICA_CHANGES_MAX, 1],
  );
});

test('a proposal that fails, or takes too long, fails its own changes, and the next ones go on', async () => {
  const { proposals, proposed, held, clock, change } = setUp();
  const refused = proposals.propose(change(0));
  await Promise.resolve();
  held[0]?.reject(new TributaryError('bad_request', 'no'));
  await assert.rejects(refused, { code: 'bad_request' });
  const late = proposals.propose(change(1));
  const rejected = assert.rejects(late, { code: 'timeout' });
  await clock.advance(10_001);
  await rejected;
  const after = proposals.propose(change(2));
  await Promise.resolve();
  held[2]?.resolve(EMPTY_METADATA);
  await after;
  assert.deepEqual(proposed, [[0], [1], [2]]);
});
