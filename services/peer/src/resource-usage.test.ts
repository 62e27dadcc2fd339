import assert from 'node:assert/strict';
import { statfsSync } from 'node:fs';
import { totalmem } from 'node:os';
import test from 'node:test';
import { resourceUsage } from './resource-usage.ts';

test('memory and disk are reported in whole percent of what the process may use', async () => {
  const { residentMemoryPercent = -1, diskUsagePercent = -1 } = await resourceUsage('/');
  assert.ok(Number.isInteger(residentMemoryPercent) && Number.isInteger(diskUsagePercent));
  const least = Math.floor((100 * process.memoryUsage.rss()) / totalmem());
  assert.ok(residentMemoryPercent >= least - 1 && residentMemoryPercent <= 100);
  const { blocks, bavail } = statfsSync('/');
  assert.ok(Math.abs(diskUsagePercent - (100 * (blocks - bavail)) / blocks) <= 2);
});

test('a folder that is not there is an error, not an empty disk', async () => {
  await assert.rejects(resourceUsage('/nowhere/at/all'));
});
