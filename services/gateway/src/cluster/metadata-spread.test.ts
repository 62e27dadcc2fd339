import assert from 'node:assert/strict';
import test from 'node:test';
import { EMPTY_METADATA, type MetadataState } from '@tributary/metadata';
import { peerId, sequence } from '@tributary/model';
import { SimulatedClock } from '@tributary/runtime';
import { MemoryReports } from '../testing/memory-reports.ts';
import { MetadataSpread } from './metadata-spread.ts';

const [SELF, OTHER, THIRD] = [1, 2, 3].map(peerId);
const GRACE_MS = 500;
const never = new AbortController().signal;

function start() {
  assert.ok(SELF && OTHER && THIRD);
  const peers = new Map(
    [SELF, OTHER, THIRD].map((id) => {
      const known = { id, uri: `http://p${id}:1`, version: '1', featureLevel: 1 };
      return [id, { ...known, state: 'normal' }] as const;
    }),
  );
  const state: MetadataState = { ...EMPTY_METADATA, sequence: sequence(9), peers };
  const clock = new SimulatedClock();
  const reports = new MemoryReports();
  const silent = new Set<number>();
  const spread = new MetadataSpread({
    self: SELF,
    metadata: { state },
    reports,
    isAlive: (peer) => !silent.has(peer),
    clock,
    graceMs: GRACE_MS,
  });
  const report = (peer: number, at: number) =>
    reports.publish({ peer: peerId(peer), replicas: [], metadataSequence: sequence(at) });
  let settled = 0;
  const settle = () => {
    void spread.settled(never).then(() => {
      settled++;
    });
    return clock.advance(0);
  };
  return { spread, clock, silent, report, settle, settled: () => settled };
}

test('a change is settled once every other live peer has folded it', async () => {
  const { clock, report, settle, settled, silent } = start();
  report(2, 8);
  report(3, 8);
  await settle();
  assert.equal(settled(), 0);
  report(2, 9);
  await clock.advance(1);
  assert.equal(settled(), 0, 'one is still behind');
  report(3, 12);
  await clock.advance(1);
  assert.equal(settled(), 1);
  report(3, 8);
  silent.add(3);
  await settle();
  assert.equal(settled(), 2, 'who is silent is not waited for');
});

test('a peer that does not get there delays a change by the grace, and one that never said not at all', async () => {
  const { spread, clock, report, settle, settled } = start();
  await settle();
  assert.equal(settled(), 1);
  report(2, 8);
  assert.equal(spread.sequenceOf(peerId(2)), 8);
  await settle();
  await clock.advance(GRACE_MS - 1);
  assert.equal(settled(), 1);
  await clock.advance(2);
  assert.equal(settled(), 2);
});
