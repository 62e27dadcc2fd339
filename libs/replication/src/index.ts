export * from './apply-batch.ts';
export * from './batch-overlay.ts';
export * from './follower.ts';
export * from './follower-state.ts';
export type { CandidateFinder, Candidates } from './stored-matches.ts';
