// The order in which points come into a random sample. A shard's sample is its first points by the hash, and so is the
// collection's: merging keeps every point as likely as the others, however unevenly the shards are filled.

import type { PointId } from './point-id.ts';

/**
 * Where the point stands in the sample of a seed: 32 bits, each input bit changes about half of them (the mixer of
 * MurmurHash3).
 */
export function sampleHash(id: PointId, seed: number): number {
  let hash = mixed(seed | 0);
  if (typeof id === 'string') {
    for (let i = 0; i < id.length; i++) hash = Math.imul(hash, 31) + id.charCodeAt(i);
    return mixed(hash) >>> 0;
  }
  const low = typeof id === 'bigint' ? Number(id & 0xffff_ffffn) : id >>> 0;
  const high = typeof id === 'bigint' ? Number(id >> 32n) : Math.floor(id / 2 ** 32);
  return mixed(mixed(hash ^ low) ^ Math.imul(high, 0x9e37_79b1)) >>> 0;
}

function mixed(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  return h ^ (h >>> 16);
}
