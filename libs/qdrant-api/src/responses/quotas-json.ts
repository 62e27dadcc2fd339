// The quotas of the cluster and what its peers use, as REST has them.

import {
  type JsonObject,
  type PeerId,
  type QuotaConfig,
  type QuotaExceeded,
  type ResourceUsage,
  stringifyJson,
} from '@tributary/model';
import { present } from '../requests/json-reader.ts';

export interface PeerQuotaView {
  readonly usage: ResourceUsage;
  readonly exceeded: QuotaExceeded;
}

export interface QuotasView {
  readonly config: QuotaConfig;
  /** The peer that answers. */
  readonly self: PeerQuotaView;
  /** Those that were heard of lately, this one included. */
  readonly peers: ReadonlyMap<PeerId, PeerQuotaView>;
}

/** The result of GET /quotas. */
export function writeQuotas({ config, self, peers }: QuotasView): string {
  const byPeer = [...peers]
    .sort(([a], [b]) => a - b)
    .map(([peer, view]) => {
      return [peer, { exceeded: isExceeded(view.exceeded), ...usageJson(view.usage) }] as const;
    });
  return stringifyJson({
    config: quotaConfigJson(config),
    usage: usageJson(self.usage),
    peers: Object.fromEntries(byPeer),
  });
}

/** The part of GET /telemetry. */
export function quotaTelemetryJson({ config, self }: QuotasView): JsonObject {
  const { residentMemory, diskUsage } = self.exceeded;
  return {
    config: quotaConfigJson(config),
    exceeded: { resident_memory: residentMemory ?? null, disk_usage: diskUsage ?? null },
  };
}

export function isExceeded({ residentMemory, diskUsage }: QuotaExceeded): boolean {
  return residentMemory === true || diskUsage === true;
}

function quotaConfigJson(config: QuotaConfig): JsonObject {
  return present<JsonObject>({
    enabled: config.enabled,
    max_resident_memory_percent: config.maxResidentMemoryPercent,
    max_disk_usage_percent: config.maxDiskUsagePercent,
    release_margin_percent: config.releaseMarginPercent,
  });
}

function usageJson({ residentMemoryPercent, diskUsagePercent }: ResourceUsage): JsonObject {
  return {
    resident_memory_percent: residentMemoryPercent ?? null,
    disk_usage_percent: diskUsagePercent ?? null,
  };
}
