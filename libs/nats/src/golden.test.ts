// What is stored beside the streams may not change by accident: peers of two versions share the lease, and a peer takes
// up the nats-server that an earlier version left.

import assert from 'node:assert/strict';
import test from 'node:test';
import { goldenText } from '@tributary/runtime/testing';
import { decodeLease, encodeLease } from './lease-codec.ts';
import { decodeServerRecord, encodeServerRecord } from './server-record.ts';

const taken = { holder: '8213702893621', ttlMs: 3_000 };
const leases = [taken, { ...taken, term: 412 }];
const records = [
  { mode: 'lone', port: 4_222, httpPort: 8_222 },
  { mode: 'cluster', port: 4_222, httpPort: 8_222, clusterPort: 6_222, pid: 317 },
] as const;

test('a lease stands in its bucket as the golden file has it, and is read', () => {
  const today = `${leases.map(encodeLease).join('\n')}\n`;
  const golden = goldenText(new URL('../golden/lease.jsonl', import.meta.url), today);
  assert.equal(today, golden);
  assert.deepEqual(golden.trimEnd().split('\n').map(decodeLease), leases);
});

test('what is remembered of a nats-server is stored as the golden file has it, and read', () => {
  const today = `${records.map(encodeServerRecord).join('\n')}\n`;
  const golden = goldenText(new URL('../golden/server.jsonl', import.meta.url), today);
  assert.equal(today, golden);
  assert.deepEqual(golden.trimEnd().split('\n').map(decodeServerRecord), records);
});

test('what is of another format is not taken for one of this', () => {
  for (const text of ['', '{}', 'null', '{"format":2,"holder":"1","ttlMs":1}', '{"format":1}']) {
    assert.throws(() => decodeLease(text), { code: 'corrupt' }, text);
  }
  for (const text of ['', '{}', '{"format":2,"mode":"lone"}', '{"format":1,"mode":"both"}']) {
    assert.throws(() => decodeServerRecord(text), text);
  }
});
