// What peers send each other on the p2p port may not change by accident: peers of two versions talk while a cluster is
// upgraded. The calls and answers within are held by libs/wire.

import assert from 'node:assert/strict';
import test from 'node:test';
import { collectionId, shardId } from '@tributary/model';
import { TributaryError } from '@tributary/runtime';
import { goldenText, hexLines } from '@tributary/runtime/testing';
import { encodeAnswer, encodeCall } from '@tributary/wire';
import {
  answerPeerCalls,
  joinFrames,
  PEER_SERVICE,
  partIn,
  type ReplicaClient,
  readPeerAnswer,
} from './index.ts';
import { numbered } from './peer-conversation.ts';

const target = (shard: number) => ({ collection: collectionId('c'), shard: shardId(shard) });
const calls = [0, 1].map((shard) => encodeCall(target(shard), { kind: 'count' }));

/** Shard 0 has seven points, shard 1 does not exist. */
const replicas: ReplicaClient = {
  async call({ shard }) {
    if (shard === 1) throw new TributaryError('not_found', 'no shard 1');
    return 7 as never;
  },
};

async function bytesOf(name: string, today: Uint8Array): Promise<void> {
  const file = new URL(`../golden/${name}.hex`, import.meta.url);
  assert.equal(hexLines(today), goldenText(file, hexLines(today)));
}

test('a message of calls and one of answers have the bytes of the golden files', async () => {
  const asked = numbered(258, joinFrames(calls));
  await bytesOf('peer-calls', asked);
  const answered = await answerPeerCalls({ replicas }, joinFrames(calls));
  await bytesOf('peer-answers', numbered(258, answered));
});

test('a part, an end and an error are told apart by their first byte', () => {
  const end = Buffer.concat([Buffer.of(0), encodeAnswer('count', 7)]);
  const error = Buffer.from('\u0001not_found\nno shard 1', 'utf8');
  assert.equal(readPeerAnswer('count', end), 7);
  assert.throws(() => readPeerAnswer('count', error), { code: 'not_found', message: 'no shard 1' });
  assert.deepEqual(partIn(Buffer.of(2, 9)), Buffer.of(9));
  assert.equal(partIn(end), undefined);
});

test('the methods keep their paths', () => {
  assert.deepEqual(
    Object.values(PEER_SERVICE).map(({ path }) => path),
    ['/tributary.Peer/Call', '/tributary.Peer/Converse', '/tributary.Peer/Introduce'],
  );
});
