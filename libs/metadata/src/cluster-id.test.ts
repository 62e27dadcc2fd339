import assert from 'node:assert/strict';
import test from 'node:test';
import { peerId, sequence } from '@tributary/model';
import fc from 'fast-check';
import { foldAll, histories } from './arbitraries.ts';
import { readClusterId } from './cluster-id.ts';
import { MemoryMetadataLog } from './memory.ts';

const FOREVER = new AbortController().signal;

test('the id of a log is that of its first event, compacted or not', async () => {
  await fc.assert(
    fc.asyncProperty(histories, fc.nat(), async (history, cut) => {
      const log = new MemoryMetadataLog();
      assert.equal(await readClusterId(log, FOREVER), undefined);
      for (const { event, sequence: at } of history) await log.append(event, sequence(at - 1));
      const { clusterId } = foldAll(history);
      assert.equal(await readClusterId(log, FOREVER), clusterId);
      const folded = history.slice(0, 1 + (cut % history.length));
      await log.storeSnapshot(foldAll(folded));
      assert.equal(await readClusterId(log, FOREVER), clusterId);
    }),
    { numRuns: 20 },
  );
});

test('a first event that is let go of while it is looked for is found in the fold', async () => {
  const log = new MemoryMetadataLog();
  const [history] = fc.sample(histories, { numRuns: 1, seed: 1 });
  assert.ok(history);
  for (const { event, sequence: at } of history) await log.append(event, sequence(at - 1));
  const loadSnapshot = log.loadSnapshot.bind(log);
  let loads = 0;
  log.loadSnapshot = async () => {
    const snapshot = await loadSnapshot();
    if (loads++ === 0) await log.storeSnapshot(foldAll(history));
    return snapshot;
  };
  assert.equal(await readClusterId(log, FOREVER), foldAll(history).clusterId);
  assert.equal(loads, 2);
});

test('a log that begins otherwise has no id', async () => {
  const log = new MemoryMetadataLog();
  const peer = { peer: peerId(1), uri: 'http://one:1', version: '1', featureLevel: 1 };
  await log.append({ kind: 'peerJoined', ...peer }, sequence(0));
  assert.equal(await readClusterId(log, FOREVER), undefined);
});
