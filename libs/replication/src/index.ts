export * from './apply-batch.ts';
export type { Effect } from './batch-overlay.ts';
export * from './follower.ts';
export * from './follower-state.ts';
export type { CandidateFinder, Candidates } from './stored-matches.ts';
