export * from './golden.ts';
export * from './turns.ts';
export * from './until.ts';
