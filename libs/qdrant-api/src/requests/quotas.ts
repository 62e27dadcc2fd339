// PUT /quotas: the whole configuration of the cluster's quotas.

import type { JsonValue, QuotaConfig } from '@tributary/model';
import { formatError } from '../errors.ts';
import { unsignedFrom } from './collection-parts.ts';
import { optional, present, readBoolean, readObject } from './json-reader.ts';

const PERCENT_MAX = 100;
const limit = unsignedFrom(1, PERCENT_MAX);
const margin = unsignedFrom(0, PERCENT_MAX);

const KEYS: ReadonlySet<string> = new Set([
  'enabled',
  'max_resident_memory_percent',
  'max_disk_usage_percent',
  'release_margin_percent',
]);

/** What is left out is not limited, so a misspelt limit would lift it. Errors: `format`, `validation`. */
export function parseQuotas(body: JsonValue | undefined): QuotaConfig {
  const object = readObject(body, '');
  const unknown = Object.keys(object).find((key) => !KEYS.has(key));
  if (unknown !== undefined) {
    throw formatError(`unknown field \`${unknown}\`, expected one of ${[...KEYS].join(', ')}`);
  }
  return present<QuotaConfig>({
    enabled: optional(object, 'enabled', '', readBoolean) ?? false,
    maxResidentMemoryPercent: optional(object, 'max_resident_memory_percent', '', limit),
    maxDiskUsagePercent: optional(object, 'max_disk_usage_percent', '', limit),
    releaseMarginPercent: optional(object, 'release_margin_percent', '', margin),
  });
}
