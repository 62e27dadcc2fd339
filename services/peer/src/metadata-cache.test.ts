import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { afterEach, beforeEach } from 'node:test';
import { EMPTY_METADATA, encodeState, MetadataReplica } from '@tributary/metadata';
import { MemoryMetadataLog } from '@tributary/metadata/memory';
import { clusterId, peerId, sequence } from '@tributary/model';
import { seededRandom, silentLogger, systemClock } from '@tributary/runtime';
import { assertNotAhead, MetadataCache } from './metadata-cache.ts';

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
        featureLevel: 1,
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

test('a fold of another cluster than the folder belongs to is gone without', () => {
  const own = clusterId('00000001-0000-4000-8000-000000000000');
  const other = clusterId('00000002-0000-4000-8000-000000000000');
  const state = { ...EMPTY_METADATA, clusterId: other };
  writeFileSync(join(folder, 'metadata.cache'), encodeState(state));
  const cache = new MetadataCache({ folder, clock, logger });
  assert.deepEqual(cache.load(other), state);
  assert.deepEqual(cache.load(), state);
  assert.equal(cache.load(own), undefined);
});

test('a peer that remembers more than META has is stopped', () => {
  const cached = { ...EMPTY_METADATA, sequence: sequence(7) };
  assert.throws(() => assertNotAhead(cached, 6, folder), /event 7, META ends at 6/);
  assertNotAhead(cached, 7, folder);
  assertNotAhead(undefined, 0, folder);
});
