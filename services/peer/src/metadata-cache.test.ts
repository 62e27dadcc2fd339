import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { afterEach, beforeEach } from 'node:test';
import { MetadataReplica } from '@tributary/metadata';
import { MemoryMetadataLog } from '@tributary/metadata/memory';
import { peerId } from '@tributary/model';
import { seededRandom, silentLogger, systemClock } from '@tributary/runtime';
import { assertSameCluster, MetadataCache } from './metadata-cache.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-cache-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const clock = systemClock;
const logger = silentLogger;

test('what was folded last is there at the next start', async () => {
  const stop = new AbortController();
  const random = seededRandom(1);
  const metadata = new MetadataReplica({ log: new MemoryMetadataLog(), clock, random, logger });
  const running = metadata.run(stop.signal);
  {
    using cache = new MetadataCache({ folder, clock, logger });
    assert.equal(cache.load(), undefined);
    cache.follow(metadata);
    for (const peer of [1, 2, 3]) {
      const event = {
        kind: 'peerJoined',
        peer: peerId(peer),
        uri: `http://p${peer}`,
        version: '1',
      };
      await metadata.propose(() => ({ ...event, kind: 'peerJoined' }), stop.signal);
    }
  }
  stop.abort();
  await running;
  assert.deepEqual(new MetadataCache({ folder, clock, logger }).load(), metadata.state);
});

test('a cache that cannot be read is gone without', () => {
  writeFileSync(join(folder, 'metadata.cache'), 'rubbish');
  assert.equal(new MetadataCache({ folder, clock, logger }).load(), undefined);
});

test('a peer that remembers more than the cluster has is of another cluster', () => {
  const state = { sequence: 7, peers: new Map(), collections: new Map(), aliases: new Map() };
  const cached = state as unknown as NonNullable<ReturnType<MetadataCache['load']>>;
  assert.throws(() => assertSameCluster(cached, 6, folder), /belongs to another cluster/);
  assertSameCluster(cached, 7, folder);
  assertSameCluster(undefined, 0, folder);
});
