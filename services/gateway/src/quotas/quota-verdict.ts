// Whether a peer is at its quotas. Pure.
//
//                    use >= limit
//     within limits ──────────────► exceeded
//           ▲                          │
//           └──────────────────────────┘ use <= limit - margin, and below the limit
//
// Without the margin a peer that rests on a limit would take writes and refuse them in turn, by the noise between
// readings.

import {
  QUOTA_RELEASE_MARGIN_PERCENT,
  type QuotaConfig,
  type QuotaExceeded,
  type ResourceUsage,
} from '@tributary/model';

/** `before` is the verdict until now under the same configuration. */
export function quotaVerdict(
  config: QuotaConfig,
  usage: ResourceUsage,
  before: QuotaExceeded,
): QuotaExceeded {
  if (!config.enabled) return {};
  const { releaseMarginPercent: margin = QUOTA_RELEASE_MARGIN_PERCENT } = config;
  const residentMemory = isOver(before.residentMemory, {
    percent: usage.residentMemoryPercent,
    limit: config.maxResidentMemoryPercent,
    margin,
  });
  const diskUsage = isOver(before.diskUsage, {
    percent: usage.diskUsagePercent,
    limit: config.maxDiskUsagePercent,
    margin,
  });
  return {
    ...(residentMemory !== undefined && { residentMemory }),
    ...(diskUsage !== undefined && { diskUsage }),
  };
}

interface Reading {
  readonly percent: number | undefined;
  readonly limit: number | undefined;
  readonly margin: number;
}

function isOver(before: boolean | undefined, reading: Reading): boolean | undefined {
  const { percent, limit, margin } = reading;
  if (percent === undefined || limit === undefined) return undefined;
  return percent >= limit || (before === true && percent > limit - margin);
}
