import assert from 'node:assert/strict';
import test from 'node:test';
import { silentLogger } from '@tributary/runtime';
import type { GatewayCore } from './gateway-core.ts';
import { logSlowRequest } from './slow-requests.ts';
import { MemoryShards } from './testing/memory-shards.ts';

const REQUEST = { method: 'POST', url: '/u', collection: 'c', seconds: 2, status: 200 };

async function logged(body: string): Promise<Record<string, unknown>> {
  using shards = new MemoryShards();
  const collection = shards.create('c', {
    vectors: { '': { size: 1, distance: 'Dot' } },
    shardNumber: 2,
  });
  const lines: Record<string, unknown>[] = [];
  const logger = { ...silentLogger, warn: (fields: object) => lines.push({ ...fields }) };
  const names = { find: async () => collection };
  const core = { names, reader: shards.reader } as unknown as GatewayCore;
  await logSlowRequest(core, logger, { ...REQUEST, body });
  assert.equal(lines.length, 1);
  return lines[0] ?? {};
}

test('a slow request is logged with how each shard answers its filter', async () => {
  const line = await logged('{"filter":{"must":[{"has_id":[1]}]}}');
  assert.deepEqual([line.url, line.seconds], ['/u', 2]);
  assert.ok(Array.isArray(line.explanation));
  assert.equal(line.explanation.length, 2);
});

test('a request without a filter that can be read is logged without one, and cut short', async () => {
  for (const body of ['', '{}', '{"filter":5}', '{"', `"${'x'.repeat(5_000)}"`]) {
    const line = await logged(body);
    assert.equal('explanation' in line, false);
    assert.equal(line.body, body.slice(0, 1_024));
  }
});
