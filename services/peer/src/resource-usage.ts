// What this process uses of the memory and the disk that it may, in whole percent.

import { statfs } from 'node:fs/promises';
import { totalmem } from 'node:os';
import type { ResourceUsage } from '@tributary/model';

/**
 * Of the file system of the folder; what is kept for the system's own users counts as used, as it is not for this one.
 */
export async function resourceUsage(folder: string): Promise<ResourceUsage> {
  const residentMemoryPercent = percentOf(process.memoryUsage.rss(), availableBytes());
  const { blocks, bavail } = await statfs(folder);
  // Some file systems have no capacity to tell of.
  if (blocks === 0) return { residentMemoryPercent };
  return { residentMemoryPercent, diskUsagePercent: percentOf(blocks - bavail, blocks) };
}

/** The bound of the control group where there is one, else what the machine has. */
function availableBytes(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

function percentOf(used: number, whole: number): number {
  return Math.floor((100 * used) / whole);
}
