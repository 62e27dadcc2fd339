/** How many replicas of a shard must agree on what a read returns; a number of them, or a share. */
export type ReadConsistency = number | 'majority' | 'quorum' | 'all';
