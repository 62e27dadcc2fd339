import assert from 'node:assert/strict';
import test from 'node:test';
import { LongReads } from './long-reads.ts';

test('a commit waits for the reads under way, and later reads for the commit', async () => {
  const reads = new LongReads();
  const events: string[] = [];
  const first = await reads.begin();
  const second = await reads.begin();
  const commit = reads.whileNone(() => void events.push('commit'));
  const third = reads.begin().then((reading) => {
    events.push('third');
    return reading;
  });
  first[Symbol.dispose]();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(events, []);
  second[Symbol.dispose]();
  await commit;
  (await third)[Symbol.dispose]();
  assert.deepEqual(events, ['commit', 'third']);
  let isCommitted = false;
  await reads.whileNone(() => {
    isCommitted = true;
  });
  assert.ok(isCommitted, 'at once where there are no reads');
});

test('a commit that fails lets the reads go on', async () => {
  const reads = new LongReads();
  const reading = await reads.begin();
  const commit = reads.whileNone(() => {
    throw new Error('disk');
  });
  const later = reads.begin();
  reading[Symbol.dispose]();
  await assert.rejects(commit, /disk/);
  (await later)[Symbol.dispose]();
});

test('a commit that takes several slices keeps every read out until it is made', async () => {
  const reads = new LongReads();
  const step = Promise.withResolvers<void>();
  const events: string[] = [];
  const commit = reads.whileNone(async () => {
    await step.promise;
    events.push('commit');
  });
  assert.ok(reads.isCommitting);
  const later = reads.begin().then((reading) => {
    events.push('read');
    return reading;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(events, []);
  step.resolve();
  await commit;
  (await later)[Symbol.dispose]();
  assert.deepEqual(events, ['commit', 'read']);
  assert.equal(reads.isCommitting, false);
});
