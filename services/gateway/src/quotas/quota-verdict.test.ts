import assert from 'node:assert/strict';
import test from 'node:test';
import type { QuotaConfig, QuotaExceeded } from '@tributary/model';
import fc from 'fast-check';
import { quotaVerdict } from './quota-verdict.ts';

function memoryVerdicts(config: QuotaConfig, percents: readonly number[]) {
  let verdict: QuotaExceeded = {};
  return percents.map((residentMemoryPercent) => {
    verdict = quotaVerdict(config, { residentMemoryPercent }, verdict);
    return verdict.residentMemory;
  });
}

test('a peer at its limit stays there until it uses a margin less', () => {
  const config = { enabled: true, maxResidentMemoryPercent: 80 };
  const percents = [79, 80, 79, 76, 75, 79, 80];
  const byDefault = [false, true, true, true, false, false, true];
  assert.deepEqual(memoryVerdicts(config, percents), byDefault);
  const without = [false, true, false, false, false, false, true];
  assert.deepEqual(memoryVerdicts({ ...config, releaseMarginPercent: 0 }, percents), without);
  const wide = { ...config, releaseMarginPercent: 79 };
  assert.deepEqual(memoryVerdicts(wide, [80, 2, 1]), [true, true, false]);
});

test('each resource has its own verdict, and none without a limit or a reading', () => {
  const usage = { residentMemoryPercent: 90, diskUsagePercent: 90 };
  const limits = { maxResidentMemoryPercent: 95, maxDiskUsagePercent: 90 };
  const enabled = quotaVerdict({ enabled: true, ...limits }, usage, {});
  assert.deepEqual(enabled, { residentMemory: false, diskUsage: true });
  assert.deepEqual(quotaVerdict({ enabled: false, ...limits }, usage, enabled), {});
  assert.deepEqual(quotaVerdict({ enabled: true, ...limits }, {}, enabled), {});
  const onlyDisk = { enabled: true, maxDiskUsagePercent: 91 };
  assert.deepEqual(quotaVerdict(onlyDisk, usage, {}), { diskUsage: false });
});

test('at or above the limit it is always exceeded, a margin below never', () => {
  const percent = fc.integer({ min: 0, max: 100 });
  fc.assert(
    fc.property(percent, percent, percent, fc.boolean(), (used, limit, margin, before) => {
      const config = { enabled: true, maxDiskUsagePercent: limit, releaseMarginPercent: margin };
      const { diskUsage } = quotaVerdict(config, { diskUsagePercent: used }, { diskUsage: before });
      if (used >= limit) assert.equal(diskUsage, true);
      else if (used <= limit - margin) assert.equal(diskUsage, false);
      else assert.equal(diskUsage, before);
    }),
  );
});
