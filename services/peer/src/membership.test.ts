import assert from 'node:assert/strict';
import test from 'node:test';
import { MetadataReplica } from '@tributary/metadata';
import { MemoryMetadataLog } from '@tributary/metadata/memory';
import { FEATURE_LEVEL, peerId } from '@tributary/model';
import { seededRandom, silentLogger, systemClock } from '@tributary/runtime';
import { becomeNormal, joinCluster, mutedBy, removalOf, watchMembership } from './membership.ts';

const [SELF, OTHER] = [peerId(5), peerId(6)];

function startMember() {
  const stop = new AbortController();
  const { signal } = stop;
  const metadata = new MetadataReplica({
    log: new MemoryMetadataLog(),
    clock: systemClock,
    random: seededRandom(1),
    logger: silentLogger,
  });
  const running = metadata.run(signal);
  const member = { metadata, self: SELF, uri: 'http://five:1', path: '/data/five' };
  return {
    ...{ metadata, member, signal },
    remove: () => metadata.propose(() => ({ kind: 'peerRemoved', peer: SELF }), signal),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

test('a peer joins, is normal once it serves, and stays so when it starts again elsewhere', async () => {
  await using started = startMember();
  const { metadata, member, signal } = started;
  const stateOf = () => metadata.state.peers.get(SELF)?.state;
  await joinCluster(member, signal);
  assert.equal(stateOf(), 'joining');
  await becomeNormal(member, signal);
  assert.equal(stateOf(), 'normal');
  const { sequence } = metadata.state;
  await joinCluster(member, signal);
  await becomeNormal(member, signal);
  assert.equal(metadata.state.sequence, sequence, 'nothing to say is not said');
  await joinCluster({ ...member, uri: 'http://elsewhere:1' }, signal);
  await becomeNormal(member, signal);
  assert.equal(stateOf(), 'normal');
  assert.equal(metadata.state.peers.get(SELF)?.uri, 'http://elsewhere:1');
  assert.equal(metadata.state.peers.get(SELF)?.featureLevel, FEATURE_LEVEL);
});

test('a peer that was removed cannot start again, and its error says which id and what to do', async () => {
  await using started = startMember();
  const { member, signal } = started;
  await joinCluster(member, signal);
  await started.remove();
  await assert.rejects(joinCluster(member, signal), {
    code: 'precondition_failed',
    message: /^peer 5 was removed .*does not come back.*new data folder in place of \/data\/five$/,
  });
  await becomeNormal(member, signal);
});

test('a running peer notices its removal at once, refuses from then on, and reports nothing more', async () => {
  await using started = startMember();
  const { metadata, member, signal } = started;
  await joinCluster(member, signal);
  await joinCluster({ ...member, self: OTHER }, signal);
  using membership = watchMembership(member, silentLogger);
  const said: string[] = [];
  const channel = mutedBy<string>(membership.removed, {
    publish: (report) => said.push(report),
    subscribe: () => ({ [Symbol.dispose]: () => {} }),
  });
  channel.publish('before');
  await metadata.propose(() => ({ kind: 'peerRemoved', peer: OTHER }), signal);
  assert.equal(membership.removed.aborted, false);
  assert.equal(removalOf(metadata, SELF), undefined);
  await started.remove();
  assert.equal(membership.removed.aborted, true);
  channel.publish('after');
  assert.deepEqual(said, ['before']);
  const refused = removalOf(metadata, SELF);
  assert.equal(refused?.code, 'unavailable');
  assert.match(refused?.message ?? '', /^peer 5 was removed from the cluster .*ask another peer$/);
});

test('a peer that remembers its removal is out from the start', async () => {
  await using started = startMember();
  await joinCluster(started.member, started.signal);
  await started.remove();
  using membership = watchMembership(started.member, silentLogger);
  assert.equal(membership.removed.aborted, true);
});
