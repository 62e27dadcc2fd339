import assert from 'node:assert/strict';
import test from 'node:test';
import { LongReads } from './long-reads.ts';

test('a commit waits for the reads under way, and later reads for the commit', async () => {
  const reads = new LongReads();
  const events: string[] = [];
  const first = await reads.begin();
  const second = await reads.begin();
  const commit = reads.whileNone(() => events.push('commit'));
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
  assert.ok(isCommitted, 'at once where nobody reads');
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
