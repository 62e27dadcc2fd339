export * from './until.ts';
