export * from './bucket-sums.ts';
export * from './content-hash.ts';
export * from './replica-store.ts';
export * from './state-totals.ts';
