// How much of a peer's memory and disk may be in use before it takes no more writes. Percentages are of what the
// process may have: 1 to 100.

export interface QuotaConfig {
  /** Whether the limits hold. */
  readonly enabled: boolean;
  readonly maxResidentMemoryPercent?: number;
  readonly maxDiskUsagePercent?: number;
  /** How far below its limit a resource has to fall before writes go on; default `QUOTA_RELEASE_MARGIN_PERCENT`. */
  readonly releaseMarginPercent?: number;
}

/** Above what two readings of a busy process differ by, and less than anybody frees on purpose. */
export const QUOTA_RELEASE_MARGIN_PERCENT = 5;

export const QUOTAS_OFF: QuotaConfig = { enabled: false };

/** What a peer uses; absent where the system does not tell. */
export interface ResourceUsage {
  readonly residentMemoryPercent?: number;
  readonly diskUsagePercent?: number;
}

/** Which limits a peer is at; absent where there is no limit, or nothing to compare it with. */
export interface QuotaExceeded {
  readonly residentMemory?: boolean;
  readonly diskUsage?: boolean;
}
