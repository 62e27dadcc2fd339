export * from './golden.ts';
export * from './until.ts';
